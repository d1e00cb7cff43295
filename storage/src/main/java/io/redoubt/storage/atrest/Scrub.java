// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.SmallFile;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// Looks through a volume's stored blocks, pass after pass, for those that no longer match their checksum. It decrypts nothing.
///
/// Where it is and what it found is kept in `scrub.state` every [#SAVE] bytes and at each find: after a crash it goes on there, and at
/// worst looks at some blocks twice. A block that was written again is off the list once the next pass has come by. One thread.
public final class Scrub {
    private static final Logger LOG = System.getLogger(Scrub.class.getName());
    private static final String STATE = "scrub.state";
    private static final String MAGIC = "RDBTSCRB";
    private static final int VERSION = 1;
    private static final long SAVE = 256L << 20;

    /// The most damaged blocks that are listed; beyond it they are found again by a later pass.
    public static final int LISTED_MAX = 1000;

    /// @param passes  complete ones
    /// @param checked bytes of the present pass
    /// @param total   bytes of a pass
    /// @param damaged offsets of damaged blocks, in order, at most [#LISTED_MAX]
    public record Progress(long passes, long checked, long total, List<Long> damaged) {
        /// One line for people: complete passes, where the present one is, how many blocks are damaged and the first of them.
        public String line() {
            String where =
                    damaged.isEmpty() ? "" : ", the first 4 KiB block at " + damaged.getFirst();
            return "%d complete, %d %% of the next, damaged blocks: %d%s"
                    .formatted(
                            passes, total == 0 ? 0 : 100 * checked / total, damaged.size(), where);
        }
    }

    private final VolumeId volume;
    private final SealedFile file;
    private final SmallFile state;
    private final TreeSet<Long> damaged = new TreeSet<>();
    private long passes;
    private long position;
    private long saved;

    /// @param disk where the state is kept
    Scrub(Disk disk, VolumeId volume, SealedFile file) {
        this.volume = volume;
        this.file = file;
        this.state = new SmallFile(disk, volume, STATE, MAGIC, VERSION);
        if (state.exists()) {
            load(state.read());
        }
    }

    private void load(ByteBuffer body) {
        passes = body.getLong();
        position = body.getLong();
        saved = position;
        for (int left = body.getInt(); left > 0; left--) {
            damaged.add(body.getLong());
        }
    }

    /// Looks at the next bytes, at most until the pass ends.
    ///
    /// @return whether a pass ended here
    /// @throws io.redoubt.core.fault.FaultException with [io.redoubt.storage.block.VolumeFault.Closed] once the volume is closed
    public synchronized boolean step(int bytes) {
        List<Long> found = new ArrayList<>();
        long done = file.check(position, bytes, found::add);
        boolean changed = note(found, done);
        position += done;
        boolean over = position >= file.size();
        if (over) {
            passes++;
            position = 0;
        }
        if (over || changed || position - saved >= SAVE) {
            state.replace(encode());
            saved = position;
        }
        return over;
    }

    private boolean note(List<Long> found, long done) {
        var listed = damaged.subSet(position, position + done);
        boolean changed = !List.copyOf(listed).equals(found);
        listed.clear();
        for (long offset : found) {
            if (changed) {
                LOG.log(
                        Level.ERROR,
                        "the 4 KiB block at {0} of volume {1} is damaged; recover it from a point"
                                + " before the damage",
                        Long.toString(offset),
                        volume);
            }
            if (damaged.size() < LISTED_MAX) {
                damaged.add(offset);
            }
        }
        return changed;
    }

    private ByteBuffer encode() {
        ByteBuffer body = ByteBuffer.allocate(20 + LISTED_MAX * 8).order(ByteOrder.LITTLE_ENDIAN);
        body.putLong(passes).putLong(position).putInt(damaged.size());
        damaged.forEach(body::putLong);
        return body.flip();
    }

    public synchronized Progress progress() {
        return new Progress(passes, position, file.size(), List.copyOf(damaged));
    }
}

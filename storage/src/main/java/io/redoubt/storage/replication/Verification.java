// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Compares volumes with their replica, range by range, while guests write (rule 14).
///
/// Each range is read under the locks of its stripes, together with the volume's last number: no write to the range is between draw and
/// end then, so it holds exactly the writes up to that number, and the replica must hold the same as of it. Where a large range differs
/// its blocks are compared one by one.
///
/// A core, under the lock of its [GroupSource]. A lost connection costs the answers that were awaited; they are asked for again.
public final class Verification {
    private static final int RANGE_BYTES = 256 << 10;
    private static final int QUESTIONS_MAX = 8;
    private static final int TRIES_MAX = 5;

    /// So many ranges are read and hashed under the lock that a cut waits for.
    private static final int AT_ONCE = 2;

    /// Findings that are listed one by one.
    public static final int LISTED_MAX = 1000;

    /// A block that differs.
    ///
    /// @param vseq the write up to which it was compared
    public record Finding(VolumeId volume, long offset, int length, long vseq) {}

    /// How far it is.
    ///
    /// @param comparedBytes  that are the same or not
    /// @param unknownBytes   nothing could be said of, for want of an image at the number
    /// @param differentBytes in blocks that differ, of which the first [#LISTED_MAX] are listed
    public record Report(
            long totalBytes,
            long comparedBytes,
            long unknownBytes,
            long differentBytes,
            boolean finished,
            List<Finding> different) {
        public Report {
            different = List.copyOf(different);
        }
    }

    private record Range(int volume, long offset, int length, int tries) {}

    private record Place(int volume, long offset) {}

    private record Asked(Range range, Frame.Compare question, boolean sent) {}

    private final List<SourceVolume> volumes;
    private final boolean repair;
    private final Deque<Range> todo = new ArrayDeque<>();
    private final Map<Place, Asked> asked = new HashMap<>();
    private final Reshipments repairs;
    private final List<Finding> different = new ArrayList<>();
    private final long totalBytes;
    private int volume;
    private long offset;
    private long comparedBytes;
    private long unknownBytes;
    private long differentBytes;

    /// @param repair ship what the source holds of a block that differs, as a new write
    Verification(List<SourceVolume> volumes, boolean repair, Reshipments repairs) {
        this.volumes = volumes;
        this.repair = repair;
        this.repairs = repairs;
        this.totalBytes = volumes.stream().mapToLong(SourceVolume::size).sum();
    }

    /// Asks as much as may be under way.
    ///
    /// @param sent what of each volume has been given to the connection
    void pump(long[] sent, Budget out) {
        for (int i = 0; i < AT_ONCE && asked.size() < QUESTIONS_MAX && out.hasRoom(); i++) {
            Range range = next();
            if (range == null) {
                break;
            }
            ask(range);
        }
        asked.replaceAll((_, pending) -> {
            Frame.Compare question = pending.question;
            if (pending.sent || sent[question.slot()] < question.vseq()) {
                return pending; // the replica cannot have what it is asked about yet
            }
            out.accept(question);
            return new Asked(pending.range, question, true);
        });
    }

    /// The next range of a volume that the stream follows, null when there is none now.
    private @Nullable Range next() {
        for (int i = todo.size(); i > 0; i--) {
            Range range = todo.removeFirst();
            if (follows(range.volume)) {
                return range;
            }
            todo.addLast(range);
        }
        while (volume < volumes.size() && offset >= volumes.get(volume).size()) {
            volume++;
            offset = 0;
        }
        if (volume == volumes.size() || !follows(volume)) {
            return null;
        }
        long left = volumes.get(volume).size() - offset;
        var range = new Range(volume, offset, (int) Math.min(RANGE_BYTES, left), 0);
        offset += range.length;
        return range;
    }

    private boolean follows(int index) {
        return volumes.get(index).mode() == Mode.STREAM;
    }

    private void ask(Range range) {
        SourceVolume.AsOf now;
        try {
            now = volumes.get(range.volume).asOf(range.offset, range.length);
        } catch (FaultException unreadable) {
            unknownBytes += range.length;
            return;
        }
        var question =
                new Frame.Compare(
                        0, range.volume, now.vseq(), range.offset, range.length, now.of());
        asked.put(new Place(range.volume, range.offset), new Asked(range, question, false));
    }

    void answered(Frame.Compared found) {
        Asked pending = asked.get(new Place(found.slot(), found.offset()));
        if (pending == null
                || pending.question.vseq() != found.vseq()
                || pending.range.length != found.length()) {
            return; // of a connection before
        }
        asked.remove(new Place(found.slot(), found.offset()));
        Range range = pending.range;
        switch (found.outcome()) {
            case SAME -> comparedBytes += range.length;
            case DIFFERENT -> differs(range, found.vseq());
            case UNKNOWN -> {
                if (range.tries < TRIES_MAX) {
                    todo.add(new Range(range.volume, range.offset, range.length, range.tries + 1));
                } else {
                    unknownBytes += range.length;
                }
            }
        }
    }

    private void differs(Range range, long vseq) {
        if (range.length > DirtyMap.BLOCK) {
            long end = range.offset + range.length;
            for (long at = range.offset; at < end; at += DirtyMap.BLOCK) {
                todo.add(new Range(range.volume, at, (int) Math.min(DirtyMap.BLOCK, end - at), 0));
            }
            return;
        }
        SourceVolume differing = volumes.get(range.volume);
        comparedBytes += range.length;
        differentBytes += range.length;
        if (different.size() < LISTED_MAX) {
            different.add(new Finding(differing.id(), range.offset, range.length, vseq));
        }
        if (repair) {
            repairs.add(range.volume, range.offset, range.length);
        }
    }

    /// The connection is gone.
    void disconnected() {
        asked.values().forEach(pending -> todo.add(pending.range));
        asked.clear();
    }

    public Report report() {
        return new Report(
                totalBytes,
                comparedBytes,
                unknownBytes,
                differentBytes,
                comparedBytes + unknownBytes == totalBytes && repairs.isEmpty(),
                different);
    }
}

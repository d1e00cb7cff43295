// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Room for what frozen blocks held when their pass began, taken from the disk before it begins (rule 12).
///
/// A mapped file that nobody syncs: a pass does not survive its process, and what was kept for it goes with it. What a crash leaves is a
/// file without a meaning, which the next start deletes.
final class PassReserve implements AutoCloseable {
    private static final Logger LOG = System.getLogger(PassReserve.class.getName());
    private static final String NAME = "pass-reserve";

    /// Keeps nothing.
    static final PassReserve NONE = new PassReserve();

    private final @Nullable Disk disk;
    private final @Nullable DiskFile file;
    private final MemorySegment memory;
    private final int places;
    private final AtomicInteger fresh = new AtomicInteger();
    private final Queue<Integer> given = new ConcurrentLinkedQueue<>();

    /// @param blocks of room; none at all when the disk has no room for them
    PassReserve(Disk disk, long blocks) {
        this.disk = disk;
        this.file = allocated(disk, blocks * DirtyMap.BLOCK);
        this.places = file == null ? 0 : (int) blocks;
        this.memory = file == null ? MemorySegment.NULL : file.map(blocks * DirtyMap.BLOCK);
    }

    /// Removes what a process before this one left.
    static void discard(Disk disk) {
        disk.delete(NAME);
    }

    private PassReserve() {
        this.disk = null;
        this.file = null;
        this.places = 0;
        this.memory = MemorySegment.NULL;
    }

    /// A disk that refuses costs the pass its point at worst, never the pass.
    private static @Nullable DiskFile allocated(Disk disk, long bytes) {
        DiskFile file = null;
        try {
            discard(disk);
            file = disk.create(NAME);
            file.allocate(bytes);
            return file;
        } catch (FaultException e) {
            LOG.log(Level.WARNING, "a pass runs without a reserve: {0}", e.getMessage());
            if (file != null) {
                file.close();
            }
            return null;
        }
    }

    /// Keeps a block.
    ///
    /// @return its place, -1 when there is no room
    int keep(ByteBuffer block) {
        Integer place = given.poll();
        if (place == null) {
            int next = fresh.getAndUpdate(n -> Math.min(n + 1, places));
            if (next == places) {
                return -1;
            }
            place = next;
        }
        at(place, block.remaining()).copyFrom(MemorySegment.ofBuffer(block));
        return place;
    }

    /// Takes a block out; its place is free again.
    ByteBuffer take(int place, int length) {
        ByteBuffer block = ByteBuffer.allocate(length);
        MemorySegment.ofBuffer(block).copyFrom(at(place, length));
        given.add(place);
        return block;
    }

    private MemorySegment at(int place, int length) {
        return memory.asSlice((long) place * DirtyMap.BLOCK, length);
    }

    @Override
    public void close() {
        if (file != null && disk != null) {
            file.close();
            disk.delete(NAME);
        }
    }
}

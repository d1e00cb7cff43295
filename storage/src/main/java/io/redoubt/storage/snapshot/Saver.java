// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/// Copies grains away before they are overwritten. The caller holds their stripes.
final class Saver {
    private static final int BATCH = 64; // grains that wait for one sync, 4 MiB
    private static final int BUFFERS_KEPT = 8;

    private final BlockImage origin;
    private final int grain;
    private final ArrayBlockingQueue<ByteBuffer> buffers = new ArrayBlockingQueue<>(BUFFERS_KEPT);

    Saver(BlockImage origin, int grain) {
        this.origin = origin;
        this.grain = grain;
    }

    /// Saves what is not saved yet, durably.
    ///
    /// A grain that cannot be read is saved as lost: a guest must be able to write over a damaged block, or over one whose source is
    /// away, and the snapshot says so instead of showing other bytes.
    ///
    /// @return false when there was no room for all
    /// @throws FaultException of the store
    boolean run(GrainStore store, long owner, SavedGrains saved, long first, long last) {
        long at = first;
        while (at <= last) {
            long upTo = Math.min(last, at + BATCH - 1);
            if (!batch(store, owner, saved, at, upTo)) {
                return false;
            }
            at = upTo + 1;
        }
        return true;
    }

    private boolean batch(GrainStore store, long owner, SavedGrains saved, long first, long last) {
        int[] slots = new int[(int) (last - first + 1)];
        int[] checksums = new int[slots.length];
        boolean[] lost = new boolean[slots.length];
        boolean roomForAll = true;
        int count = 0; // looked at, of these
        boolean anything = false;
        boolean written = false;
        long group = store.groups().join();
        try {
            for (; count < slots.length && roomForAll; count++) {
                slots[count] = GrainIndex.NONE;
                long number = first + count;
                if (saved.get(number) || store.index().newestOwner(number) >= owner) {
                    continue;
                }
                slots[count] = store.take();
                roomForAll = slots[count] != GrainIndex.NONE;
                if (roomForAll) {
                    anything = true;
                    copy(store, owner, number, group, count, slots, checksums, lost);
                }
            }
            written = true;
        } finally {
            if (!written) {
                store.groups().leave();
                giveBack(store, slots, count + 1);
            }
        }
        if (anything) {
            store.groups().await(group); // durable, before anybody relies on it
        } else {
            store.groups().leave(); // what the index knows is durable already
        }
        for (int i = 0; i < count; i++) {
            long number = first + i;
            if (slots[i] != GrainIndex.NONE) {
                store.index().add(slots[i], owner, number, checksums[i], lost[i]);
            }
            if (roomForAll || i < count - 1) {
                saved.set(number);
            }
        }
        return roomForAll;
    }

    private void copy(
            GrainStore store,
            long owner,
            long number,
            long group,
            int i,
            int[] slots,
            int[] checksums,
            boolean[] lost) {
        ByteBuffer content = buffer();
        try {
            lost[i] = !read(number, content);
            checksums[i] = GrainStore.checksum(content);
            store.write(slots[i], owner, number, lost[i], group, content);
        } finally {
            done(content);
        }
    }

    private static void giveBack(GrainStore store, int[] slots, int count) {
        for (int i = 0; i < Math.min(count, slots.length); i++) {
            if (slots[i] != GrainIndex.NONE) {
                store.index().giveBack(slots[i]);
            }
        }
    }

    /// A whole grain, with zeros behind the volume's end. @return whether it could be read
    private boolean read(long number, ByteBuffer content) {
        long offset = number * grain;
        int inside = (int) Math.min(grain, origin.size() - offset);
        content.clear().limit(inside);
        boolean readable = true;
        try {
            origin.read(offset, content);
        } catch (FaultException _) {
            readable = false;
            content.clear();
        }
        content.limit(grain);
        while (content.hasRemaining()) {
            content.put((byte) 0);
        }
        content.flip();
        return readable;
    }

    /// As large as a grain; give it back with [#done].
    ByteBuffer buffer() {
        @Nullable ByteBuffer kept = buffers.poll();
        return kept != null ? kept : ByteBuffer.allocateDirect(grain);
    }

    void done(ByteBuffer buffer) {
        boolean _ = buffers.offer(buffer);
    }
}

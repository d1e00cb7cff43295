// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A file's bytes: as the process sees them, and as they were at the last sync.
final class SimInode {
    static final int SECTOR = 512;

    byte[] bytes = new byte[0];
    int size;
    private byte[] durable = new byte[0];
    private int durableSize;
    private @Nullable MemorySegment mapping;
    private boolean changed;

    void grow(int wanted) {
        if (wanted > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(wanted, bytes.length * 2));
        }
        size = Math.max(size, wanted);
        changed = true;
    }

    void write(int offset, byte[] data, int length) {
        grow(offset + length);
        System.arraycopy(data, 0, bytes, offset, length);
        if (mapping != null && offset < mapping.byteSize()) {
            int shared = (int) Math.min(length, mapping.byteSize() - offset);
            MemorySegment.copy(MemorySegment.ofArray(data), 0, mapping, offset, shared);
        }
    }

    void truncate(int wanted) {
        if (wanted < size) {
            Arrays.fill(bytes, wanted, size, (byte) 0);
            size = wanted;
            changed = true;
        } else {
            grow(wanted);
        }
    }

    /// Stores into a mapping pass by unseen, so a mapped file counts as changed from then on.
    MemorySegment map(int wanted) {
        if (wanted > size) {
            grow(wanted);
        }
        if (mapping == null || mapping.byteSize() < wanted) {
            refresh();
            mapping = Arena.ofAuto().allocate(wanted, 8);
            MemorySegment.copy(MemorySegment.ofArray(bytes), 0, mapping, 0, wanted);
        }
        return mapping;
    }

    /// Takes over what was stored through the mapping; to be called before the bytes are looked at.
    void refresh() {
        if (mapping != null) {
            int length = (int) Math.min(mapping.byteSize(), bytes.length);
            MemorySegment.copy(mapping, 0, MemorySegment.ofArray(bytes), 0, length);
        }
    }

    /// The process that mapped it is gone.
    void unmap() {
        refresh();
        changed |= mapping != null;
        mapping = null;
    }

    void sync() {
        refresh();
        if (changed || mapping != null) {
            durable = Arrays.copyOf(bytes, size);
            durableSize = size;
            changed = false;
        }
    }

    /// Each sector that no sync covers keeps its old or its new content, or its new content up to some byte.
    void losePower(SplittableRandom random) {
        unmap();
        if (changed) {
            int newSize = random.nextBoolean() ? size : durableSize;
            byte[] mixed = Arrays.copyOf(durable, newSize);
            for (int at = 0; at < newSize; at += SECTOR) {
                int end = Math.min(at + SECTOR, newSize);
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> copy(mixed, at, end);
                    case 3 -> copy(mixed, at, at + random.nextInt(end - at));
                    default -> {}
                }
            }
            bytes = mixed;
            size = newSize;
            changed = false;
            durable = mixed.clone();
            durableSize = newSize;
        }
    }

    private void copy(byte[] mixed, int from, int to) {
        int end = Math.min(to, size);
        if (end > from) {
            System.arraycopy(bytes, from, mixed, from, end - from);
        }
    }
}

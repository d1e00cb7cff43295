// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A file's bytes: as the process sees them, and as they were at the last sync.
final class SimInode {
    static final int SECTOR = 512;

    byte[] bytes = new byte[0];
    int size;
    private BitSet holes = new BitSet(); // by sector, all of them inside the file
    private BitSet durableHoles = new BitSet();
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

    /// Bytes that stand behind the file.
    long room() {
        return size - (long) holes.cardinality() * SECTOR;
    }

    /// How many bytes of holes the range touches.
    long holeBytes(long offset, long length) {
        if (length <= 0 || holes.isEmpty()) {
            return 0;
        }
        int first = (int) (offset / SECTOR);
        int end = (int) ((offset + length + SECTOR - 1) / SECTOR);
        return (long) holes.get(first, Math.max(first, end)).cardinality() * SECTOR;
    }

    void fill(long offset, long length) {
        if (length > 0) {
            holes.clear((int) (offset / SECTOR), (int) ((offset + length + SECTOR - 1) / SECTOR));
            changed = true;
        }
    }

    void punch(int offset, int length) {
        write(offset, new byte[length], length);
        int first = (offset + SECTOR - 1) / SECTOR;
        int end = (offset + length) / SECTOR;
        if (end > first) {
            holes.set(first, end);
        }
    }

    void write(int offset, byte[] data, int length) {
        grow(offset + length);
        fill(offset, length);
        System.arraycopy(data, 0, bytes, offset, length);
        if (mapping != null && offset < mapping.byteSize()) {
            int shared = (int) Math.min(length, mapping.byteSize() - offset);
            MemorySegment.copy(MemorySegment.ofArray(data), 0, mapping, offset, shared);
        }
    }

    boolean flip(int at, int bit) {
        refresh();
        if (at >= size) {
            return false;
        }
        bytes[at] ^= (byte) bit;
        if (mapping != null && at < mapping.byteSize()) {
            mapping.set(ValueLayout.JAVA_BYTE, at, bytes[at]);
        }
        if (at < durableSize) {
            durable[at] ^= (byte) bit;
        }
        return true;
    }

    void truncate(int wanted) {
        if (wanted < size) {
            Arrays.fill(bytes, wanted, size, (byte) 0);
            size = wanted;
            holes.clear(wanted / SECTOR, Math.max(wanted / SECTOR, holes.length()));
            changed = true;
        } else {
            int first = (size + SECTOR - 1) / SECTOR;
            grow(wanted);
            holes.set(first, Math.max(first, wanted / SECTOR));
        }
    }

    /// Stores into a mapping pass by unseen, so a mapped file counts as changed from then on.
    MemorySegment map(int wanted) {
        if (wanted > size) {
            grow(wanted);
        }
        fill(0, wanted);
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
            durableHoles = (BitSet) holes.clone();
            changed = false;
        }
    }

    /// Each sector that no sync covers keeps its old or its new content, or its new content up to some byte.
    ///
    /// @param whole no sector is torn
    void losePower(SplittableRandom random, boolean whole) {
        unmap();
        if (changed) {
            int newSize = random.nextBoolean() ? size : durableSize;
            byte[] mixed = Arrays.copyOf(durable, newSize);
            for (int at = 0; at < newSize; at += SECTOR) {
                int end = Math.min(at + SECTOR, newSize);
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> copy(mixed, at, end);
                    case 3 -> copy(mixed, at, whole ? end : at + random.nextInt(end - at));
                    default -> {}
                }
            }
            boolean newHoles =
                    newSize == size && !holes.equals(durableHoles) && random.nextBoolean();
            BitSet kept = (BitSet) (newHoles ? holes : durableHoles).clone();
            kept.clear(newSize / SECTOR, Math.max(newSize / SECTOR, kept.length()));
            for (int at = kept.nextSetBit(0); at >= 0; at = kept.nextSetBit(at + 1)) {
                if (!isZero(mixed, at * SECTOR, (at + 1) * SECTOR)) {
                    kept.clear(at); // a hole has no content
                }
            }
            holes = kept;
            durableHoles = (BitSet) kept.clone();
            bytes = mixed;
            size = newSize;
            changed = false;
            durable = mixed.clone();
            durableSize = newSize;
        }
    }

    private static boolean isZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void copy(byte[] mixed, int from, int to) {
        int end = Math.min(to, size);
        if (end > from) {
            System.arraycopy(bytes, from, mixed, from, end - from);
        }
    }
}

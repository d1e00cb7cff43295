// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/// The one atomic word of a volume: {vseq, CLOSED, mode, generation, low bits of the cut number} (rule 6). It lives in a mapped page, so
/// it survives the process.
///
/// A vseq is the end of a record in the volume's endless spool, in units of 512 bytes: one compare-and-set draws number and room.
final class Word {
    static final int UNIT = 512;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final int VSEQ_SHIFT = 20;
    private static final long CLOSED = 1L << 19;
    private static final int MODE_SHIFT = 17;
    private static final long GENERATION = 1L << 16;
    private static final long CUT_MASK = 0xFFFF;

    private final MemorySegment memory;
    private final long offset;

    Word(MemorySegment memory, long offset) {
        this.memory = memory;
        this.offset = offset;
    }

    long get() {
        return (long) LONG.getAcquire(memory, offset);
    }

    boolean swap(long expected, long next) {
        return LONG.compareAndSet(memory, offset, expected, next);
    }

    void set(long value) {
        LONG.setRelease(memory, offset, value);
    }

    static long of(long vseq, boolean closed, Mode mode, int generation, long cut) {
        return vseq << VSEQ_SHIFT
                | (closed ? CLOSED : 0)
                | (long) mode.code << MODE_SHIFT
                | (generation != 0 ? GENERATION : 0)
                | (cut & CUT_MASK);
    }

    static long vseq(long word) {
        return word >>> VSEQ_SHIFT;
    }

    static boolean closed(long word) {
        return (word & CLOSED) != 0;
    }

    static Mode mode(long word) {
        return Mode.of((int) (word >>> MODE_SHIFT) & 3);
    }

    static int generation(long word) {
        return (word & GENERATION) != 0 ? 1 : 0;
    }

    static boolean carriesCut(long word, long cut) {
        return (word & CUT_MASK) == (cut & CUT_MASK);
    }

    static long withVseq(long word, long vseq) {
        return (word & ((1L << VSEQ_SHIFT) - 1)) | vseq << VSEQ_SHIFT;
    }

    static long withMode(long word, Mode mode) {
        return (word & ~(3L << MODE_SHIFT)) | (long) mode.code << MODE_SHIFT;
    }

    static long withGeneration(long word, int generation) {
        return generation != 0 ? word | GENERATION : word & ~GENERATION;
    }

    static long withClosed(long word, long cut) {
        return (word & ~CUT_MASK) | CLOSED | (cut & CUT_MASK);
    }

    static long open(long word) {
        return word & ~CLOSED;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// The small facts of a source volume: in a mapped page those that the process must not lose, in a synced file the ceiling of its numbers.
///
/// Whoever makes it syncs the directory before the first number is drawn. The page counts only in the boot that wrote it. The ceiling counts for ever: a number is never used twice, whatever crashes (rule 6).
///
/// Not final, so that a test can stand between what somebody read here and what it stores.
class SourceState implements AutoCloseable {
    private static final String PAGE = "source-state";
    static final String CEILING = "source-ceiling";
    private static final int COPY_DISTANCE = 4096;
    private static final long CEILING_STEP = 1L << 24;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final int BOOT_AT = 0;
    private static final int BOOT_LOW_AT = 8;
    private static final int WORD_AT = 16;
    private static final int FREED_AT = 24;
    private static final int GAP_AT = 32;
    private static final int CUT_AT = 40;
    private static final int PAGE_BYTES = 4096;

    private final DiskFile page;
    private final DiskFile ceilingFile;
    private final MemorySegment memory;
    private final Word word;
    private final UUID boot;
    private final boolean sameBoot;
    private volatile long ceiling;

    SourceState(Disk disk, String bootId) {
        this.ceilingFile = openOrCreate(disk, CEILING);
        ceilingFile.sync(); // what is read must be durable before a number below it is used
        this.ceiling = readCeiling();
        this.page = openOrCreate(disk, PAGE);
        this.memory = page.map(PAGE_BYTES);
        this.word = new Word(memory, WORD_AT);
        this.boot = UUID.nameUUIDFromBytes(bootId.getBytes(StandardCharsets.UTF_8));
        this.sameBoot =
                memory.get(LONG, BOOT_AT) == boot.getMostSignificantBits()
                        && memory.get(LONG, BOOT_LOW_AT) == boot.getLeastSignificantBits();
        if (!sameBoot) {
            // Numbers up to the ceiling may have been used by the boot before: go on above it.
            long start = ceiling;
            word.set(Word.of(start, false, Mode.TRACK, 0, 0));
            memory.set(LONG, FREED_AT, start);
            memory.set(LONG, GAP_AT, 0);
            memory.set(LONG, CUT_AT, 0);
        }
    }

    private static DiskFile openOrCreate(Disk disk, String name) {
        return disk.exists(name) ? disk.open(name) : disk.create(name);
    }

    /// Every later number is above every one until now, durably; also when none was given.
    static void leaveCeiling(Disk disk) {
        try (DiskFile file = openOrCreate(disk, CEILING)) {
            if (readCeiling(file) == 0) {
                writeCeiling(file, CEILING_STEP);
            }
            file.sync();
        }
        disk.sync();
    }

    private long readCeiling() {
        return readCeiling(ceilingFile);
    }

    private static long readCeiling(DiskFile ceilingFile) {
        ByteBuffer bytes = ByteBuffer.allocate(COPY_DISTANCE + 16).order(ByteOrder.LITTLE_ENDIAN);
        ceilingFile.read(0, bytes);
        // Two copies, written in turn: a torn one is caught by its complement, and then the other
        // one still holds.
        return Math.max(checked(bytes, 0), checked(bytes, COPY_DISTANCE));
    }

    private static long checked(ByteBuffer bytes, int at) {
        return bytes.getLong(at) == ~bytes.getLong(at + 8) ? bytes.getLong(at) : 0;
    }

    /// Whether this boot wrote the page, so that spool and leaves can be trusted.
    boolean sameBoot() {
        return sameBoot;
    }

    /// From now on page, spool and leaves are this boot's. To be called when the leaves say what the dirty chunks say, not before: dying
    /// in between must leave a start that does it again.
    void adoptBoot() {
        memory.set(LONG, BOOT_AT, boot.getMostSignificantBits());
        memory.set(LONG, BOOT_LOW_AT, boot.getLeastSignificantBits());
    }

    Word word() {
        return word;
    }

    /// Makes sure that this number may be used after any crash. Rarely does anything.
    void reserve(long vseq) {
        if (vseq >= ceiling) {
            raiseCeiling(vseq);
        }
    }

    private synchronized void raiseCeiling(long vseq) {
        if (vseq >= ceiling) {
            long raised = (vseq / CEILING_STEP + 1) * CEILING_STEP;
            writeCeiling(ceilingFile, raised);
            ceilingFile.sync();
            ceiling = raised;
        }
    }

    /// The copies lie in different sectors, so that a torn write leaves one of them whole.
    private static void writeCeiling(DiskFile file, long raised) {
        ByteBuffer copy = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        copy.putLong(raised).putLong(~raised);
        long slot = (raised / CEILING_STEP) % 2;
        file.write(slot * COPY_DISTANCE, copy.flip());
    }

    /// Numbers up to here are durable at the receiver; their room in the spool is free.
    long freed() {
        return memory.get(LONG, FREED_AT);
    }

    void freed(long vseq) {
        memory.set(LONG, FREED_AT, vseq);
    }

    /// Numbers above this are not in the spool (in TRACK and SYNC_TRACK).
    long gapFrom() {
        return memory.get(LONG, GAP_AT);
    }

    void gapFrom(long vseq) {
        memory.set(LONG, GAP_AT, vseq);
    }

    /// The last cut that the volume took part in.
    long cut() {
        return memory.get(LONG, CUT_AT);
    }

    void cut(long number) {
        memory.set(LONG, CUT_AT, number);
    }

    @Override
    public void close() {
        page.close();
        ceilingFile.close();
    }
}

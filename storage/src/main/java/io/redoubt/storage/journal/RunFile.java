// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An immutable sorted part of the index: pages of entries, then the first key of each page and a Bloom filter, both resident.
///
/// Each page and the tail carry a CRC32C. A run is never trusted before the manifest names it, and it is synced before that.
final class RunFile implements AutoCloseable {
    private static final long MAGIC = 0x31304E5552544452L;
    private static final int VERSION = 1;
    private static final int PAGE = 4096;
    private static final int PAGE_ENTRIES = 127;
    private static final int PAGE_COUNT_AT = PAGE - 32;
    private static final int PAGE_CRC_AT = PAGE - 28;
    private static final int TRAILER = 64;

    private final String name;
    private final DiskFile file;
    private final long[] fences;
    private final Bloom bloom;

    private RunFile(String name, DiskFile file, long[] fences, Bloom bloom) {
        this.name = name;
        this.file = file;
        this.fences = fences;
        this.bloom = bloom;
    }

    static String name(int number) {
        return "run-%08d".formatted(number);
    }

    /// Writes and syncs a run; the caller makes its name durable by syncing the directory.
    static RunFile write(Disk disk, int number, Collection<IndexEntry> sorted) {
        String name = name(number);
        disk.delete(name); // of a crash before the manifest named it
        int pages = (sorted.size() + PAGE_ENTRIES - 1) / PAGE_ENTRIES;
        var bloom = Bloom.sized(sorted.size());
        var fences = new long[pages];
        DiskFile file = disk.create(name);
        ByteBuffer page = LogRecord.buffer(PAGE);
        Iterator<IndexEntry> entries = sorted.iterator();
        for (int p = 0; p < pages; p++) {
            page.clear().put(new byte[PAGE]).clear();
            int count = 0;
            while (count < PAGE_ENTRIES && entries.hasNext()) {
                IndexEntry entry = entries.next();
                if (count == 0) {
                    fences[p] = entry.place();
                }
                bloom.add(entry.place());
                put(page, entry);
                count++;
            }
            page.putInt(PAGE_COUNT_AT, count)
                    .putInt(PAGE_CRC_AT, Checksum.of(page, 0, PAGE_CRC_AT));
            file.write((long) p * PAGE, page.clear());
        }
        writeTail(file, pages, fences, bloom);
        file.sync();
        return new RunFile(name, file, fences, bloom);
    }

    private static void writeTail(DiskFile file, int pages, long[] fences, Bloom bloom) {
        ByteBuffer tail = LogRecord.buffer(pages * 8 + bloom.words().length * 8 + TRAILER);
        for (long fence : fences) {
            tail.putLong(fence);
        }
        for (long word : bloom.words()) {
            tail.putLong(word);
        }
        tail.putLong(MAGIC).putInt(VERSION).putInt(pages).putInt(bloom.words().length);
        tail.position(tail.limit() - 4);
        tail.putInt(Checksum.of(tail, 0, tail.limit() - 4));
        file.write((long) pages * PAGE, tail.flip());
    }

    /// @throws FaultException with [JournalFault.Damaged] when the tail is not what was written
    static RunFile open(Disk disk, int number) {
        String name = name(number);
        DiskFile file = disk.open(name);
        long size = file.size();
        if (size < TRAILER) {
            throw new FaultException(new JournalFault.Damaged(name, 0, "it is too short"));
        }
        ByteBuffer trailer = LogRecord.buffer(TRAILER);
        file.read(size - TRAILER, trailer);
        long pages = Integer.toUnsignedLong(trailer.getInt(12));
        long words = Integer.toUnsignedLong(trailer.getInt(16));
        if (trailer.getLong(0) != MAGIC
                || trailer.getInt(8) != VERSION
                || pages * (PAGE + 8) + words * 8 + TRAILER != size) {
            throw new FaultException(
                    new JournalFault.Damaged(name, size - TRAILER, "its trailer is wrong"));
        }
        ByteBuffer tail = LogRecord.buffer((int) (size - pages * PAGE));
        file.read(pages * PAGE, tail);
        if (tail.getInt(tail.limit() - 4) != Checksum.of(tail, 0, tail.limit() - 4)) {
            throw new FaultException(
                    new JournalFault.Damaged(name, pages * PAGE, "its tail has a wrong checksum"));
        }
        tail.flip();
        var fences = new long[(int) pages];
        for (int i = 0; i < fences.length; i++) {
            fences[i] = tail.getLong();
        }
        var bits = new long[(int) words];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = tail.getLong();
        }
        return new RunFile(name, file, fences, new Bloom(bits));
    }

    /// The newest version of a block at or below a number.
    @Nullable IndexEntry newest(long place, long vseqMax) {
        if (!bloom.mayHold(place)) {
            return null;
        }
        // The versions of a place may begin in the page before the first fence that equals it and
        // end pages later.
        int page = Math.max(0, lowerBound(place) - 1);
        IndexEntry best = null;
        for (; page < fences.length && fences[page] <= place; page++) {
            ByteBuffer entries = page(page);
            int count = entries.getInt(PAGE_COUNT_AT);
            for (int i = 0; i < count; i++) {
                long at = entries.getLong(i * IndexEntry.BYTES);
                long vseq = entries.getLong(i * IndexEntry.BYTES + 8);
                if (at > place || (at == place && vseq > vseqMax)) {
                    return best;
                }
                if (at == place) {
                    best = take(entries, i * IndexEntry.BYTES);
                }
            }
        }
        return best;
    }

    /// Reads every page.
    ///
    /// @return how many there are
    long check(Consumer<JournalFault> damaged) {
        for (int page = 0; page < fences.length; page++) {
            try {
                var _ = page(page);
            } catch (FaultException e) {
                damaged.accept(JournalFault.in(e));
            }
        }
        return fences.length;
    }

    private int lowerBound(long place) {
        int low = 0;
        int high = fences.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (fences[middle] < place) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private ByteBuffer page(int number) {
        ByteBuffer page = LogRecord.buffer(PAGE);
        file.read((long) number * PAGE, page);
        int count = page.getInt(PAGE_COUNT_AT);
        if (page.getInt(PAGE_CRC_AT) != Checksum.of(page, 0, PAGE_CRC_AT) || count > PAGE_ENTRIES) {
            throw new FaultException(
                    new JournalFault.Damaged(
                            name, (long) number * PAGE, "a page has a wrong checksum"));
        }
        return page;
    }

    private static void put(ByteBuffer page, IndexEntry entry) {
        page.putLong(entry.place())
                .putLong(entry.vseq())
                .putInt(entry.segment())
                .putInt(entry.position())
                .putInt(entry.crc())
                .putInt(entry.damaged() ? 1 : 0);
    }

    private static IndexEntry take(ByteBuffer page, int at) {
        return new IndexEntry(
                page.getLong(at),
                page.getLong(at + 8),
                page.getInt(at + 16),
                page.getInt(at + 20),
                page.getInt(at + 24),
                page.getInt(at + 28) != 0);
    }

    @Override
    public void close() {
        file.close();
    }
}

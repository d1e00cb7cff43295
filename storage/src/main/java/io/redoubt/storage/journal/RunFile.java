// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An immutable sorted part of the index: pages of entries, then the first key of each page and a Bloom filter, both resident.
///
/// Each page and the tail carry a CRC32C. A run is never trusted before the manifest names it, and it is synced before that.
final class RunFile implements AutoCloseable {
    static final long MAGIC = 0x31304E5552544452L;
    static final int VERSION = 1;
    static final int PAGE = 4096;
    static final int PAGE_ENTRIES = 127;
    static final int PAGE_COUNT_AT = PAGE - 32;
    static final int PAGE_CRC_AT = PAGE - 28;
    static final int TRAILER = 64;

    private final int number;
    private final DiskFile file;
    private final long[] fences;
    private final Bloom bloom;

    RunFile(int number, DiskFile file, long[] fences, Bloom bloom) {
        this.number = number;
        this.file = file;
        this.fences = fences;
        this.bloom = bloom;
    }

    static String name(int number) {
        return "run-%08d".formatted(number);
    }

    /// Writes and syncs a run; the caller makes its name durable by syncing the directory.
    static RunFile write(Disk disk, int number, Collection<IndexEntry> sorted) {
        var writer = new RunWriter(disk, number, sorted.size());
        sorted.forEach(writer::add);
        return writer.finish();
    }

    /// @throws FaultException with [JournalFault.Damaged] when the tail is not what was written
    static RunFile open(Disk disk, int number) {
        String name = name(number);
        if (!disk.exists(name)) {
            throw new FaultException(new JournalFault.Damaged(name, 0, "it is missing"));
        }
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
        return new RunFile(number, file, fences, new Bloom(bits));
    }

    int number() {
        return number;
    }

    int pages() {
        return fences.length;
    }

    /// Bytes on disk.
    long bytes() {
        return fences.length * (PAGE + 8L) + bloom.words().length * 8L + TRAILER;
    }

    /// The newest version of a block at or below a number.
    @Nullable IndexEntry newest(long place, long vseqMax) {
        if (!bloom.mayHold(place)) {
            return null;
        }
        int page = pageOf(place, vseqMax);
        return page < 0 ? null : newestIn(page(page), place, vseqMax);
    }

    /// The last page that begins at or below a key, the first one when none does; -1 for a run without pages.
    private int pageOf(long place, long vseq) {
        // The versions of a place may begin in the page before the first fence that equals it and
        // end pages later; where one begins within a place only the page itself tells.
        int low = Math.max(0, lowerBound(place) - 1);
        int high = upperBound(place) - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            ByteBuffer page = page(middle);
            if (page.getLong(0) > place || (page.getLong(0) == place && page.getLong(8) > vseq)) {
                high = middle - 1;
            } else {
                low = middle;
            }
        }
        return Math.min(low, fences.length - 1);
    }

    private static @Nullable IndexEntry newestIn(ByteBuffer page, long place, long vseqMax) {
        for (int i = page.getInt(PAGE_COUNT_AT) - 1; i >= 0; i--) {
            long at = page.getLong(i * IndexEntry.BYTES);
            if (at < place) {
                return null;
            }
            if (at == place && page.getLong(i * IndexEntry.BYTES + 8) <= vseqMax) {
                return entry(page, i);
            }
        }
        return null;
    }

    /// Its entries from this version of this place on.
    RunCursor from(long place, long vseq) {
        return new RunCursor(this, Math.max(0, pageOf(place, vseq)), IndexEntry.bound(place, vseq));
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

    /// The first page that begins at or above the place.
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

    private int upperBound(long place) {
        return place == Long.MAX_VALUE ? fences.length : lowerBound(place + 1);
    }

    /// @throws FaultException with [JournalFault.Damaged]
    ByteBuffer page(int page) {
        ByteBuffer bytes = LogRecord.buffer(PAGE);
        file.read((long) page * PAGE, bytes);
        int count = bytes.getInt(PAGE_COUNT_AT);
        if (bytes.getInt(PAGE_CRC_AT) != Checksum.of(bytes, 0, PAGE_CRC_AT)
                || count > PAGE_ENTRIES) {
            throw new FaultException(
                    new JournalFault.Damaged(
                            name(number), (long) page * PAGE, "a page has a wrong checksum"));
        }
        return bytes;
    }

    static int count(ByteBuffer page) {
        return page.getInt(PAGE_COUNT_AT);
    }

    static IndexEntry entry(ByteBuffer page, int index) {
        int at = index * IndexEntry.BYTES;
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

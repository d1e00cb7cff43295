// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// The files of records, each opened when it is first asked for. Any thread may read them.
///
/// Numbers from [#KEPT] on are kept segments: what a sweep copied out of the log. They are no part of its order.
final class Segments implements AutoCloseable {
    private static final long MAGIC = 0x31304C4F4754444CL;
    private static final int VERSION = 1;
    static final int HEADER = 64;
    static final int KEPT = 1 << 30;

    private final Disk disk;
    private final UUID lineage;
    private final Map<Integer, DiskFile> files = new ConcurrentHashMap<>();

    Segments(Disk disk, UUID lineage) {
        this.disk = disk;
        this.lineage = lineage;
    }

    static String name(int number) {
        return isKept(number) ? "kept-%08d".formatted(number - KEPT) : "log-%08d".formatted(number);
    }

    static boolean isKept(int number) {
        return number >= KEPT;
    }

    DiskFile file(int number) {
        return files.computeIfAbsent(number, n -> disk.open(name(n)));
    }

    void put(int number, DiskFile file) {
        files.put(number, file);
    }

    /// Closes a file that nobody reads any more, and deletes it.
    void delete(int number) {
        DiskFile file = files.remove(number);
        if (file != null) {
            file.close();
        }
        disk.delete(name(number));
    }

    ByteBuffer header(int number, long firstLsn) {
        ByteBuffer header = LogRecord.buffer(HEADER);
        header.putLong(MAGIC).putInt(VERSION).putInt(number);
        header.putLong(lineage.getMostSignificantBits());
        header.putLong(lineage.getLeastSignificantBits());
        header.putLong(firstLsn);
        header.putInt(60, Checksum.of(header, 0, 60));
        return header.clear();
    }

    /// Looks whether the file is the one that the manifest means.
    ///
    /// A header with a wrong checksum says nothing, not even that the file is another's. All that it would say stands in the manifest, too, and
    /// each record behind it vouches for itself by its checksums and its number, so nothing but the header is lost.
    ///
    /// @return what is wrong with the header: damage that the records behind it survive
    /// @throws FaultException with [JournalFault.Foreign] for a whole header of another magic, version, number or lineage
    Optional<JournalFault> checkHeader(int number) {
        ByteBuffer header = LogRecord.buffer(HEADER);
        file(number).read(0, header);
        if (header.getInt(60) != Checksum.of(header, 0, 60)) {
            return Optional.of(
                    new JournalFault.Damaged(
                            name(number),
                            0,
                            "its header has a wrong checksum; the manifest says what it said"));
        }
        if (header.getLong(0) != MAGIC) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            name(number),
                            "it begins with %016x instead of %016x"
                                    .formatted(header.getLong(0), MAGIC)));
        }
        if (header.getInt(8) != VERSION) {
            throw new FaultException(
                    new JournalFault.Foreign(name(number), "its version is " + header.getInt(8)));
        }
        if (header.getInt(12) != number
                || header.getLong(16) != lineage.getMostSignificantBits()
                || header.getLong(24) != lineage.getLeastSignificantBits()) {
            throw new FaultException(
                    new JournalFault.Foreign(name(number), "it belongs to another journal"));
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        files.values().forEach(DiskFile::close);
        files.clear();
    }
}

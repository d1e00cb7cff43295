// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The members as they were at the horizon: for each a sparse raw file, and beside it a table of CRC32C, 4 bytes for each block.
///
/// A checksum of 0 says that the block was never written and is zeros; a real one of 0 is kept as 1.
///
/// **What a crash leaves.** Blocks are overwritten in place while the manifest still names the old horizon. A block is overwritten only
/// when the index holds a version of it between the old horizon and the new one, and only after every point below the new horizon was
/// dropped durably. So each view that can still be opened finds that version, or a later one, before it would look here, and neither a
/// torn block nor a checksum without its block is ever read. The versions go away with the manifest that names the new horizon, and by
/// then everything here is synced. A promotion that is begun anew has a horizon at least as high, and so writes each of these blocks again.
///
/// One writer; any number of readers of other blocks.
final class Base implements AutoCloseable {
    private static final int TABLE_PAGE = 4096;
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(Blocks.SIZE).asReadOnlyBuffer();

    private final Disk disk;
    private final BlockSeal seal;
    private final ByteBuffer sealed = ByteBuffer.allocate(Blocks.SIZE);
    private final Map<Integer, Files> members = new ConcurrentSkipListMap<>();

    /// The part of a table that is being changed.
    private final ByteBuffer page = LogRecord.buffer(TABLE_PAGE);

    private int pageSlot = -1;
    private long pageAt;

    private static final long ALL = Long.MAX_VALUE;

    /// @param scanned the checksums of so many first blocks are known; [#ALL] of a base that the journal made itself
    private record Files(String name, DiskFile data, DiskFile checksums, long scanned) {}

    Base(Disk disk, BlockSeal seal) {
        this.disk = disk;
        this.seal = seal;
    }

    static String dataName(int slot) {
        return "base-%05d".formatted(slot);
    }

    static String checksumsName(int slot) {
        return "crcs-%05d".formatted(slot);
    }

    /// Opens what a manifest names.
    ///
    /// @throws FaultException with [JournalFault.Damaged] when a file is missing: made anew it would read as zeros
    void open(Manifest manifest) {
        for (WayBack.Adopted adopted : manifest.back().adopted()) {
            adopt(adopted.slot(), adopted.file(), adopted.scanned());
        }
        Numbers horizon = manifest.horizon();
        for (int slot = 0; slot < horizon.size(); slot++) {
            if (horizon.at(slot) > 0 && !members.containsKey(slot)) {
                String name = dataName(slot);
                members.put(
                        slot, new Files(name, require(name), require(checksumsName(slot)), ALL));
            }
        }
    }

    /// Takes a file that was a volume as the base of a member, as the manifest says.
    void adopt(int slot, String file, long scanned) {
        members.put(slot, new Files(file, require(file), require(checksumsName(slot)), scanned));
    }

    /// Makes an empty table beside a file that is to be adopted.
    void makeChecksums(int slot, long volumeBytes) {
        disk.delete(checksumsName(slot)); // of a crash before the manifest named the file
        try (DiskFile checksums = disk.create(checksumsName(slot))) {
            // Not synced: a scan writes all of it, and counts what it has synced.
            checksums.truncate(Blocks.up(volumeBytes) / Blocks.SIZE * 4);
        }
    }

    /// A scan from one block up to another, or up to the end when that is near.
    BaseScan scan(int slot, long from, long blocks, long atOnce) {
        Files files = requireFiles(slot);
        return new BaseScan(
                files.data, files.checksums, slot, from, Math.min(blocks, from + atOnce));
    }

    /// So many of its checksums are durable and noted.
    void scanned(int slot, long blocks) {
        Files files = requireFiles(slot);
        members.put(slot, new Files(files.name, files.data, files.checksums, blocks));
    }

    /// The file of a member that has a base.
    String name(int slot) {
        return requireFiles(slot).name;
    }

    boolean has(int slot) {
        return members.containsKey(slot);
    }

    private DiskFile require(String name) {
        if (!disk.exists(name)) {
            throw new FaultException(new JournalFault.Damaged(name, 0, "it is missing"));
        }
        return disk.open(name);
    }

    /// Makes the files of a member that has none, all zeros. The caller syncs the directory before a manifest needs them.
    void make(int slot, long volumeBytes) {
        if (!members.containsKey(slot)) {
            // Of a crash before a manifest named them: they may hold anything.
            disk.delete(dataName(slot));
            disk.delete(checksumsName(slot));
            long size = Blocks.up(volumeBytes);
            DiskFile data = disk.create(dataName(slot));
            data.truncate(size);
            DiskFile checksums = disk.create(checksumsName(slot));
            checksums.truncate(size / Blocks.SIZE * 4);
            members.put(slot, new Files(dataName(slot), data, checksums, ALL));
        }
    }

    /// Deletes the files of a member that left and that no point holds. No durable manifest names them, and nobody reads.
    void drop(int slot) {
        Files files = members.remove(slot);
        if (files != null) {
            pageSlot = pageSlot == slot ? -1 : pageSlot;
            files.data.close();
            files.checksums.close();
            disk.delete(dataName(slot));
            disk.delete(checksumsName(slot));
        }
    }

    /// Fills a buffer of one block.
    ///
    /// @return false when it is not what was written
    /// @throws FaultException with [JournalFault.Unscanned] for a block of an adopted file whose checksum is not known yet
    boolean read(int slot, long block, ByteBuffer into) {
        int from = into.position();
        Stored stored = stored(slot, block, into);
        if (stored == Stored.DATA && !isAdopted(slot)) {
            seal.open(Blocks.place(slot, block), into, from);
        }
        return stored != Stored.DAMAGED;
    }

    /// What a block is before anybody decrypts it.
    enum Stored {
        ZEROS,
        DATA,
        DAMAGED
    }

    /// An adopted file stays as it was: its blocks are not under the journal's key.
    private boolean isAdopted(int slot) {
        Files files = members.get(slot);
        return files != null && !files.name.equals(dataName(slot));
    }

    /// As [#read], but the bytes are those that are stored: for whoever compares and does not look.
    Stored stored(int slot, long block, ByteBuffer into) {
        int from = into.position();
        Files files = members.get(slot);
        if (files == null) {
            into.put(ZEROS.duplicate());
            return Stored.ZEROS;
        }
        if (block >= files.scanned) {
            throw new FaultException(new JournalFault.Unscanned(files.name, files.scanned, block));
        }
        ByteBuffer checksum = LogRecord.buffer(4);
        int known = files.checksums.read(block * 4, checksum);
        int count = files.data.read(block * Blocks.SIZE, into.slice(from, Blocks.SIZE));
        into.position(from + Blocks.SIZE);
        if (known < 4 || count < Blocks.SIZE) {
            return Stored.DAMAGED;
        }
        // Also where nothing was written the bytes are looked at: a turned bit may have made the 0.
        if (checksum.getInt(0) == 0) {
            return into.slice(from, Blocks.SIZE).equals(ZEROS) ? Stored.ZEROS : Stored.DAMAGED;
        }
        return checksum.getInt(0) == kept(Checksum.of(into, from, Blocks.SIZE))
                ? Stored.DATA
                : Stored.DAMAGED;
    }

    /// The first block at or behind this one that may ever have been written; the number of blocks when there is none.
    long nextWritten(int slot, long block, long blocks) {
        Files files = members.get(slot);
        if (files == null || block >= Math.min(blocks, files.scanned)) {
            return blocks;
        }
        long data = files.data.nextData(block * Blocks.SIZE) / Blocks.SIZE;
        long checksums = files.checksums.nextData(block * 4) / 4;
        long next = Math.max(block, Math.min(data, checksums));
        return next >= Math.min(blocks, files.scanned) ? blocks : next;
    }

    static int kept(int crc) {
        return crc == 0 ? 1 : crc;
    }

    /// @param good false for bytes that cannot be trusted: they get a checksum that never matches
    void put(int slot, long block, ByteBuffer data, boolean good) {
        sealed.clear().put(data.duplicate()).flip();
        if (!isAdopted(slot)) {
            seal.seal(Blocks.place(slot, block), sealed, 0);
        }
        int crc = kept(Checksum.of(sealed));
        int never = ~crc == 0 ? 1 : ~crc;
        requireFiles(slot).data.write(block * Blocks.SIZE, sealed);
        checksum(slot, block, good ? crc : never);
    }

    void zero(int slot, long block) {
        requireFiles(slot).data.punch(block * Blocks.SIZE, Blocks.SIZE);
        checksum(slot, block, 0);
    }

    private void checksum(int slot, long block, int crc) {
        long at = block * 4 & -TABLE_PAGE;
        if (slot != pageSlot || at != pageAt) {
            flush();
            page.clear().put(new byte[TABLE_PAGE]).clear();
            requireFiles(slot).checksums.read(at, page);
            pageSlot = slot;
            pageAt = at;
        }
        page.putInt((int) (block * 4 - at), crc);
    }

    /// Writes out what is gathered of a table.
    private void flush() {
        if (pageSlot >= 0) {
            DiskFile table = requireFiles(pageSlot).checksums;
            int length = (int) Math.min(TABLE_PAGE, table.size() - pageAt);
            table.write(pageAt, page.slice(0, length));
            pageSlot = -1;
        }
    }

    /// Makes everything that was put durable; the names of new files take a sync of the directory as well.
    void sync() {
        flush();
        for (Files files : members.values()) {
            files.data.sync();
            files.checksums.sync();
        }
    }

    /// Bytes of the disk behind all of it.
    long room() {
        return members.values().stream().mapToLong(f -> f.data.room() + f.checksums.room()).sum();
    }

    long room(int slot) {
        Files files = requireFiles(slot);
        return files.data.room() + files.checksums.room();
    }

    private Files requireFiles(int slot) {
        @Nullable Files files = members.get(slot);
        return Objects.requireNonNull(files, "the base of this member was not made");
    }

    @Override
    public void close() {
        members.values()
                .forEach(f -> {
                    f.data.close();
                    f.checksums.close();
                });
        members.clear();
    }
}

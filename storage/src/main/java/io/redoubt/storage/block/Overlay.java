// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.ReentrantLock;

/// A volume that reads as a read-only image until it is written: its own blocks, and a map of which they are, over a
/// [BlockImage]. The image must never change and must be the same one at every opening.
///
/// What a crash leaves, line by line in a write: the sector's edges copied, nothing owned: the image shows. The data written,
/// nothing owned: the image shows. The live bit set: the write shows after a crash of the process; after a power loss
/// only once [#flush()] made data and then the stable bit durable. A bit is never set, in either map, before its data is.
public final class Overlay implements BlockDevice {
    private static final String DATA = "overlay.raw";
    private static final String LIVE = "overlay.live";
    private static final String STABLE = "overlay.stable";
    private static final String METADATA = "overlay.meta";
    private static final String MAGIC = "RDBTOVL1";
    private static final int VERSION = 1;
    private static final long ALLOCATED = -1;

    /// @param quota the most bytes of own blocks, or [#ALLOCATED] for room behind every byte from the making on
    private record Properties(long size, long quota, String base, String boot) {}

    private final VolumeId id;
    private final BlockImage base;
    private final long size;
    private final long quotaBlocks;
    private final Files files;
    private final DiskFile data;
    private final Ownership ownership;
    private final StripeLocks stripes = new StripeLocks();
    private final ReentrantLock flushing = new ReentrantLock();
    private final StickyFlush flush;

    private Overlay(VolumeId id, BlockImage base, Properties properties, Files files) {
        this.id = id;
        this.base = base;
        this.size = properties.size();
        this.quotaBlocks =
                properties.quota() == ALLOCATED
                        ? Long.MAX_VALUE
                        : properties.quota() / Ownership.BLOCK;
        this.files = files;
        this.data = files.data();
        this.ownership = new Ownership(files.live().map(Ownership.bytesFor(size)), files.stable());
        this.flush = new StickyFlush(id);
    }

    private record Files(DiskFile data, DiskFile live, DiskFile stable) {
        void close() {
            data.close();
            live.close();
            stable.close();
        }
    }

    /// An overlay with room for the whole volume, so that no write ever finds the disk full.
    ///
    /// @param disk a directory of its own
    /// @param baseName names the image, and [#open] checks it
    /// @param boot [io.redoubt.core.port.Clock#bootId()]
    public static Overlay createAllocated(
            Disk disk, VolumeId id, BlockImage base, String baseName, String boot) {
        return create(disk, id, base, new Properties(base.size(), ALLOCATED, baseName, boot));
    }

    /// An overlay that takes room as it is written, and refuses writes beyond its quota with [VolumeFault.Full].
    public static Overlay createSparse(
            Disk disk, VolumeId id, BlockImage base, String baseName, Bytes quota, String boot) {
        return create(disk, id, base, new Properties(base.size(), quota.value(), baseName, boot));
    }

    private static Overlay create(Disk disk, VolumeId id, BlockImage base, Properties properties) {
        if (exists(disk, id)) {
            throw new FaultException(new VolumeFault.Exists(id));
        }
        for (String name : new String[] {DATA, LIVE, STABLE}) {
            disk.delete(name); // what an earlier crash left
        }
        var files = new Files(disk.create(DATA), disk.create(LIVE), disk.create(STABLE));
        try {
            if (properties.quota() == ALLOCATED) {
                files.data().allocate(properties.size());
            } else {
                files.data().truncate(properties.size());
            }
            files.data().sync();
            files.stable().allocate(Ownership.bytesFor(properties.size()));
            files.stable().sync();
            files.live().allocate(Ownership.bytesFor(properties.size()));
            disk.sync();
            // Last: before this line the directory holds no overlay, and after it all of its files.
            metadata(disk, id).replace(encode(id, properties));
            return new Overlay(id, base, properties, files);
        } catch (FaultException e) {
            files.close();
            throw VolumeFault.of(id, 0, e);
        }
    }

    public static boolean exists(Disk disk, VolumeId id) {
        return metadata(disk, id).exists();
    }

    /// @throws FaultException with [VolumeFault.Different] when the image or the volume is another one
    public static Overlay open(
            Disk disk, VolumeId id, BlockImage base, String baseName, String boot) {
        try {
            Properties stored = decode(metadata(disk, id));
            requireSame(id, "the image", stored.base(), baseName);
            requireSame(id, "a size of", stored.size() + " B", base.size() + " B");
            var files = new Files(disk.open(DATA), disk.open(LIVE), disk.open(STABLE));
            try {
                return open(disk, id, base, stored, boot, files);
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
    }

    private static Overlay open(
            Disk disk, VolumeId id, BlockImage base, Properties stored, String boot, Files files) {
        requireSize(id, DATA, files.data(), stored.size());
        requireSize(id, STABLE, files.stable(), Ownership.bytesFor(stored.size()));
        if (!stored.boot().equals(boot)) {
            rebuildLive(files, Ownership.bytesFor(stored.size()));
            var now = new Properties(stored.size(), stored.quota(), stored.base(), boot);
            // Only now: a crash before it finds the old boot and rebuilds again, with no write in
            // between.
            metadata(disk, id).replace(encode(id, now));
        }
        return new Overlay(id, base, stored, files);
    }

    /// Bytes of own blocks; what a quota counts.
    public long ownBytes() {
        return ownership.blocks() * Ownership.BLOCK;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(id, offset, into.remaining(), size);
        int limit = into.limit();
        long end = offset + into.remaining();
        long at = offset;
        while (at < end) {
            boolean own = owns(at);
            long until = endOfRun(at, end, own);
            into.limit(into.position() + (int) (until - at));
            if (own) {
                readOwn(at, into);
            } else {
                base.read(at, into);
            }
            at = until;
        }
        into.limit(limit);
    }

    /// Its own sectors are data; the others as the image has them, with room when all of it is allocated.
    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(id, offset, length, size);
        boolean roomy = quotaBlocks == Long.MAX_VALUE;
        var more = new boolean[] {true};
        long end = offset + length;
        for (long at = offset; at < end && more[0]; ) {
            boolean own = owns(at);
            long until = endOfRun(at, end, own);
            if (own) {
                more[0] = sink.extent(until - at, Kind.DATA);
            } else {
                base.extents(
                        at,
                        until - at,
                        (bytes, kind) -> {
                            boolean hole = kind != Kind.DATA && !roomy;
                            Kind seen = kind == Kind.DATA ? kind : hole ? Kind.HOLE : Kind.ZERO;
                            more[0] = sink.extent(bytes, seen);
                            return more[0];
                        });
            }
            at = until;
        }
    }

    @Override
    public boolean zeroesFast() {
        return data.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Range.require(id, offset, from.remaining(), size);
        change(offset, from.remaining(), () -> data.write(offset, from));
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(id, offset, length, size);
        change(offset, length, () -> data.zero(offset, length));
    }

    private void change(long offset, long length, Runnable write) {
        if (length == 0) {
            return;
        }
        long held = stripes.lock(offset, length);
        try {
            long fresh = blocksWithoutRoom(offset, length);
            if (!ownership.reserve(fresh, quotaBlocks)) {
                String limit =
                        "its quota of %d bytes is used up".formatted(quotaBlocks * Ownership.BLOCK);
                throw new FaultException(new VolumeFault.Full(id, offset, limit));
            }
            boolean written = false;
            try {
                completeEdges(offset, length);
                write.run();
                written = true;
            } finally {
                if (!written) {
                    ownership.release(fresh);
                }
            }
            own(offset, length); // never before the data
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        } finally {
            stripes.unlock(held);
        }
    }

    @Override
    public void flush() {
        flushing.lock();
        try {
            flush.run(() -> ownership.publish(data::sync));
        } finally {
            flushing.unlock();
        }
    }

    /// Closes its own files; the image stays open.
    @Override
    public void close() {
        files.close();
    }

    private boolean owns(long at) {
        int mask = ownership.mask(at / Ownership.BLOCK);
        return (mask >>> (at % Ownership.BLOCK / Ownership.SECTOR) & 1) != 0;
    }

    /// Where the bytes stop coming from the same place, at most `end`.
    private long endOfRun(long at, long end, boolean own) {
        long to = at;
        while (to < end) {
            int mask = ownership.mask(to / Ownership.BLOCK);
            if (mask == (own ? Ownership.ALL : 0)) {
                to = (to / Ownership.BLOCK + 1) * Ownership.BLOCK;
            } else if (owns(to) == own) {
                to = (to / Ownership.SECTOR + 1) * Ownership.SECTOR;
            } else {
                break;
            }
        }
        return Math.min(to, end);
    }

    private void readOwn(long at, ByteBuffer into) {
        int length = into.remaining();
        int count;
        try {
            count = data.read(at, into);
        } catch (FaultException e) {
            throw VolumeFault.of(id, at, e);
        }
        if (count != length) {
            throw new FaultException(
                    new VolumeFault.BadFile(id, DATA, "it ends at " + (at + count)));
        }
    }

    private long blocksWithoutRoom(long offset, long length) {
        long count = 0;
        long last = (offset + length - 1) / Ownership.BLOCK;
        for (long block = offset / Ownership.BLOCK; block <= last; block++) {
            if (ownership.mask(block) == 0) {
                count++;
            }
        }
        return count;
    }

    /// The first and last sector, where the write covers only a part of them, get the rest from the image.
    private void completeEdges(long offset, long length) {
        long end = offset + length;
        long head = offset - offset % Ownership.SECTOR;
        long tail = end - end % Ownership.SECTOR;
        if (head != offset) {
            completeSector(head);
        }
        if (tail != end && (tail != head || head == offset)) {
            completeSector(tail);
        }
    }

    private void completeSector(long at) {
        if (!owns(at)) {
            ByteBuffer sector = ByteBuffer.allocate(Ownership.SECTOR);
            base.read(at, sector);
            data.write(at, sector.flip());
        }
    }

    private void own(long offset, long length) {
        long first = offset / Ownership.SECTOR;
        long last = (offset + length - 1) / Ownership.SECTOR;
        long perBlock = Ownership.BLOCK / Ownership.SECTOR;
        for (long block = first / perBlock; block <= last / perBlock; block++) {
            int from = (int) Math.max(0, first - block * perBlock);
            int to = (int) Math.min(perBlock - 1, last - block * perBlock);
            int mask = (Ownership.ALL >>> (7 - to)) & (Ownership.ALL << from);
            if ((ownership.mask(block) & mask) != mask) {
                ownership.add(block, mask);
            }
        }
    }

    /// After a reboot only the stable map is true.
    private static void rebuildLive(Files files, long bytes) {
        files.live().truncate(0);
        files.live().allocate(bytes);
        MemorySegment live = files.live().map(bytes);
        ByteBuffer piece = ByteBuffer.allocateDirect(64 << 10);
        for (long at = 0; at < bytes; at += piece.capacity()) {
            piece.clear().limit((int) Math.min(piece.capacity(), bytes - at));
            files.stable().read(at, piece);
            MemorySegment.copy(
                    MemorySegment.ofBuffer(piece.flip()), 0, live, at, piece.remaining());
        }
    }

    private static SmallFile metadata(Disk disk, VolumeId id) {
        return new SmallFile(disk, id, METADATA, MAGIC, VERSION);
    }

    private static ByteBuffer encode(VolumeId id, Properties properties) {
        ByteBuffer body = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        body.putLong(properties.size()).putLong(properties.quota());
        Text.put(body, id.value());
        Text.put(body, properties.base());
        Text.put(body, properties.boot());
        return body.flip();
    }

    private static Properties decode(SmallFile file) {
        ByteBuffer body = file.read();
        long size = body.getLong();
        long quota = body.getLong();
        requireSame(file.volume(), "the name", Text.get(body), file.volume().value());
        return new Properties(size, quota, Text.get(body), Text.get(body));
    }

    private static void requireSame(VolumeId id, String property, String stored, String asked) {
        if (!stored.equals(asked)) {
            throw new FaultException(new VolumeFault.Different(id, property, stored, asked));
        }
    }

    private static void requireSize(VolumeId id, String name, DiskFile file, long size) {
        if (file.size() != size) {
            throw new FaultException(
                    new VolumeFault.BadFile(
                            id, name, "it has %d bytes, not %d".formatted(file.size(), size)));
        }
    }
}

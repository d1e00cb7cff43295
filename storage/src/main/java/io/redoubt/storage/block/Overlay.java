// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/// A volume that reads as a read-only image until it is written: its own blocks, and a map of which they are, over a
/// [BlockImage]. The image must never change and must be the same one at every opening.
///
/// What a crash leaves, line by line in a write: the sector's edges copied, nothing owned: the image shows. The data written,
/// nothing owned: the image shows. The live bit set: the write shows after a crash of the process; after a power loss
/// only once [#flush()] made data and then the stable bit durable. A bit is never set, in either map, before its data is.
public final class Overlay implements BlockDevice {
    private static final int GRAIN = 64 << 10; // in which a thin volume takes its room
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(GRAIN).asReadOnlyBuffer();

    private final VolumeId id;
    private final OverlaySource source;
    private final long size;
    private final long quotaBlocks;
    private final Disk disk;
    private final OverlayFiles files;
    private final DiskFile data;
    private final Ownership ownership;
    private final OwnSectors sectors;
    private final StripeLocks stripes = new StripeLocks();
    private final ReentrantLock flushing = new ReentrantLock();
    private final StickyFlush flush;

    private Overlay(
            Disk disk,
            VolumeId id,
            BlockImage base,
            OverlayFiles.Properties properties,
            OverlayFiles files,
            boolean fresh) {
        this.disk = disk;
        this.id = id;
        this.source = new OverlaySource(id, properties.base(), base);
        this.size = properties.size();
        this.quotaBlocks =
                properties.quota() == OverlayFiles.ALLOCATED
                        ? Long.MAX_VALUE
                        : (properties.quota() + Ownership.BLOCK - 1) / Ownership.BLOCK;
        this.files = files;
        this.data = files.data();
        MemorySegment live = files.live().map(Ownership.bytesFor(size));
        this.ownership =
                fresh
                        ? Ownership.ofNothing(live, files.stable())
                        : Ownership.of(live, files.stable());
        this.sectors = new OwnSectors(ownership);
        this.flush = new StickyFlush(id);
    }

    /// An overlay with room for the whole volume, so that no write ever finds the disk full.
    ///
    /// @param disk a directory of its own
    /// @param baseName names the image, and [#open] checks it
    /// @param boot [io.redoubt.core.port.Clock#bootId()]
    public static Overlay createAllocated(
            Disk disk, VolumeId id, BlockImage base, String baseName, String boot) {
        long quota = OverlayFiles.ALLOCATED;
        return create(
                disk, id, base, new OverlayFiles.Properties(base.size(), quota, baseName, boot));
    }

    /// An overlay that takes room as it is written, and refuses writes beyond its quota with [VolumeFault.Full].
    public static Overlay createSparse(
            Disk disk, VolumeId id, BlockImage base, String baseName, Bytes quota, String boot) {
        return create(
                disk,
                id,
                base,
                new OverlayFiles.Properties(base.size(), quota.value(), baseName, boot));
    }

    private static Overlay create(
            Disk disk, VolumeId id, BlockImage base, OverlayFiles.Properties properties) {
        if (exists(disk, id) || RawVolume.find(disk, id).isPresent()) {
            throw new FaultException(new VolumeFault.Exists(id));
        }
        try {
            OverlayFiles files = OverlayFiles.create(disk, properties);
            try {
                // Last: before this line the directory holds no overlay, and after it all of its
                // files.
                OverlayFiles.metadata(disk, id).replace(OverlayFiles.encode(id, properties));
                return new Overlay(disk, id, base, properties, files, true);
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
    }

    public static boolean exists(Disk disk, VolumeId id) {
        return OverlayFiles.metadata(disk, id).exists();
    }

    /// Whether an overlay was here that owns everything: then the directory is a raw volume, to be opened as one.
    public static boolean becameRaw(Disk disk, VolumeId id) {
        boolean raw = RawVolume.find(disk, id).isPresent();
        if (raw) {
            OverlayFiles.deleteMaps(disk); // what a crash left of it
        }
        return raw;
    }

    /// @throws FaultException with [VolumeFault.Different] when the image or the volume is another one
    public static Overlay open(
            Disk disk, VolumeId id, BlockImage base, String baseName, String boot) {
        try {
            SmallFile metadata = OverlayFiles.metadata(disk, id);
            OverlayFiles.Properties stored = OverlayFiles.decode(metadata);
            OverlayFiles.requireSame(id, "the image", stored.base(), baseName);
            OverlayFiles.requireSame(id, "a size of", stored.size() + " B", base.size() + " B");
            OverlayFiles files = OverlayFiles.open(disk, id, stored.size());
            try {
                if (!stored.boot().equals(boot)) {
                    files.rebuildLive(Ownership.bytesFor(stored.size()));
                    // Only now: a crash before it finds the old boot and rebuilds again, with no
                    // write in between.
                    metadata.replace(
                            OverlayFiles.encode(
                                    id,
                                    new OverlayFiles.Properties(
                                            stored.size(), stored.quota(), baseName, boot)));
                }
                return new Overlay(disk, id, base, stored, files, false);
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
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
            boolean own = sectors.owns(at);
            long until = sectors.endOfRun(at, end, own);
            into.limit(into.position() + (int) (until - at));
            if (own) {
                readOwn(at, into);
            } else {
                readBase(at, into);
            }
            at = until;
        }
        into.limit(limit);
    }

    /// Tells what differs from the image, or may: everything that was written, and what was copied from it.
    public void tellOwn(RangeSink sink) {
        for (long at = 0; at < size; ) {
            boolean own = sectors.owns(at);
            long until = sectors.endOfRun(at, size, own);
            if (own) {
                sink.range(at, until - at);
            }
            at = until;
        }
    }

    /// Its own sectors are data; the others as the image has them, with room when all of it is allocated.
    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(id, offset, length, size);
        boolean roomy = isAllocated();
        var more = new boolean[] {true};
        long end = offset + length;
        for (long at = offset; at < end && more[0]; ) {
            boolean own = sectors.owns(at);
            long until = sectors.endOfRun(at, end, own);
            BlockImage image = source.image();
            if (own || image == null) {
                more[0] = sink.extent(until - at, Kind.DATA);
            } else {
                image.extents(
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

    @Override
    public void trim(long offset, long length) {
        Range.require(id, offset, length, size);
        change(offset, length, () -> clear(offset, length));
    }

    /// Zeros with room behind them only where all of it is allocated.
    private void clear(long offset, long length) {
        if (isAllocated()) {
            data.zero(offset, length);
        } else {
            data.punch(offset, length);
        }
    }

    private boolean isAllocated() {
        return quotaBlocks == Long.MAX_VALUE;
    }

    private void change(long offset, long length, Runnable write) {
        if (length == 0) {
            return;
        }
        long held = stripes.lock(offset, length);
        try {
            long fresh = sectors.blocksWithoutRoom(offset, length);
            reserve(fresh, offset);
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
            sectors.own(offset, length); // never before the data
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
            flush.run(() -> {
                if (source.image() == null) {
                    data.sync(); // all of it is own, for ever
                } else {
                    ownership.publish(data::sync);
                }
            });
        } finally {
            flushing.unlock();
        }
    }

    /// Closes its own files; the image stays open.
    @Override
    public void close() {
        files.close();
    }

    /// The image may fail, or be dropped, because everything here became own meanwhile.
    private void readBase(long at, ByteBuffer into) {
        int position = into.position();
        int length = into.remaining();
        try {
            if (source.read(at, into)) {
                return;
            }
        } catch (FaultException e) {
            if (!sectors.ownsAll(at, length)) {
                throw e;
            }
        }
        into.position(position);
        readOwn(at, into);
    }

    /// Makes everything in a range own by copying from the image what is not own yet. What a guest writes meanwhile wins: it is own
    /// before its stripes are unlocked, and only what is still not own under the same locks is copied.
    ///
    /// @param buffer holds the range
    /// @return bytes that became own
    /// @throws FaultException with [VolumeFault.SourceGone] and nothing changed when the image cannot be read
    long adopt(long offset, int length, ByteBuffer buffer) {
        BlockImage image = source.image();
        if (image == null || sectors.ownsAll(offset, length)) {
            return 0;
        }
        source.fetch(image, offset, buffer.clear().limit(length));
        buffer.flip();
        long held = stripes.lock(offset, length);
        try {
            reserve(sectors.blocksWithoutRoom(offset, length), offset);
            boolean copied = false;
            try {
                long bytes = copyWhatIsNotOwn(offset, buffer);
                copied = true;
                return bytes;
            } finally {
                if (!copied) {
                    ownership.release(sectors.blocksWithoutRoom(offset, length));
                }
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        } finally {
            stripes.unlock(held);
        }
    }

    private long copyWhatIsNotOwn(long offset, ByteBuffer buffer) {
        long copied = 0;
        long end = offset + buffer.limit();
        for (long at = offset; at < end; ) {
            boolean own = sectors.owns(at);
            long until = Math.min(sectors.endOfRun(at, end, own), (at / GRAIN + 1) * GRAIN);
            if (!own) {
                keep(at, buffer.slice((int) (at - offset), (int) (until - at)));
                sectors.own(at, until - at); // never before the data
                copied += until - at;
            }
            at = until;
        }
        return copied;
    }

    /// Zeros are not written: behind them a thin volume needs no room. What an unfinished write left there must go all the same.
    private void keep(long at, ByteBuffer content) {
        if (content.mismatch(ZEROS.slice(0, content.remaining())) < 0) {
            clear(at, content.remaining());
        } else {
            data.write(at, content);
        }
    }

    private void reserve(long fresh, long offset) {
        if (!ownership.reserve(fresh, quotaBlocks)) {
            String limit =
                    "its quota of %d bytes is used up".formatted(quotaBlocks * Ownership.BLOCK);
            throw new FaultException(new VolumeFault.Full(id, offset, limit));
        }
    }

    OverlaySource source() {
        return source;
    }

    OwnSectors sectors() {
        return sectors;
    }

    /// Bytes of which the image is not needed any more.
    public long adoptedBytes() {
        return Math.min(size, ownership.wholeBlocks() * Ownership.BLOCK);
    }

    /// Drops the image: the directory becomes that of a raw volume, at once and durably.
    ///
    /// A crash before the raw volume's metadata is durable leaves the overlay, after it the raw volume with all that it had;
    /// the overlay's own files are deleted by [#becameRaw] at the next opening. Not here: the live map is in memory, and a disk may cut a
    /// file short before it deletes it, which would make each later look at the map a fault of the processor.
    ///
    /// @throws IllegalStateException when a sector is not own
    void becomeRaw() {
        if (!sectors.ownsAll(0, size)) {
            throw new IllegalStateException("the image is still needed");
        }
        flush(); // content first: from here on nothing is looked up in a map
        try {
            RawVolume.metadata(disk, id).replace(RawVolume.encode(id, size));
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
        source.drop(); // the maps stay for the next opening: who reads or writes now looks at the
        // live one
    }

    VolumeId id() {
        return id;
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
                    new VolumeFault.BadFile(id, OverlayFiles.DATA, "it ends at " + (at + count)));
        }
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
        if (!sectors.owns(at)) {
            ByteBuffer sector = ByteBuffer.allocate(Ownership.SECTOR);
            BlockImage image = source.image();
            if (image == null) {
                return; // own by now, which cannot be under these locks, but costs nothing to say
            }
            source.fetch(image, at, sector);
            data.write(at, sector.flip());
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/// A volume as one raw file, as long as the volume: thick, with room behind every byte from its making on, or thin, with holes that get
/// their room from the disk as they are written.
///
/// It has its directory for itself. `volume.raw` is the content, readable by any tool; `volume.meta` says what it is and is
/// written last, so a crash in [#create] leaves a directory in which [#find] sees nothing and [#create] starts anew.
/// Writes that overlap in time are ordered by the file system's own lock on the file.
public final class RawVolume implements BlockDevice {
    static final String DATA = "volume.raw";
    private static final String METADATA = "volume.meta";
    private static final String MAGIC = "RDBTVOL1";
    private static final int VERSION = 1;
    private static final int SECTOR = 512;

    private final VolumeId id;
    private final Disk disk;
    private final DiskFile data;
    private final boolean thin;
    private final StickyFlush flush;
    private volatile long size;

    private RawVolume(Disk disk, VolumeId id, long size, DiskFile data, boolean thin) {
        this.disk = disk;
        this.id = id;
        this.size = size;
        this.data = data;
        this.thin = thin;
        this.flush = new StickyFlush(id);
    }

    /// @param size a multiple of 512, at least that
    /// @throws FaultException with [VolumeFault.Full] and nothing left behind when the disk has not that much room,
    ///     with [VolumeFault.Exists] when the directory holds a volume already
    public static RawVolume create(Disk disk, VolumeId id, Bytes size) {
        return create(disk, id, size, false);
    }

    /// Like [#create], with holes: a write to one fails with [VolumeFault.Full] when the disk has no room for it, and changes nothing.
    public static RawVolume createThin(Disk disk, VolumeId id, Bytes size) {
        return create(disk, id, size, true);
    }

    private static RawVolume create(Disk disk, VolumeId id, Bytes size, boolean thin) {
        if (size.value() < SECTOR || size.value() % SECTOR != 0) {
            throw new IllegalArgumentException(
                    "a volume's size is a multiple of 512 bytes, at least 512; got " + size);
        }
        if (find(disk, id).isPresent() || Overlay.exists(disk, id)) {
            throw new FaultException(new VolumeFault.Exists(id));
        }
        try {
            disk.delete(DATA); // what an earlier crash left
            DiskFile data = disk.create(DATA);
            try {
                lengthen(data, size.value(), thin);
                data.sync(); // size, blocks and name are durable before the metadata speaks of them
                disk.sync();
                metadata(disk, id).replace(encode(id, size.value()));
                return new RawVolume(disk, id, size.value(), data, thin);
            } catch (RuntimeException e) {
                data.close();
                disk.delete(DATA);
                throw e;
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
    }

    /// The size of the volume that the directory holds.
    public static Optional<Bytes> find(Disk disk, VolumeId id) {
        SmallFile file = metadata(disk, id);
        return file.exists() ? Optional.of(new Bytes(decode(file))) : Optional.empty();
    }

    /// @throws FaultException with [VolumeFault.BadFile] or [VolumeFault.Different] when it is damaged or another volume
    public static RawVolume open(Disk disk, VolumeId id) {
        return open(disk, id, false);
    }

    /// Like [#open], for one that [#createThin] made: a trim gives its room back.
    public static RawVolume openThin(Disk disk, VolumeId id) {
        return open(disk, id, true);
    }

    private static RawVolume open(Disk disk, VolumeId id, boolean thin) {
        try {
            long size = decode(metadata(disk, id));
            DiskFile data = disk.open(DATA);
            if (data.size() > size) {
                data.truncate(size); // a growth that a crash interrupted: it was never told
            }
            if (data.size() != size) {
                long found = data.size();
                data.close();
                throw new FaultException(
                        new VolumeFault.BadFile(
                                id, DATA, "it has %d bytes, not %d".formatted(found, size)));
            }
            return new RawVolume(disk, id, size, data, thin);
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
    }

    /// Makes it larger; the new bytes are zeros. A thick one gets their room first. A crash leaves the old size, or the new one.
    ///
    /// Requests in execution go on. One thread at a time.
    ///
    /// @throws FaultException with [VolumeFault.Full] and nothing changed
    public synchronized void grow(Bytes wanted) {
        if (wanted.value() < size || wanted.value() % SECTOR != 0) {
            throw new IllegalArgumentException(
                    "a volume of %d bytes grows to a multiple of 512, not to %s"
                            .formatted(size, wanted));
        }
        try {
            lengthen(data, wanted.value(), thin);
            data.sync(); // size and blocks are durable before the metadata speaks of them
            metadata(disk, id).replace(encode(id, wanted.value()));
            size = wanted.value();
        } catch (FaultException e) {
            throw VolumeFault.of(id, size, e);
        }
    }

    public VolumeId id() {
        return id;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        int length = into.remaining();
        Range.require(id, offset, length, size);
        int count;
        try {
            count = data.read(offset, into);
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        }
        if (count != length) {
            throw new FaultException(
                    new VolumeFault.BadFile(id, DATA, "it ends at " + (offset + count)));
        }
    }

    /// What the file system holds as unwritten has its room all the same.
    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(id, offset, length, size);
        long end = offset + length;
        long at = offset;
        try {
            while (at < end) {
                long dataAt = Math.min(end, data.nextData(at));
                if (dataAt > at && !sink.extent(dataAt - at, thin ? Kind.HOLE : Kind.ZERO)) {
                    return;
                }
                long holeAt = dataAt < end ? Math.min(end, data.nextHole(dataAt)) : end;
                if (holeAt > dataAt && !sink.extent(holeAt - dataAt, Kind.DATA)) {
                    return;
                }
                at = holeAt;
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, at, e);
        }
    }

    @Override
    public long send(long offset, long length, int socket) {
        Range.require(id, offset, length, size);
        try {
            return data.send(offset, length, socket);
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        }
    }

    @Override
    public boolean zeroesFast() {
        return data.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Range.require(id, offset, from.remaining(), size);
        try {
            data.write(offset, from);
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        }
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(id, offset, length, size);
        try {
            data.zero(offset, length);
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        }
    }

    @Override
    public void trim(long offset, long length) {
        Range.require(id, offset, length, size);
        try {
            if (thin) {
                data.punch(offset, length);
            } else {
                data.zero(offset, length);
            }
        } catch (FaultException e) {
            throw VolumeFault.of(id, offset, e);
        }
    }

    @Override
    public void flush() {
        flush.run(data::sync);
    }

    @Override
    public void close() {
        data.close();
    }

    private static void lengthen(DiskFile data, long size, boolean thin) {
        if (thin) {
            data.truncate(size);
        } else {
            data.allocate(size);
        }
    }

    static ByteBuffer encode(VolumeId id, long size) {
        ByteBuffer body = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        Text.put(body.putLong(size), id.value());
        return body.flip();
    }

    static SmallFile metadata(Disk disk, VolumeId id) {
        return new SmallFile(disk, id, METADATA, MAGIC, VERSION);
    }

    private static long decode(SmallFile file) {
        ByteBuffer body = file.read();
        long size = body.getLong();
        String stored = Text.get(body);
        if (!stored.equals(file.volume().value())) {
            throw new FaultException(
                    new VolumeFault.Different(
                            file.volume(), "the name", stored, file.volume().value()));
        }
        if (size < SECTOR || size % SECTOR != 0) {
            throw file.bad("a size of %d bytes is not possible".formatted(size));
        }
        return size;
    }
}

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

/// A thick volume: one raw file, as long as the volume, with room behind every byte from its making on.
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
    private final long size;
    private final DiskFile data;
    private final StickyFlush flush;

    private RawVolume(VolumeId id, long size, DiskFile data) {
        this.id = id;
        this.size = size;
        this.data = data;
        this.flush = new StickyFlush(id);
    }

    /// @param size a multiple of 512, at least that
    /// @throws FaultException with [VolumeFault.Full] and nothing left behind when the disk has not that much room,
    ///     with [VolumeFault.Exists] when the directory holds a volume already
    public static RawVolume create(Disk disk, VolumeId id, Bytes size) {
        if (size.value() < SECTOR || size.value() % SECTOR != 0) {
            throw new IllegalArgumentException(
                    "a volume's size is a multiple of 512 bytes, at least 512; got " + size);
        }
        if (find(disk, id).isPresent()) {
            throw new FaultException(new VolumeFault.Exists(id));
        }
        try {
            disk.delete(DATA); // what an earlier crash left
            DiskFile data = disk.create(DATA);
            try {
                data.allocate(size.value());
                data.sync(); // size, blocks and name are durable before the metadata speaks of them
                disk.sync();
                metadata(disk, id).replace(encode(id, size.value()));
                return new RawVolume(id, size.value(), data);
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
        try {
            long size = decode(metadata(disk, id));
            DiskFile data = disk.open(DATA);
            if (data.size() != size) {
                long found = data.size();
                data.close();
                throw new FaultException(
                        new VolumeFault.BadFile(
                                id, DATA, "it has %d bytes, not %d".formatted(found, size)));
            }
            return new RawVolume(id, size, data);
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
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
                if (dataAt > at && !sink.extent(dataAt - at, Kind.ZERO)) {
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
    public void flush() {
        flush.run(data::sync);
    }

    @Override
    public void close() {
        data.close();
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

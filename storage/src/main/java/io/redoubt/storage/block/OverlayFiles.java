// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The files of an overlay: its content, two maps, and what it is.
record OverlayFiles(DiskFile data, DiskFile live, DiskFile stable) {
    static final String DATA = RawVolume.DATA; // so that a complete overlay is a raw volume
    static final String LIVE = "overlay.live";
    static final String STABLE = "overlay.stable";
    static final String METADATA = "overlay.meta";
    static final long ALLOCATED = -1;
    private static final String MAGIC = "RDBTOVL1";
    private static final int VERSION = 1;

    /// @param quota the most bytes of own blocks, or [#ALLOCATED] for room behind every byte from the making on
    /// @param base  the name of the image below
    /// @param boot  in which the live map is true
    record Properties(long size, long quota, String base, String boot) {}

    /// A crash on any line leaves a directory without metadata, which holds no overlay.
    static OverlayFiles create(Disk disk, Properties properties) {
        for (String name : new String[] {DATA, LIVE, STABLE}) {
            disk.delete(name); // what an earlier crash left
        }
        var files = new OverlayFiles(disk.create(DATA), disk.create(LIVE), disk.create(STABLE));
        try {
            long bytes = Ownership.bytesFor(properties.size());
            if (properties.quota() == ALLOCATED) {
                files.data.allocate(properties.size());
            } else {
                files.data.truncate(properties.size());
            }
            files.data.sync();
            files.stable.allocate(bytes);
            files.stable.sync();
            files.live.allocate(bytes);
            disk.sync();
            return files;
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    static OverlayFiles open(Disk disk, VolumeId id, long size) {
        var files = new OverlayFiles(disk.open(DATA), disk.open(LIVE), disk.open(STABLE));
        try {
            requireSize(id, DATA, files.data, size);
            requireSize(id, STABLE, files.stable, Ownership.bytesFor(size));
            return files;
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    /// After a reboot only the stable map is true.
    void rebuildLive(long bytes) {
        live.truncate(0);
        live.allocate(bytes);
        MemorySegment map = live.map(bytes);
        ByteBuffer piece = ByteBuffer.allocateDirect(64 << 10);
        for (long at = 0; at < bytes; at += piece.capacity()) {
            piece.clear().limit((int) Math.min(piece.capacity(), bytes - at));
            stable.read(at, piece);
            MemorySegment.copy(MemorySegment.ofBuffer(piece.flip()), 0, map, at, piece.remaining());
        }
    }

    void close() {
        data.close();
        live.close();
        stable.close();
    }

    static SmallFile metadata(Disk disk, VolumeId id) {
        return new SmallFile(disk, id, METADATA, MAGIC, VERSION);
    }

    /// What only an overlay has. The metadata goes first: without it the rest means nothing.
    static void deleteMaps(Disk disk) {
        for (String name : new String[] {METADATA, LIVE, STABLE}) {
            disk.delete(name);
        }
    }

    static ByteBuffer encode(VolumeId id, Properties properties) {
        ByteBuffer body = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        body.putLong(properties.size()).putLong(properties.quota());
        Text.put(body, id.value());
        Text.put(body, properties.base());
        Text.put(body, properties.boot());
        return body.flip();
    }

    static Properties decode(SmallFile file) {
        ByteBuffer body = file.read();
        long size = body.getLong();
        long quota = body.getLong();
        requireSame(file.volume(), "the name", Text.get(body), file.volume().value());
        return new Properties(size, quota, Text.get(body), Text.get(body));
    }

    static void requireSame(VolumeId id, String property, String stored, String asked) {
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

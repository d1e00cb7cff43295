// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.SmallFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What a datastore is and what it promised, as small files: `datastore.meta`, and `room-VOLUME` for each volume.
///
/// @param disk the datastore's own directory
record Promises(Disk disk, DatastoreId id) {
    private static final String META = "datastore.meta";
    private static final String META_MAGIC = "RDBTDST1";
    private static final String ROOM = "room-";
    private static final String ROOM_MAGIC = "RDBTROM1";
    private static final String ASIDE = ".new";
    private static final int VERSION = 1;
    private static final int BODY = 9;

    /// @param sparse nothing is held
    record Terms(Bytes size, boolean sparse) {}

    void replace(Terms terms) {
        meta().replace(encode(terms.size(), terms.sparse()));
    }

    Optional<Terms> find() {
        return meta().exists() ? Optional.of(require()) : Optional.empty();
    }

    /// @throws FaultException with [DiskFault.Missing] when there is no datastore
    Terms require() {
        ByteBuffer body = meta().read();
        return new Terms(new Bytes(body.getLong()), body.get() != 0);
    }

    void replace(VolumeId volume, Allotment allotment) {
        of(volume).replace(encode(allotment.size(), allotment.thin()));
    }

    Map<VolumeId, Allotment> all() {
        var all = new HashMap<VolumeId, Allotment>();
        for (String name : disk.list()) {
            if (name.startsWith(ROOM) && !name.endsWith(ASIDE)) {
                var volume = new VolumeId(name.substring(ROOM.length()));
                ByteBuffer body = of(volume).read();
                all.put(volume, new Allotment(new Bytes(body.getLong()), body.get() != 0));
            }
        }
        return all;
    }

    void remove(VolumeId volume) {
        disk.delete(ROOM + volume);
        disk.sync();
    }

    /// The directory holds no datastore from now on; durable with the caller's next sync.
    void removeTerms() {
        disk.delete(META);
    }

    private SmallFile meta() {
        return new SmallFile(disk, new VolumeId(id.value()), META, META_MAGIC, VERSION);
    }

    private SmallFile of(VolumeId volume) {
        return new SmallFile(disk, volume, ROOM + volume, ROOM_MAGIC, VERSION);
    }

    private static ByteBuffer encode(Bytes size, boolean flag) {
        return ByteBuffer.allocate(BODY)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(size.value())
                .put((byte) (flag ? 1 : 0))
                .flip();
    }
}

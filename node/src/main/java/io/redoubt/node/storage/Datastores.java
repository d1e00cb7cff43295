// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SettledDisk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.pool.Datastore;
import io.redoubt.storage.pool.Room;
import io.redoubt.storage.pool.RoomRules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/// The datastores of this node by id, each in a directory of its own in its pool.
///
/// One whose pool is away at the start is not opened, nor are its volumes; the node serves the others.
final class Datastores implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Datastores.class.getName());
    private static final String KIND = "datastore";

    private final Told told;
    private final Pools pools;
    private final Map<String, Datastore> open = new ConcurrentSkipListMap<>();
    private final Map<String, String> faults = new ConcurrentSkipListMap<>();

    Datastores(Told told, Pools pools) {
        this.told = told;
        this.pools = pools;
    }

    void reopen() {
        for (EnsureDatastore wanted : told.all(KIND, EnsureDatastore.parser())) {
            String id = wanted.getDatastore();
            try {
                open.put(id, openOrCreate(wanted));
            } catch (FaultException e) {
                faults.put(id, e.fault().message());
                LOG.log(Level.WARNING, "datastore {0} is not open: {1}", id, e.getMessage());
            }
        }
    }

    synchronized void ensure(EnsureDatastore wanted) {
        String id = wanted.getDatastore();
        boolean known = told.find(KIND, id, EnsureDatastore.parser()).isPresent();
        if (!known) {
            told.put(KIND, id, wanted); // first: what a crash leaves is found again
        }
        try {
            Datastore datastore = open.get(id);
            if (datastore == null) {
                datastore = openOrCreate(wanted);
                open.put(id, datastore);
                faults.remove(id);
            }
            if (datastore.size().value() < wanted.getSizeBytes()) {
                requireFree(wanted, wanted.getSizeBytes() - datastore.size().value());
            }
            datastore.resize(new Bytes(wanted.getSizeBytes()));
            told.put(KIND, id, wanted);
        } catch (FaultException e) {
            if (!known) {
                told.remove(KIND, id);
            }
            throw e;
        }
    }

    private Datastore openOrCreate(EnsureDatastore wanted) {
        var id = new DatastoreId(wanted.getDatastore());
        Path directory = pools.directory(wanted.getPool()).resolve(wanted.getDatastore());
        var disk = new SettledDisk(new SystemDisk(directory)); // one sync for a thousand promises
        var directories = new SystemDirectories(directory);
        if (Datastore.find(disk, id).isPresent()) {
            return Datastore.open(disk, directories, id, RoomRules.DEFAULT);
        }
        requireFree(wanted, wanted.getSizeBytes());
        Datastore made =
                Datastore.create(
                        disk,
                        directories,
                        id,
                        new Bytes(wanted.getSizeBytes()),
                        pools.isSparse(wanted.getPool()),
                        RoomRules.DEFAULT);
        new SystemDisk(pools.directory(wanted.getPool())).sync();
        return made;
    }

    private void requireFree(EnsureDatastore wanted, long more) {
        if (pools.isSparse(wanted.getPool())) {
            return;
        }
        long needs = Datastore.needs(new Bytes(more), RoomRules.DEFAULT).value();
        long free = pools.free(wanted.getPool());
        if (needs > free) {
            throw new FaultException(new NodeFault.PoolFull(wanted.getPool(), needs, free));
        }
    }

    synchronized void delete(String id) {
        Datastore datastore = open.get(id);
        if (datastore != null) {
            datastore.delete();
            open.remove(id);
        }
        told.find(KIND, id, EnsureDatastore.parser()).ifPresent(this::removeDirectory);
        told.remove(KIND, id); // last: until here a restart still knows of it
        faults.remove(id);
    }

    private void removeDirectory(EnsureDatastore of) {
        Path directory = pools.directory(of.getPool()).resolve(of.getDatastore());
        try {
            Files.deleteIfExists(directory); // empty by now
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @throws FaultException with [NodeFault.InUse]
    void requireNoneIn(String pool) {
        for (EnsureDatastore datastore : told.all(KIND, EnsureDatastore.parser())) {
            if (datastore.getPool().equals(pool)) {
                throw new FaultException(
                        new NodeFault.InUse(
                                "Pool " + pool, "datastore " + datastore.getDatastore()));
            }
        }
    }

    boolean isOpen(String id) {
        return open.containsKey(id);
    }

    /// @throws FaultException with [NodeFault.UnknownDatastore]
    Datastore require(String id) {
        Datastore datastore = open.get(id);
        if (datastore == null) {
            throw new FaultException(new NodeFault.UnknownDatastore(id));
        }
        return datastore;
    }

    /// Takes back what is not a volume's that this node was told of: deletions that a crash interrupted.
    void keepOnly(Set<String> volumes) {
        open.forEach((id, datastore) -> {
            for (VolumeId volume : datastore.volumes()) {
                if (!volumes.contains(volume.value())) {
                    release(id, volume);
                }
            }
        });
    }

    /// Deletes a volume's files, its keys before everything else.
    void release(String id, VolumeId volume) {
        EnsureDatastore wanted = told.find(KIND, id, EnsureDatastore.parser()).orElseThrow();
        Path files =
                new SystemDirectories(pools.directory(wanted.getPool()).resolve(id)).of(volume);
        if (Files.isDirectory(files)) {
            SealedDisk.erase(new SystemDisk(files));
        }
        require(id).release(volume);
    }

    List<DatastoreReport> reports() {
        var reports = new ArrayList<DatastoreReport>();
        open.forEach((id, datastore) -> {
            datastore.mend();
            Room room = datastore.room();
            reports.add(
                    DatastoreReport.newBuilder()
                            .setDatastore(id)
                            .setSizeBytes(room.size())
                            .setThickBytes(room.thick())
                            .setThinBytes(room.thin())
                            .setSnapshotBytes(room.saved())
                            .setMayGrowBytes(room.mayGrow())
                            .setFreeBytes(room.free())
                            .setSpareBytes(room.spare())
                            .setReserveBytes(room.reserve())
                            .setMissingBytes(room.missing())
                            .build());
        });
        faults.forEach((id, fault) ->
                reports.add(DatastoreReport.newBuilder().setDatastore(id).setFault(fault).build()));
        return reports;
    }

    @Override
    public void close() {
        open.values().forEach(Datastore::close);
    }
}

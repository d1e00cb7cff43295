// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.EnsurePool;
import io.redoubt.protocol.PoolReport;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/// The places on this host that give room to datastores.
final class Pools {
    private static final String KIND = "pool";
    private static final String MARKER = "pool.id";
    private static final String HOME = "home";

    /// Never promised: so that room can change hands with the receiver first, and for the node's own small files.
    static final long HEADROOM = 256L << 20;

    private final Path home;
    private final Told told;
    private final Map<String, EnsurePool> pools = new ConcurrentSkipListMap<>();

    Pools(Path home, Told told) {
        this.home = home;
        this.told = told;
    }

    /// Every node has a pool in its own home.
    void reopen() {
        told.all(KIND, EnsurePool.parser()).forEach(p -> pools.put(p.getPool(), p));
        if (!pools.containsKey(HOME)) {
            ensure(EnsurePool.newBuilder().setPool(HOME).build());
        }
    }

    synchronized void ensure(EnsurePool wanted) {
        if (pools.containsKey(wanted.getPool())) {
            directory(wanted.getPool()); // says when it is away
            return;
        }
        Path path = path(wanted);
        var disk = new SystemDisk(path);
        if (!disk.exists(MARKER)) {
            try (DiskFile marker = disk.create(MARKER)) {
                byte[] id = wanted.getPool().getBytes(StandardCharsets.UTF_8);
                marker.write(0, ByteBuffer.wrap(id));
                marker.sync();
            }
            disk.sync();
        }
        told.put(KIND, wanted.getPool(), wanted);
        pools.put(wanted.getPool(), wanted);
    }

    synchronized void forget(String pool) {
        pools.remove(pool);
        told.remove(KIND, pool);
    }

    boolean isSparse(String pool) {
        return require(pool).getSparse();
    }

    /// @throws FaultException with [NodeFault.UnknownPool] or [NodeFault.PoolAway]
    Path directory(String pool) {
        Path path = path(require(pool));
        if (!Files.exists(path.resolve(MARKER))) {
            throw new FaultException(new NodeFault.PoolAway(pool, path.toString()));
        }
        return path;
    }

    /// What a new datastore could take from the file system now.
    long free(String pool) {
        return Math.max(0, new SystemDisk(directory(pool)).freeBytes() - HEADROOM);
    }

    List<PoolReport> reports() {
        var reports = new ArrayList<PoolReport>();
        for (String pool : pools.keySet()) {
            var report = PoolReport.newBuilder().setPool(pool);
            try {
                report.setFreeBytes(free(pool));
            } catch (FaultException e) {
                report.setFault(e.fault().message());
            }
            reports.add(report.build());
        }
        return reports;
    }

    private EnsurePool require(String pool) {
        EnsurePool found = pools.get(pool);
        if (found == null) {
            throw new FaultException(new NodeFault.UnknownPool(pool));
        }
        return found;
    }

    private Path path(EnsurePool pool) {
        return pool.getPath().isEmpty() ? home.resolve("pool") : Path.of(pool.getPath());
    }
}

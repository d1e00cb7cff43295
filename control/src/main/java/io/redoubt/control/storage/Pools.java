// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.region.Region;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.PoolReport;
import io.redoubt.protocol.Report;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Where the room of datastores comes from. Each node has a pool in its home from the start; an operator gives it others.
@Component
class Pools implements NodeListener {
    private static final String HOME = "home";
    private static final String SELECT =
            "select pool.*, node.zone, node.name as node_name, (select coalesce(sum(size_bytes), 0) from datastore where datastore.pool = pool.id) as promised"
                    + " from pool join node on node.id = pool.node ";

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Region region;

    Pools(JdbcClient sql, Nodes nodes, Region region) {
        this.sql = sql;
        this.nodes = nodes;
        this.region = region;
    }

    /// @param place         what the node calls it
    /// @param promisedBytes to datastores
    /// @param freeBytes     null until the node told
    record Pool(
            String id,
            String name,
            String zone,
            String node,
            String nodeName,
            String place,
            String path,
            boolean sparse,
            long nominalBytes,
            long promisedBytes,
            @Nullable Long freeBytes,
            String state,
            String fault) {

        /// What a new datastore could take; null when nobody knows yet.
        @Nullable Long room() {
            return sparse ? Long.valueOf(Math.max(0, nominalBytes - promisedBytes)) : freeBytes;
        }

        boolean fits(long sizeBytes) {
            Long room = room();
            return room == null || room >= sizeBytes;
        }
    }

    void add(Pool pool) {
        try {
            sql.sql(
                            "insert into pool (id, name, node, place, path, sparse, nominal_bytes) values (?, ?, ?, ?, ?, ?, ?)")
                    .params(
                            pool.id(),
                            pool.name(),
                            pool.node(),
                            pool.place(),
                            pool.path(),
                            pool.sparse(),
                            pool.nominalBytes())
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("pool", pool.name()), e);
        }
    }

    List<Pool> all() {
        return sql.sql(SELECT + "order by node.zone, pool.name").query(Pools::pool).list();
    }

    /// @throws FaultException with [Refusal.NotFound]
    Pool require(String reference) {
        return sql.sql(
                        SELECT
                                + "where pool.id = ? or pool.name = ? order by pool.id = ? desc limit 1")
                .params(reference, reference, reference)
                .query(Pools::pool)
                .optional()
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("pool", reference)));
    }

    /// The pool for a new datastore: real, usable, with room, on a connected node; the one whose node has the fewest volumes.
    ///
    /// @throws FaultException with [io.redoubt.control.region.RegionFault.NoNode] or [StorageFault.NoPool]
    Pool place(String zone, long sizeBytes) {
        var _ = region.place(zone); // says when the zone has no connected node
        List<Pool> usable =
                sql
                        .sql(
                                SELECT
                                        + "where node.zone = ? and pool.state = 'ready' and pool.fault = '' and not pool.sparse"
                                        + " order by (select count(*) from volume where volume.node = pool.node), node.joined_at desc, pool.created_at desc")
                        .param(zone)
                        .query(Pools::pool)
                        .list()
                        .stream()
                        .filter(pool -> nodes.connected(pool.node()))
                        .toList();
        return usable.stream()
                .filter(pool -> pool.fits(sizeBytes))
                .findFirst()
                .orElseThrow(() -> new FaultException(full(zone, sizeBytes, usable)));
    }

    /// Held until the transaction ends, so that two datastores never get the same room of a sparse pool.
    void requireRoom(Pool pool, long sizeBytes) {
        sql.sql("select from pool where id = ? for update").param(pool.id()).query().listOfRows();
        Pool now = require(pool.id());
        if (!now.fits(sizeBytes)) {
            throw new FaultException(full(now.zone(), sizeBytes, List.of(now)));
        }
    }

    private static StorageFault full(String zone, long sizeBytes, List<Pool> pools) {
        long best =
                pools.stream()
                        .mapToLong(pool -> Optional.ofNullable(pool.room()).orElse(0L))
                        .max()
                        .orElse(0);
        return new StorageFault.NoPool(zone, new Bytes(sizeBytes), new Bytes(best), pools.size());
    }

    void state(String id, String state) {
        sql.sql("update pool set state = ? where id = ?").params(state, id).update();
    }

    void forget(String id) {
        sql.sql("delete from pool where id = ?").param(id).update();
    }

    /// @throws FaultException with [StorageFault.InUse]
    void requireUnused(Pool pool) {
        long datastores =
                sql.sql("select count(*) from datastore where pool = ?")
                        .param(pool.id())
                        .query(Long.class)
                        .single();
        if (datastores > 0) {
            throw new FaultException(
                    new StorageFault.InUse("pool", pool.name(), datastores + " datastore(s)"));
        }
    }

    @Override
    public void hello(Hello hello) {
        sql.sql(
                        "insert into pool (id, name, node, place, state) select ?, name, id, ?, 'ready' from node where id = ? on conflict do nothing")
                .params(RandomId.next(), HOME, hello.getNode())
                .update();
    }

    @Override
    public void report(String node, Report report) {
        for (PoolReport pool : report.getPoolsList()) {
            sql.sql("update pool set free_bytes = ?, fault = ? where node = ? and place = ?")
                    .params(pool.getFreeBytes(), pool.getFault(), node, pool.getPool())
                    .update();
        }
        for (DatastoreReport datastore : report.getDatastoresList()) {
            sql.sql(
                            "update datastore set thin_bytes = ?, snapshot_bytes = ?, may_grow_bytes = ?, reserve_bytes = ?, missing_bytes = ?, fault = ? where id = ? and node = ?")
                    .params(
                            datastore.getThinBytes(),
                            datastore.getSnapshotBytes(),
                            datastore.getMayGrowBytes(),
                            datastore.getReserveBytes(),
                            datastore.getMissingBytes(),
                            datastore.getFault(),
                            datastore.getDatastore(),
                            node)
                    .update();
        }
    }

    private static Pool pool(ResultSet row, int ignored) throws SQLException {
        return new Pool(
                row.getString("id"),
                row.getString("name"),
                row.getString("zone"),
                row.getString("node"),
                row.getString("node_name"),
                row.getString("place"),
                row.getString("path"),
                row.getBoolean("sparse"),
                row.getLong("nominal_bytes"),
                row.getLong("promised"),
                row.getObject("free_bytes", Long.class),
                row.getString("state"),
                row.getString("fault"));
    }
}

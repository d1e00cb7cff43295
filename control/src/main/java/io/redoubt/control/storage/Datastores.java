// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.identity.TenantRows;
import io.redoubt.control.web.Page;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;
import io.redoubt.core.Rate;
import io.redoubt.core.fault.FaultException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What a client orders: so many bytes of one class in one zone.
@Component
class Datastores {
    private static final String SELECT =
            "select datastore.*, coalesce(pool.sparse, false) as sparse, coalesce(pool.place, '') as place,"
                    + " (select coalesce(sum(volume.size_bytes), 0) from volume where volume.datastore = datastore.id and not volume.thin) as thick_bytes,"
                    + " array(select volume.id from volume where volume.datastore = datastore.id) as volumes"
                    + " from datastore left join pool on pool.id = datastore.pool";

    /// The grain in which a node gives out room.
    private static final long THIN_LEAST = 64 << 10;

    private final JdbcClient sql;
    private final TenantRows<Datastore> rows;

    Datastores(JdbcClient sql) {
        this.sql = sql;
        this.rows = new TenantRows<>(sql, "datastore", "datastore", SELECT, Datastores::datastore);
    }

    /// @param place        what the node calls the pool; empty when nothing is held
    /// @param thickBytes   promised to thick volumes
    /// @param thinBytes    written by thin ones, as the node last told
    /// @param snapshotBytes kept for snapshots, as the node last told
    /// @param mayGrowBytes what thin ones could still write
    /// @param missingBytes what should be held and is not
    /// @param ceiling      whether the ceiling of its class holds, whatever its size (requirement U1)
    /// @param alarmPercent of its size in use, from which on it raises the alarm when it could run full
    /// @param volumes      the ids of those in it
    record Datastore(
            String id,
            String name,
            String zone,
            String node,
            @Nullable String pool,
            String place,
            boolean sparse,
            StorageClass storageClass,
            long sizeBytes,
            String state,
            long thickBytes,
            long thinBytes,
            long snapshotBytes,
            long mayGrowBytes,
            long reserveBytes,
            long missingBytes,
            String fault,
            boolean ceiling,
            int alarmPercent,
            List<String> volumes) {

        /// What its volumes may do together.
        Rate rate() {
            Rate ordered = storageClass.rateOf(new Bytes(sizeBytes)).orElse(Rate.UNLIMITED);
            return ceiling ? ordered.within(storageClass.ceiling()) : ordered;
        }

        long usedBytes() {
            return thickBytes + thinBytes + snapshotBytes;
        }

        long freeBytes() {
            return Math.max(0, sizeBytes - usedBytes());
        }

        /// Whether it could run full, and so much is used already that somebody should see to it (requirement A82).
        ///
        /// @param keepBytes what may still be written without asking for more room
        boolean alarms(long keepBytes) {
            return keepBytes > freeBytes() && usedBytes() >= sizeBytes / 100.0 * alarmPercent;
        }

        boolean isHeld() {
            return !place.isEmpty();
        }
    }

    void reserve(
            Caller caller,
            String id,
            String name,
            Pools.Pool pool,
            StorageClass storageClass,
            long sizeBytes,
            boolean ceiling) {
        try {
            sql.sql(
                            "insert into datastore (id, tenant, name, zone, node, pool, class, size_bytes, ceiling, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'making')")
                    .params(
                            id,
                            caller.tenant(),
                            name,
                            pool.zone(),
                            pool.node(),
                            pool.id(),
                            storageClass.label(),
                            sizeBytes,
                            ceiling)
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("datastore", name), e);
        }
    }

    /// @throws FaultException with [Refusal.NotFound]
    Datastore require(Caller caller, String reference) {
        return rows.require(caller, reference);
    }

    Optional<Datastore> find(String id) {
        return sql.sql(SELECT + " where datastore.id = ?")
                .param(id)
                .query(Datastores::datastore)
                .optional();
    }

    <V> Page<V> page(
            Caller caller,
            @Nullable Integer limit,
            String after,
            Function<Datastore, V> view,
            Function<V, String> name) {
        return rows.page(caller, limit, after, view, name);
    }

    /// Held until the transaction ends: room is promised to one after the other.
    ///
    /// @param more bytes for a thick volume; 0 asks only for any room at all, as a thin one does
    /// @throws FaultException with [StorageFault.NoRoom]
    void requireRoom(String id, long more) {
        sql.sql("select from datastore where id = ? for update").param(id).query().listOfRows();
        Datastore now = find(id).orElseThrow();
        if (!now.state().equals("ready")) {
            throw new FaultException(
                    new StorageFault.NotReady("datastore", now.name(), now.state()));
        }
        if (more > now.freeBytes() || now.freeBytes() == 0) {
            throw new FaultException(
                    new StorageFault.NoRoom(
                            now.name(),
                            new Bytes(now.freeBytes()),
                            new Bytes(more == 0 ? THIN_LEAST : more)));
        }
    }

    void state(String id, String state) {
        sql.sql("update datastore set state = ? where id = ?").params(state, id).update();
    }

    void size(String id, long sizeBytes) {
        sql.sql("update datastore set size_bytes = ? where id = ?").params(sizeBytes, id).update();
    }

    void terms(String id, boolean ceiling, int alarmPercent) {
        sql.sql("update datastore set ceiling = ?, alarm_percent = ? where id = ?")
                .params(ceiling, alarmPercent, id)
                .update();
    }

    void forget(String id) {
        sql.sql("delete from datastore where id = ?").param(id).update();
    }

    /// @throws FaultException with [StorageFault.InUse]
    void requireEmpty(Datastore datastore) {
        long volumes =
                sql.sql("select count(*) from volume where datastore = ?")
                        .param(datastore.id())
                        .query(Long.class)
                        .single();
        if (volumes > 0) {
            throw new FaultException(
                    new StorageFault.InUse("datastore", datastore.name(), volumes + " volume(s)"));
        }
    }

    private static Datastore datastore(ResultSet row, int ignored) throws SQLException {
        return new Datastore(
                row.getString("id"),
                row.getString("name"),
                row.getString("zone"),
                row.getString("node"),
                row.getString("pool"),
                Objects.requireNonNullElse(row.getString("place"), ""),
                row.getBoolean("sparse"),
                StorageClass.named(row.getString("class")),
                row.getLong("size_bytes"),
                row.getString("state"),
                row.getLong("thick_bytes"),
                row.getLong("thin_bytes"),
                row.getLong("snapshot_bytes"),
                row.getLong("may_grow_bytes"),
                row.getLong("reserve_bytes"),
                row.getLong("missing_bytes"),
                row.getString("fault"),
                row.getBoolean("ceiling"),
                row.getInt("alarm_percent"),
                List.of((String[]) row.getArray("volumes").getArray()));
    }
}

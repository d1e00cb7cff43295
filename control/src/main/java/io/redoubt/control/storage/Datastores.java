// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What a client orders: so many bytes of one class in one zone.
@Component
class Datastores {
    private static final String SELECT =
            "select datastore.*, (select coalesce(sum(volume.size_bytes), 0) from volume where volume.datastore = datastore.id) as used_bytes from datastore ";

    private final JdbcClient sql;

    Datastores(JdbcClient sql) {
        this.sql = sql;
    }

    record Datastore(
            String id,
            String name,
            String zone,
            String node,
            String storageClass,
            long sizeBytes,
            long usedBytes) {}

    void reserve(Caller caller, Datastore wanted) {
        try {
            sql.sql(
                            "insert into datastore (id, tenant, name, zone, node, class, size_bytes) values (?, ?, ?, ?, ?, ?, ?)")
                    .params(
                            wanted.id(),
                            caller.tenant(),
                            wanted.name(),
                            wanted.zone(),
                            wanted.node(),
                            wanted.storageClass(),
                            wanted.sizeBytes())
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("datastore", wanted.name()), e);
        }
    }

    /// @throws FaultException with [Refusal.NotFound]
    Datastore require(Caller caller, String reference) {
        return sql.sql(
                        SELECT
                                + "where tenant = ? and (id = ? or name = ?) order by id = ? desc limit 1")
                .params(caller.tenant(), reference, reference, reference)
                .query(Datastores::datastore)
                .optional()
                .orElseThrow(
                        () -> new FaultException(new Refusal.NotFound("datastore", reference)));
    }

    List<Datastore> list(Caller caller, String after, int limit) {
        return sql.sql(SELECT + "where tenant = ? and name > ? order by name limit ?")
                .params(caller.tenant(), after, limit)
                .query(Datastores::datastore)
                .list();
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
                row.getString("class"),
                row.getLong("size_bytes"),
                row.getLong("used_bytes"));
    }
}

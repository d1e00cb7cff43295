// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeFault;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ListSnapshots;
import io.redoubt.protocol.SnapshotInfo;
import io.redoubt.protocol.SnapshotsListed;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Which snapshots a volume has. The row keeps name and id; what a snapshot holds only its node knows, and is asked.
///
/// At the node a snapshot is called `NAME@ID`: a name that is used again never finds what an earlier wish of that name left behind.
@Component
class Snapshots {
    /// As many as a node keeps of one volume.
    static final int COUNT_MAX = 256;

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final JdbcClient sql;
    private final Nodes nodes;

    Snapshots(JdbcClient sql, Nodes nodes) {
        this.sql = sql;
        this.nodes = nodes;
    }

    record Snapshot(String id, String volume, String name, String state, Instant createdAt) {
        /// What its node calls it.
        String nodeName() {
            return name + "@" + id;
        }
    }

    /// What the node says, or why it says nothing.
    record Known(@Nullable SnapshotsListed listed, @Nullable String silence) {
        Map<String, SnapshotInfo> byName() {
            var infos = new HashMap<String, SnapshotInfo>();
            if (listed != null) {
                listed.getSnapshotsList().forEach(info -> infos.put(info.getSnapshot(), info));
            }
            return infos;
        }
    }

    /// Takes the name. To be called in a transaction that holds the volume's row, so that nobody is counted twice.
    ///
    /// @throws FaultException with [Refusal.NameTaken] or [StorageFault.TooManySnapshots]
    void reserve(Volume volume, String id, String name) {
        List<Snapshot> all = of(volume.id());
        if (all.size() >= COUNT_MAX) {
            throw new FaultException(new StorageFault.TooManySnapshots(volume.name(), all.size()));
        }
        try {
            sql.sql("insert into snapshot (id, volume, name) values (?, ?, ?)")
                    .params(id, volume.id(), name)
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("snapshot", name), e);
        }
    }

    /// @throws FaultException with [StorageFault.NotReady] while it is being made or deleted already
    void beginDelete(Snapshot snapshot) {
        int changed =
                sql.sql("update snapshot set state = 'deleting' where id = ? and state = 'ready'")
                        .param(snapshot.id())
                        .update();
        if (changed == 0) {
            throw new FaultException(
                    new StorageFault.NotReady(
                            "snapshot", snapshot.name(), "being made or deleted"));
        }
    }

    void state(String id, String state) {
        sql.sql("update snapshot set state = ? where id = ?").params(state, id).update();
    }

    void forget(String id) {
        sql.sql("delete from snapshot where id = ?").param(id).update();
    }

    Optional<Snapshot> find(String id) {
        return sql.sql("select * from snapshot where id = ?")
                .param(id)
                .query(Snapshots::snapshot)
                .optional();
    }

    /// Oldest first.
    List<Snapshot> of(String volume) {
        return sql.sql("select * from snapshot where volume = ? order by created_at, id")
                .param(volume)
                .query(Snapshots::snapshot)
                .list();
    }

    /// @param reference an id, or a name; an id wins
    /// @throws FaultException with [Refusal.NotFound]
    Snapshot require(Volume volume, String reference) {
        return sql.sql(
                        "select * from snapshot where volume = ? and (id = ? or name = ?) order by id = ? desc limit 1")
                .params(volume.id(), reference, reference, reference)
                .query(Snapshots::snapshot)
                .optional()
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("snapshot", reference)));
    }

    /// @throws FaultException with [StorageFault.NotReady] or [StorageFault.SnapshotBroken]
    void requireKept(Volume volume, Snapshot snapshot) {
        if (!snapshot.state().equals("ready")) {
            throw new FaultException(
                    new StorageFault.NotReady("snapshot", snapshot.name(), snapshot.state()));
        }
        Known known = ask(volume);
        if (known.listed() == null) {
            return; // whoever goes on asks the node, and hears the same silence
        }
        SnapshotInfo info = known.byName().get(snapshot.nodeName());
        if (info == null || !info.getBroken().isEmpty()) {
            throw new FaultException(
                    new StorageFault.SnapshotBroken(
                            volume.name(),
                            snapshot.name(),
                            info == null ? SnapshotView.NOT_THERE : info.getBroken()));
        }
    }

    /// A node that is away is no reason to show nothing.
    Known ask(Volume volume) {
        var question =
                Command.newBuilder()
                        .setListSnapshots(ListSnapshots.newBuilder().setVolume(volume.id()));
        try {
            return new Known(
                    nodes.ask(volume.node(), question, PATIENCE).getSnapshotsListed(), null);
        } catch (FaultException e) {
            if (e.fault() instanceof NodeFault fault) {
                return new Known(null, fault.message());
            }
            throw e;
        }
    }

    private static Snapshot snapshot(ResultSet row, int ignored) throws SQLException {
        return new Snapshot(
                row.getString("id"),
                row.getString("volume"),
                row.getString("name"),
                row.getString("state"),
                Rows.requireInstant(row, "created_at"));
    }
}

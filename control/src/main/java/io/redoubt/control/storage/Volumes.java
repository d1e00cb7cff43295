// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.identity.TenantRows;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.Rate;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.VolumeReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The volumes and their fences. Numbers are durable here before a node hears of them.
@Component
public class Volumes implements NodeListener {
    private static final String SELECT =
            "select volume.*, node.zone as zone, (select group_id from group_volume where group_volume.volume = volume.id) as group_id"
                    + " from volume join node on node.id = volume.node ";

    private static final String REVERTING = "reverting";

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Datastores datastores;
    private final TenantRows<Volume> rows;

    Volumes(JdbcClient sql, Nodes nodes, Datastores datastores) {
        this.sql = sql;
        this.nodes = nodes;
        this.datastores = datastores;
        this.rows = new TenantRows<>(sql, "volume", "volume", SELECT, Volumes::volume);
    }

    /// @throws FaultException with [Refusal.NotFound]
    public Volume require(Caller caller, String reference) {
        return rows.require(caller, reference);
    }

    TenantRows<Volume> rows() {
        return rows;
    }

    public Optional<Volume> find(String id) {
        return sql.sql(SELECT + "where volume.id = ?").param(id).query(Volumes::volume).optional();
    }

    /// Takes the room and the name at once, so that two wishes never share either.
    ///
    /// @throws FaultException with [StorageFault.NoRoom] or [Refusal.NameTaken]
    void reserve(
            Caller caller,
            String name,
            Datastores.Datastore datastore,
            StorageWorkflows.OneVolume wanted,
            Allowance allowance) {
        datastores.requireRoom(datastore.id(), wanted.thin() ? 0 : wanted.sizeBytes());
        try {
            sql.sql(
                            "insert into volume (id, tenant, name, datastore, node, size_bytes, template, thin, shares, iops_limit, bytes_per_second_limit, state)"
                                    + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'making')")
                    .params(
                            wanted.id(),
                            caller.tenant(),
                            name,
                            datastore.id(),
                            wanted.node(),
                            wanted.sizeBytes(),
                            wanted.template(),
                            wanted.thin(),
                            allowance.shares(),
                            allowance.own().iops(),
                            allowance.own().bytesPerSecond())
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("volume", name), e);
        }
    }

    /// Inside the transaction that reserves it.
    void origin(String id, Origin origin) {
        sql.sql(
                        "update volume set origin_group = ?, origin_volume = ?, origin_point = ?, origin_write = ? where id = ?")
                .params(origin.group(), origin.volume(), origin.point(), origin.write(), id)
                .update();
    }

    /// Those out of a group's journals, newest first.
    ///
    /// @param before an id, empty for the newest ones
    List<Volume> recovered(Caller caller, String group, String before, int limit) {
        String older =
                before.isEmpty()
                        ? ""
                        : " and (volume.created_at, volume.id) < (select created_at, id from volume where id = :before)";
        return sql.sql(
                        SELECT
                                + "where volume.tenant = :tenant and origin_group = :group"
                                + older
                                + " order by volume.created_at desc, volume.id desc limit :limit")
                .param("tenant", caller.tenant())
                .param("group", group)
                .param("before", before)
                .param("limit", limit)
                .query(Volumes::volume)
                .list();
    }

    /// Those that were made out of the group's journals and still read from them.
    public List<Volume> copiedFrom(String group) {
        return sql.sql(
                        SELECT
                                + "where origin_group = ? and hydration <> 'complete' order by volume.id")
                .param(group)
                .query(Volumes::volume)
                .list();
    }

    /// The new size, with its room when the volume is thick.
    ///
    /// @throws FaultException with [StorageFault.NoRoom]
    void reserveMore(Volume volume, long sizeBytes) {
        if (volume.datastore() != null && !volume.thin()) {
            datastores.requireRoom(volume.datastore(), sizeBytes - volume.sizeBytes());
        }
        size(volume.id(), sizeBytes);
    }

    /// The row alone; [Limits#tell] then carries it to the node.
    void allowance(String id, Allowance allowance) {
        sql.sql(
                        "update volume set shares = ?, iops_limit = ?, bytes_per_second_limit = ? where id = ?")
                .params(
                        allowance.shares(),
                        allowance.own().iops(),
                        allowance.own().bytesPerSecond(),
                        id)
                .update();
    }

    void size(String id, long sizeBytes) {
        sql.sql("update volume set size_bytes = ? where id = ?").params(sizeBytes, id).update();
    }

    /// A volume of a view, already attached for its holder.
    public void addView(
            String id, Volume original, String view, String node, String nonce, String holder) {
        String name = viewName(original.name(), id);
        sql.sql(
                        "insert into volume (id, tenant, name, view, node, size_bytes, state, attachment_number, attachment_nonce, holder)"
                                + " values (?, ?, ?, ?, ?, ?, 'ready', 1, ?, ?) on conflict (id) do nothing")
                .params(
                        id,
                        original.tenant(),
                        name,
                        view,
                        node,
                        original.sizeBytes(),
                        nonce,
                        holder)
                .update();
    }

    public void state(String id, String state) {
        sql.sql("update volume set state = ? where id = ?").params(state, id).update();
    }

    public void forget(String id) {
        sql.sql("delete from volume where id = ?").param(id).update();
    }

    /// Raises the fence for this holder, here and at the node. Repeating it for the same holder keeps the number.
    ///
    /// @param holder a machine, or null for nobody
    public void attach(String id, @Nullable String holder) {
        Volume volume = find(id).orElseThrow();
        raise(volume, holder);
        tell(find(id).orElseThrow());
    }

    /// The number alone, durable; [#tell] then carries it to the node.
    private void raise(Volume volume, @Nullable String holder) {
        sql.sql(
                        "update volume set attachment_number = attachment_number + 1, attachment_nonce = ?, holder = ?"
                                + " where id = ? and (holder <> ? or attachment_number = 0)")
                .params(
                        UUID.randomUUID().toString(),
                        holder == null ? "" : holder,
                        volume.id(),
                        holder == null ? "" : holder)
                .update();
    }

    private void tell(Volume volume) {
        nodes.tell(
                volume.node(),
                Command.newBuilder()
                        .setRaiseAttachment(
                                RaiseAttachment.newBuilder()
                                        .setVolume(volume.id())
                                        .setAttachment(volume.attachment())
                                        .setHolder(volume.holder() == null ? "" : volume.holder())),
                Nodes.LONG);
    }

    /// A volume that knows a higher number than we do (the database was restored): ours follows.
    @Override
    public void report(String node, Report report) {
        for (VolumeReport volume : report.getVolumesList()) {
            Attachment attachment = volume.getAttachment();
            sql.sql(
                            "update volume set attachment_number = ?, attachment_nonce = ?, holder = '' where id = ? and node = ? and attachment_number < ?")
                    .params(
                            attachment.getNumber(),
                            attachment.getNonce(),
                            volume.getVolume(),
                            node,
                            attachment.getNumber())
                    .update();
            progress(node, volume);
        }
    }

    /// Written only when it changed: every volume is in every report.
    private void progress(String node, VolumeReport volume) {
        sql.sql(
                        "update volume set snapshot_bytes = ? where id = ? and node = ? and snapshot_bytes <> ?")
                .params(
                        volume.getSnapshotBytes(),
                        volume.getVolume(),
                        node,
                        volume.getSnapshotBytes())
                .update();
        if (volume.hasHydration()) {
            HydrationReport hydration = volume.getHydration();
            sql.sql(
                            "update volume set hydration = :state, hydration_done_bytes = :done, hydration_seconds_left = :left, hydration_trouble = :trouble"
                                    + " where id = :id and node = :node and (hydration, hydration_done_bytes, hydration_seconds_left, hydration_trouble)"
                                    + " is distinct from (:state, cast(:done as bigint), cast(:left as bigint), :trouble)")
                    .param("state", state(hydration.getState()))
                    .param("done", hydration.getDoneBytes())
                    .param("left", hydration.getSecondsLeft())
                    .param("trouble", hydration.getTrouble())
                    .param("id", volume.getVolume())
                    .param("node", node)
                    .update();
            if (hydration.getState() == HydrationState.HYDRATION_COMPLETE
                    && volume.getView().isEmpty()) {
                standAlone(node, volume.getVolume());
            }
        }
    }

    /// The volume of a view whose node says that all of it is its own.
    private void standAlone(String node, String volume) {
        sql.sql("update volume set view = null where id = ? and node = ? and view is not null")
                .params(volume, node)
                .update();
    }

    private static String state(HydrationState state) {
        return switch (state) {
            case HYDRATION_COPYING -> "copying";
            case HYDRATION_WAITING -> "waiting";
            case HYDRATION_COMPLETE -> "complete";
            case HYDRATION_FAILED -> "failed";
            case HYDRATION_STATE_UNSPECIFIED, UNRECOGNIZED -> "idle";
        };
    }

    void hydrationRate(String id, long bytesPerSecond) {
        sql.sql("update volume set hydration_rate = ? where id = ?")
                .params(bytesPerSecond, id)
                .update();
    }

    /// Held until the transaction ends: what is decided about it now stays true until then.
    ///
    /// @throws FaultException with [StorageFault.NotReady] while its content goes back to a snapshot
    public void requireNotReverting(String id) {
        Volume now = lock(id);
        if (now.state().equals(REVERTING)) {
            throw new FaultException(new StorageFault.NotReady("volume", now.name(), now.state()));
        }
    }

    /// Like [#requireNotReverting], and whole.
    void requireReady(String id) {
        Volume now = lock(id);
        if (!now.state().equals("ready")) {
            throw new FaultException(new StorageFault.NotReady("volume", now.name(), now.state()));
        }
    }

    /// The volume as it is until the transaction ends.
    private Volume lock(String id) {
        sql.sql("select from volume where id = ? for update").param(id).query().listOfRows();
        return find(id).orElseThrow();
    }

    /// Shuts machines and protection out until the volume is what it was.
    ///
    /// @throws FaultException with [StorageFault.CannotRevert]
    void beginRevert(Volume volume) {
        // The machine before the volume, as everybody does who takes both.
        @Nullable String machine = volume.holder();
        if (machine != null) {
            String wanted =
                    sql.sql("select wanted from machine where id = ? for update")
                            .param(machine)
                            .query(String.class)
                            .optional()
                            .orElse("deleted");
            if (!wanted.equals("stopped")) {
                throw cannot(volume, "machine " + machine + " runs on it", "Stop it first.");
            }
        }
        Volume now = lock(volume.id());
        if (now.group() != null) {
            throw cannot(
                    volume,
                    "protection group " + now.group() + " holds it",
                    "Recover the group to one of its points, or delete the group first.");
        }
        if (!now.state().equals("ready")) {
            throw new FaultException(new StorageFault.NotReady("volume", now.name(), now.state()));
        }
        if (!Objects.equals(now.holder(), machine)) {
            throw cannot(volume, "its machine changes just now", "Try again.");
        }
        state(volume.id(), REVERTING);
    }

    private static FaultException cannot(Volume volume, String why, String remedy) {
        return new FaultException(new StorageFault.CannotRevert(volume.name(), why, remedy));
    }

    /// Whether the machine's node says that there is no process of it.
    boolean isOff(String machine) {
        return sql.sql("select state in ('stopped', 'failed') from machine where id = ?")
                .param(machine)
                .query(Boolean.class)
                .optional()
                .orElse(true);
    }

    /// `shop-data` seen through a view becomes `shop-data-k3f9xq2a`.
    private static String viewName(String original, String id) {
        String suffix = "-" + id.substring(0, 8);
        return original.substring(0, Math.min(original.length(), 63 - suffix.length())) + suffix;
    }

    private static Volume volume(ResultSet row, int ignored) throws SQLException {
        return new Volume(
                row.getString("id"),
                row.getString("tenant"),
                row.getString("name"),
                row.getString("datastore"),
                row.getString("view"),
                row.getString("node"),
                row.getString("zone"),
                row.getLong("size_bytes"),
                Rows.filled(row, "template"),
                origin(row),
                row.getString("state"),
                row.getLong("attachment_number"),
                row.getString("attachment_nonce"),
                Rows.filled(row, "holder"),
                row.getString("group_id"),
                row.getBoolean("thin"),
                allowance(row),
                row.getLong("snapshot_bytes"),
                new Volume.Hydration(
                        row.getString("hydration"),
                        row.getLong("hydration_done_bytes"),
                        row.getLong("hydration_seconds_left"),
                        row.getString("hydration_trouble"),
                        row.getLong("hydration_rate")));
    }

    private static @Nullable Origin origin(ResultSet row) throws SQLException {
        String group = Rows.filled(row, "origin_group");
        return group == null
                ? null
                : new Origin(
                        group,
                        row.getString("origin_volume"),
                        row.getLong("origin_point"),
                        row.getLong("origin_write"));
    }

    static Allowance allowance(ResultSet row) throws SQLException {
        return new Allowance(
                row.getInt("shares"),
                new Rate(row.getLong("iops_limit"), row.getLong("bytes_per_second_limit")));
    }
}

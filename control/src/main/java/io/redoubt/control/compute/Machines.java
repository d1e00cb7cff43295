// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.identity.TenantRows;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteMachine;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.ResumeMachine;
import io.redoubt.protocol.StopMachine;
import io.redoubt.protocol.StopManner;
import io.redoubt.protocol.StopMode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// The machines: their rows, and what their node is told.
@Component
public class Machines implements NodeListener {
    private static final String SELECT =
            "select machine.*, (select coalesce(array_agg(volume order by position), '{}') from machine_disk where machine_disk.machine = machine.id) as disks,"
                    + " (select group_id from group_machine where group_machine.machine = machine.id) as group_id from machine ";
    private static final TypeReference<Map<String, String>> SEEDS = new TypeReference<>() {};

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Volumes volumes;
    private final JsonMapper json;
    private final TenantRows<Machine> rows;

    Machines(JdbcClient sql, Nodes nodes, Volumes volumes, JsonMapper json) {
        this.sql = sql;
        this.nodes = nodes;
        this.volumes = volumes;
        this.json = json;
        this.rows = new TenantRows<>(sql, "machine", "machine", SELECT, this::machine);
    }

    /// @throws FaultException with [Refusal.NotFound]
    public Machine require(Caller caller, String reference) {
        return rows.require(caller, reference);
    }

    public Optional<Machine> find(String id) {
        return sql.sql(SELECT + "where id = ?").param(id).query(this::machine).optional();
    }

    TenantRows<Machine> rows() {
        return rows;
    }

    /// Takes the name and the disks at once.
    ///
    /// @throws FaultException with [Refusal.NameTaken] or [ComputeFault.DiskTaken]
    public void add(Machine machine) {
        try {
            sql.sql(
                            "insert into machine (id, tenant, name, zone, node, memory_bytes, vcpus, template, user_data, seeds, nic, copy_of, failover, wanted)"
                                    + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), ?)")
                    .params(
                            machine.id(),
                            machine.tenant(),
                            machine.name(),
                            machine.zone(),
                            machine.node(),
                            machine.memoryBytes(),
                            machine.vcpus(),
                            machine.template(),
                            machine.userData(),
                            json.writeValueAsString(machine.seeds()),
                            machine.nic(),
                            Objects.requireNonNullElse(machine.copyOf(), ""),
                            Objects.requireNonNullElse(machine.failover(), ""),
                            machine.wanted())
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("machine", machine.name()), e);
        }
        disks(machine.id(), machine.disks());
    }

    private void disks(String machine, List<String> disks) {
        for (int position = 0; position < disks.size(); position++) {
            String volume = disks.get(position);
            // Looked up first: a refused insert ends the transaction for every other question.
            String name = volumes.find(volume).map(Volume::name).orElse(volume);
            try {
                sql.sql("insert into machine_disk (machine, position, volume) values (?, ?, ?)")
                        .params(machine, position, volume)
                        .update();
            } catch (DuplicateKeyException e) {
                throw new FaultException(new ComputeFault.DiskTaken(name), e);
            }
        }
    }

    /// After a live failover: the same machine, elsewhere, on other disks.
    public void move(String machine, String zone, String node, List<String> newDisks) {
        sql.sql(
                        "update machine set zone = ?, node = ?, state = 'making', qemu_pid = 0, serial_log = '', guest_ready_at = null, reason = '' where id = ? and node <> ?")
                .params(zone, node, machine, node)
                .update();
        sql.sql("delete from machine_disk where machine = ?").param(machine).update();
        disks(machine, newDisks);
    }

    public void wanted(String machine, String wanted) {
        sql.sql("update machine set wanted = ? where id = ?").params(wanted, machine).update();
    }

    public void forget(String machine) {
        sql.sql("delete from machine where id = ?").param(machine).update();
    }

    /// What a node is to run.
    ///
    /// @param disks volumes at that node, in the guest's order
    public EnsureMachine description(
            Machine machine, List<MachineDisk> disks, boolean nic, boolean paused) {
        return EnsureMachine.newBuilder()
                .setMachine(machine.id())
                .setMemoryBytes(machine.memoryBytes())
                .setVcpus(machine.vcpus())
                .setTemplate(machine.template())
                .setUserData(machine.userData())
                .putAllSeeds(machine.seeds())
                .addAllDisks(disks)
                .setNic(nic)
                .setPaused(paused)
                .build();
    }

    /// Brings it to its row's description, on its own disks.
    public void start(Machine machine) {
        List<MachineDisk> disks =
                machine.disks().stream()
                        .map(id -> volumes.find(id).orElseThrow())
                        .map(volume ->
                                MachineDisk.newBuilder()
                                        .setVolume(volume.id())
                                        .setAttachment(volume.attachment())
                                        .build())
                        .toList();
        tell(
                machine.node(),
                Command.newBuilder()
                        .setEnsureMachine(description(machine, disks, machine.nic(), false)));
        // A machine that was only paused is left as it is by that.
        resume(machine.node(), machine.id());
    }

    public void resume(String node, String machine) {
        tell(
                node,
                Command.newBuilder()
                        .setResumeMachine(ResumeMachine.newBuilder().setMachine(machine)));
    }

    public void halt(String node, String machine, StopMode mode, int graceMillis) {
        tell(
                node,
                Command.newBuilder()
                        .setStopMachine(
                                StopMachine.newBuilder()
                                        .setMachine(machine)
                                        .setMode(mode)
                                        .setGraceMillis(graceMillis)));
    }

    /// Asks the guest to shut itself down, and takes its power when it does not in time.
    ///
    /// @param command the same for the same wish: its repetition is told what became of it, while the node remembers
    public StopManner shutDown(String command, String node, String machine, int graceMillis) {
        return nodes.tell(
                        node,
                        Command.newBuilder()
                                .setId(command)
                                .setStopMachine(
                                        StopMachine.newBuilder()
                                                .setMachine(machine)
                                                .setMode(StopMode.SHUTDOWN)
                                                .setGraceMillis(graceMillis)),
                        Nodes.LONG)
                .getMachineStopped()
                .getManner();
    }

    public void remove(String node, String machine) {
        tell(
                node,
                Command.newBuilder()
                        .setDeleteMachine(DeleteMachine.newBuilder().setMachine(machine)));
    }

    private void tell(String node, Command.Builder command) {
        nodes.tell(node, command, Nodes.LONG);
    }

    /// Only the node where it belongs has a say; what an old place still runs is the fence's business.
    @Override
    public void report(String node, Report report) {
        for (MachineReport machine : report.getMachinesList()) {
            @Nullable Timestamp ready =
                    machine.getGuestReadyMillis() == 0
                            ? null
                            : Rows.timestamp(machine.getGuestReadyMillis());
            sql.sql(
                            "update machine set state = :state, qemu_pid = :pid, serial_log = :log, guest_ready_at = cast(:ready as timestamptz), reason = :reason"
                                    + " where id = :id and node = :node and (state, qemu_pid, serial_log, guest_ready_at, reason)"
                                    + " is distinct from (:state, :pid, :log, cast(:ready as timestamptz), :reason)")
                    .param("state", state(machine.getState()))
                    .param("pid", machine.getQemuPid())
                    .param("log", machine.getSerialLog())
                    .param("ready", ready)
                    .param("reason", machine.getReason())
                    .param("id", machine.getMachine())
                    .param("node", node)
                    .update();
        }
    }

    private static String state(MachineState state) {
        return switch (state) {
            case MACHINE_RUNNING -> "running";
            case MACHINE_PAUSED -> "paused";
            case MACHINE_STOPPED -> "stopped";
            case MACHINE_FAILED -> "failed";
            case MACHINE_STATE_UNSPECIFIED, UNRECOGNIZED -> "unknown";
        };
    }

    private Machine machine(ResultSet row, int ignored) throws SQLException {
        return new Machine(
                row.getString("id"),
                row.getString("tenant"),
                row.getString("name"),
                row.getString("zone"),
                row.getString("node"),
                row.getLong("memory_bytes"),
                row.getInt("vcpus"),
                row.getString("template"),
                row.getString("user_data"),
                json.readValue(row.getString("seeds"), SEEDS),
                row.getBoolean("nic"),
                row.getString("copy_of"),
                row.getString("failover"),
                row.getString("wanted"),
                row.getString("state"),
                List.of((String[]) row.getArray("disks").getArray()),
                row.getLong("qemu_pid"),
                Rows.filled(row, "serial_log"),
                Rows.instant(row, "guest_ready_at"),
                Rows.filled(row, "reason"),
                row.getString("group_id"));
    }
}

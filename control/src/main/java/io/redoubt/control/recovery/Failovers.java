// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// The failovers: what was decided, when, and how far it came. All ids are chosen with the decision.
@Component
class Failovers {
    /// The small file by which the guest of a test copy learns what it is for.
    private static final String MODE = "mode";

    private static final String VERIFY = "verify";

    private static final TypeReference<Map<String, Long>> VSEQS = new TypeReference<>() {};

    private final JdbcClient sql;
    private final TransactionTemplate transactions;
    private final Groups groups;
    private final Points points;
    private final Machines machines;
    private final Volumes volumes;
    private final JsonMapper json;

    Failovers(
            JdbcClient sql,
            TransactionTemplate transactions,
            Groups groups,
            Points points,
            Machines machines,
            Volumes volumes,
            JsonMapper json) {
        this.sql = sql;
        this.transactions = transactions;
        this.groups = groups;
        this.points = points;
        this.machines = machines;
        this.volumes = volumes;
        this.json = json;
    }

    /// @throws FaultException with [Refusal.NotFound]
    Failover require(Caller caller, String id) {
        return find(id).filter(failover -> failover.tenant().equals(caller.tenant()))
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("failover", id)));
    }

    Optional<Failover> find(String id) {
        return sql.sql("select * from failover where id = ?")
                .param(id)
                .query(this::failover)
                .optional();
    }

    /// Newest first.
    List<Failover> list(Caller caller, String before, int limit) {
        String older =
                before.isEmpty()
                        ? ""
                        : " and (decided_at, id) < (select decided_at, id from failover where id = :before)";
        return sql.sql(
                        "select * from failover where tenant = :tenant"
                                + older
                                + " order by decided_at desc, id desc limit :limit")
                .param("tenant", caller.tenant())
                .param("before", before)
                .param("limit", limit)
                .query(this::failover)
                .list();
    }

    /// Decides, inside the transaction that begins the operation: checks, raises the term for a live one (a move does so later, when its machines are stopped), and writes every id down.
    ///
    /// @param number of the point, or 0 for the newest
    /// @throws FaultException when the group cannot be failed over now, or not to that point; then nothing was decided
    void decide(String id, String operation, String groupId, Failover.Kind kind, long number) {
        Group group = groups.lock(groupId);
        requireFree(group, kind);
        Point point = number == 0 ? points.requireNewest(group) : points.require(group, number);
        if (kind == Failover.Kind.MOVE) {
            requireHealthy(group, point);
        }
        List<String> recovered =
                group.machines().stream()
                        .filter(machine -> holds(group, machine, point.number()))
                        .toList();
        if (recovered.isEmpty()
                || (kind != Failover.Kind.TEST && recovered.size() < group.machines().size())) {
            throw new FaultException(
                    new RecoveryFault.NotInPoint(group.name(), point.number(), joinedAt(group)));
        }
        String view = RandomId.next();
        long term = group.term();
        if (kind == Failover.Kind.LIVE) {
            term = group.term() + 1;
            groups.decide(group.id(), term);
        }
        sql.sql(
                        "insert into failover (id, tenant, group_id, kind, state, operation, term, point, point_stamp, point_tag, point_published, view, node, decided_at)"
                                + " values (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .params(
                        id,
                        group.tenant(),
                        group.id(),
                        kind.name().toLowerCase(Locale.ROOT),
                        operation,
                        term,
                        point.number(),
                        Rows.timestamp(point.stamp()),
                        point.tag(),
                        Rows.timestamp(point.publishedAt()),
                        view,
                        group.receiverNode(),
                        Rows.timestamp(Instant.now()))
                .update();
        if (kind != Failover.Kind.TEST) {
            for (Group.Source source : group.sources()) {
                sql.sql("insert into failover_source (failover, node) values (?, ?)")
                        .params(id, source.node())
                        .update();
            }
        }
        for (String machine : recovered) {
            addMachine(id, machines.find(machine).orElseThrow(), group, view, kind);
        }
    }

    private void requireFree(Group group, Failover.Kind kind) {
        Optional<Failover> running =
                sql.sql(
                                "select * from failover where group_id = ? and kind <> 'test' and state = 'running'")
                        .param(group.id())
                        .query(this::failover)
                        .optional();
        if (running.isPresent()) {
            throw new FaultException(
                    new RecoveryFault.FailoverRunning(
                            group.name(),
                            running.get().id(),
                            Duration.between(running.get().decidedAt(), Instant.now())));
        }
        if (group.state().equals("failed-over") && kind != Failover.Kind.TEST) {
            throw new FaultException(
                    new RecoveryFault.AlreadyFailedOver(group.name(), group.targetZone()));
        }
        if (!group.state().equals("protected") && !group.state().equals("failed-over")) {
            throw new FaultException(new RecoveryFault.NotProtected(group.name(), group.state()));
        }
    }

    /// A machine that joined the group later is in no older point.
    private boolean holds(Group group, String machine, long point) {
        List<String> disks = machines.find(machine).orElseThrow().disks();
        return group.volumes().stream()
                .filter(member -> disks.contains(member.volume()))
                .allMatch(member -> member.isIn(point));
    }

    /// The first point that holds them all; empty while there is none.
    private static Optional<Long> joinedAt(Group group) {
        return group.volumes().stream().anyMatch(member -> member.firstPoint() == null)
                ? Optional.empty()
                : group.volumes().stream()
                        .map(member -> Objects.requireNonNullElse(member.firstPoint(), 0L))
                        .max(Long::compare);
    }

    /// A move has its machines down until the last point is published, so it begins only when that takes no time.
    private static void requireHealthy(Group group, Point newest) {
        Group.Health health = group.health(Optional.of(newest), Instant.now());
        if (!health.state().equals("protected")) {
            throw new FaultException(
                    new RecoveryFault.NotInStep(
                            group.name(),
                            health.state(),
                            Objects.requireNonNullElse(health.reason(), "it is not protected")));
        }
    }

    private void addMachine(
            String failover, Machine machine, Group group, String view, Failover.Kind kind) {
        String copy = kind == Failover.Kind.TEST ? RandomId.next() : machine.id();
        sql.sql("insert into failover_machine (failover, machine, copy) values (?, ?, ?)")
                .params(failover, machine.id(), copy)
                .update();
        List<String> originals = originals(machine, group);
        var disks = new ArrayList<String>();
        for (int position = 0; position < originals.size(); position++) {
            String viewVolume = RandomId.next();
            String nonce = RandomId.next();
            disks.add(viewVolume);
            sql.sql(
                            "insert into failover_volume (failover, volume, view_volume, copy, position, attachment_nonce) values (?, ?, ?, ?, ?, ?)")
                    .params(failover, originals.get(position), viewVolume, copy, position, nonce)
                    .update();
            Volume original = volumes.find(originals.get(position)).orElseThrow();
            volumes.addView(viewVolume, original, view, group.receiverNode(), nonce, copy);
        }
        if (kind == Failover.Kind.TEST) {
            machines.add(copyOf(machine, copy, disks, group, failover));
        }
    }

    /// The group's own volumes among the machine's disks. After a live failover the machine runs on others; a test still opens the journal's.
    private List<String> originals(Machine machine, Group group) {
        List<String> members = group.volumes().stream().map(Group.Member::volume).toList();
        List<String> disks = machine.disks().stream().filter(members::contains).toList();
        if (!disks.isEmpty()) {
            return disks;
        }
        return sql.sql(
                        "select v.volume from failover_volume v join failover f on f.id = v.failover"
                                + " where f.group_id = ? and f.kind <> 'test' and f.state in ('active', 'committing', 'committed') and v.copy = ? order by v.position")
                .params(group.id(), machine.id())
                .query(String.class)
                .list();
    }

    /// The same machine under another name, with no way to any network. Its guest can read that it is a test, and what is asked of it.
    private static Machine copyOf(
            Machine machine, String id, List<String> disks, Group group, String failover) {
        String suffix = "-test-" + id.substring(0, 6);
        String name =
                machine.name().substring(0, Math.min(machine.name().length(), 63 - suffix.length()))
                        + suffix;
        return new Machine(
                id,
                machine.tenant(),
                name,
                group.targetZone(),
                group.receiverNode(),
                machine.memoryBytes(),
                machine.vcpus(),
                machine.template(),
                machine.userData(),
                seedsOfTest(machine),
                false,
                machine.id(),
                failover,
                "running",
                "making",
                disks,
                0,
                null,
                null,
                null,
                null);
    }

    private static Map<String, String> seedsOfTest(Machine machine) {
        var seeds = new HashMap<>(machine.seeds());
        seeds.put(MODE, VERIFY);
        return Map.copyOf(seeds);
    }

    /// The machines belong to the recovery zone from here on, on the view's disks.
    void move(Failover failover) {
        Group group = groups.find(failover.group()).orElseThrow();
        transactions.executeWithoutResult(_ -> {
            for (Failover.Copy machine : failover.machines()) {
                machines.move(
                        machine.copy(),
                        group.targetZone(),
                        failover.node(),
                        disksOf(failover, machine.copy()).stream()
                                .map(Failover.Disk::viewVolume)
                                .toList());
                machines.wanted(machine.copy(), "running");
            }
            failover.disks().forEach(disk -> volumes.state(disk.volume(), "superseded"));
        });
    }

    static List<Failover.Disk> disksOf(Failover failover, String copy) {
        return failover.disks().stream().filter(disk -> disk.copy().equals(copy)).toList();
    }

    /// What was made for it is forgotten: copies and the view's volumes.
    void forgetCopies(Failover failover) {
        transactions.executeWithoutResult(_ -> {
            if (failover.kind() == Failover.Kind.TEST) {
                failover.machines().forEach(machine -> machines.forget(machine.copy()));
            }
            failover.disks().forEach(disk -> volumes.forget(disk.viewVolume()));
        });
    }

    /// Its decision is taken back, and what was made for it is forgotten: both or neither, as the second follows from the first alone. The same
    /// again changes nothing.
    void rollBack(Failover failover) {
        transactions.executeWithoutResult(_ -> {
            if (groups.rollBack(failover.group(), failover.term())) {
                forgetCopies(failover);
            }
        });
    }

    void state(String id, String state) {
        sql.sql("update failover set state = ? where id = ?").params(state, id).update();
    }

    /// A source has given its right up, durably.
    void released(String id, String node, Map<String, Long> vseqs) {
        sql.sql(
                        "update failover_source set released = true, vseqs = ? where failover = ? and node = ?")
                .params(json.writeValueAsString(vseqs), id, node)
                .update();
    }

    /// The first time counts: a repeated step took place when it took place.
    void stamp(String id, Stamp stamp, Instant at) {
        sql.sql("update failover set %1$s = coalesce(%1$s, ?) where id = ?".formatted(stamp.column))
                .params(Rows.timestamp(at), id)
                .update();
    }

    /// The moments from which the RTO is told.
    enum Stamp {
        GRANTS_ENDED("grants_ended_at"),
        VIEW_OPEN("view_open_at"),
        STARTED("started_at"),
        GUEST_READY("guest_ready_at");

        private final String column;

        Stamp(String column) {
            this.column = column;
        }
    }

    /// The failover that stands on the point, if any.
    Optional<String> standingOn(String group, long point) {
        return sql.sql(
                        "select id from failover where group_id = ? and point = ? and state in ('running', 'active', 'deleting', 'rolling-back', 'committing', 'committed') limit 1")
                .params(group, point)
                .query(String.class)
                .optional();
    }

    /// Any other failover that still has something of the group open.
    Optional<String> openBeside(String group, String id) {
        return sql.sql(
                        "select id from failover where group_id = ? and id <> ? and state in ('running', 'active', 'deleting') limit 1")
                .params(group, id)
                .query(String.class)
                .optional();
    }

    /// Any failover that may still be taken back or torn down.
    Optional<String> openOn(String group) {
        return sql.sql(
                        "select id from failover where group_id = ? and state in ('running', 'active', 'deleting', 'rolling-back', 'committing') limit 1")
                .param(group)
                .query(String.class)
                .optional();
    }

    private Failover failover(ResultSet row, int ignored) throws SQLException {
        String id = row.getString("id");
        return new Failover(
                id,
                row.getString("tenant"),
                row.getString("group_id"),
                Failover.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                row.getString("state"),
                row.getString("operation"),
                row.getLong("term"),
                new Point(
                        row.getLong("point"),
                        Rows.requireInstant(row, "point_stamp"),
                        row.getString("point_tag"),
                        Rows.requireInstant(row, "point_published")),
                row.getString("view"),
                row.getString("node"),
                Rows.requireInstant(row, "decided_at"),
                releases(id),
                Rows.instant(row, "drained_at"),
                row.getBoolean("nothing_lost"),
                Rows.instant(row, "grants_ended_at"),
                Rows.instant(row, "view_open_at"),
                Rows.instant(row, "started_at"),
                Rows.instant(row, "guest_ready_at"),
                compared(id),
                copiedWhole(id),
                copies(id),
                disks(id));
    }

    private List<Failover.Release> releases(String id) {
        return sql.sql("select * from failover_source where failover = ? order by node")
                .param(id)
                .query((row, _) ->
                        new Failover.Release(
                                row.getString("node"),
                                row.getBoolean("released"),
                                json.readValue(row.getString("vseqs"), VSEQS)))
                .list();
    }

    private List<String> copiedWhole(String id) {
        return sql.sql(
                        "select unnest(whole) from group_reversal where failover = ? and state = 'reversed'")
                .param(id)
                .query(String.class)
                .list();
    }

    private @Nullable String compared(String id) {
        return sql.sql("select nullif(compared, '') from group_reversal where failover = ?")
                .param(id)
                .query(String.class)
                .optional()
                .orElse(null);
    }

    private List<Failover.Copy> copies(String id) {
        return sql.sql("select * from failover_machine where failover = ? order by machine")
                .param(id)
                .query((row, _) ->
                        new Failover.Copy(
                                row.getString("machine"),
                                row.getString("copy"),
                                row.getString("stopped")))
                .list();
    }

    private List<Failover.Disk> disks(String id) {
        return sql.sql("select * from failover_volume where failover = ? order by copy, position")
                .param(id)
                .query((row, _) ->
                        new Failover.Disk(
                                row.getString("volume"),
                                row.getString("view_volume"),
                                row.getString("copy"),
                                row.getInt("position"),
                                row.getString("attachment_nonce")))
                .list();
    }
}

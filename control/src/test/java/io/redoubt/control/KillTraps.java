// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import com.zaxxer.hikari.HikariDataSource;
import io.redoubt.dist.postgres.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Traps in the database of a control plane: the write that one of them waits for is refused, again and again, as by a server without room.
/// The operation stands still there until its process is killed.
///
/// A trap that was met says so in a sequence, which no rollback takes back. An operation is known by its idempotency key, here its *wish*; the
/// rows that it writes by the ids in them, as far as they are watched.
final class KillTraps implements AutoCloseable {
    /// The tables that operations write, each with what reports write there.
    private static final Map<String, String> TABLES =
            Map.ofEntries(
                    Map.entry("protection_group", "receiver_seen_at,receiver_isolation,may_go_on"),
                    Map.entry(
                            "group_source",
                            "seen_at,bytes_behind,spool_bytes,makes_cuts,alone,isolation_version,granted_boot"),
                    Map.entry("group_volume", "state,reason,since,bytes_to_copy,first_point"),
                    Map.entry("group_machine", ""),
                    Map.entry("group_reversal", ""),
                    Map.entry("former_journal", ""),
                    Map.entry("ended_group", "last_seen_at"),
                    Map.entry("point_order", ""),
                    Map.entry("failover", ""),
                    Map.entry("failover_source", ""),
                    Map.entry("failover_machine", ""),
                    Map.entry("failover_volume", ""),
                    Map.entry("failover_loss", ""),
                    Map.entry("machine", "state,qemu_pid,serial_log,guest_ready_at,reason"),
                    Map.entry("machine_disk", ""),
                    Map.entry("volume", ""));

    private static final String SCHEMA =
            """
            create schema trap;
            create table trap.record (id bigint not null, wish text not null, step text not null, state text not null);
            create table trap.nth (id bigint primary key, wish text not null, nth integer not null);
            create table trap.watched (id text primary key, wish text not null);
            create table trap.written (n bigserial primary key, wish text not null, name text not null);
            create function trap.meet(met bigint) returns void language plpgsql as $$
            begin
                perform nextval('trap.met_' || met);
                raise exception 'trap' using errcode = '53000';
            end $$;
            create function trap.step() returns trigger language plpgsql as $$
            declare met bigint;
            begin
                select record.id into met from trap.record join op on op.idempotency_key = wish
                    where op.id = new.op and step = new.name and record.state = new.state and new.state <> old.state;
                if met is not null then perform trap.meet(met); end if;
                return new;
            end $$;
            create function trap.op() returns trigger language plpgsql as $$
            declare met bigint;
            begin
                select id into met from trap.record
                    where wish = new.idempotency_key and step = '' and state = new.state and new.state <> old.state;
                if met is not null then perform trap.meet(met); end if;
                return new;
            end $$;
            create function trap.row() returns trigger language plpgsql as $$
            declare
                mine jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end) - string_to_array(tg_argv[0], ',');
                whose text;
                met bigint;
            begin
                if tg_op = 'UPDATE' and mine = to_jsonb(old) - string_to_array(tg_argv[0], ',') then return new; end if;
                select wish into whose from trap.watched join jsonb_each_text(mine) as field on field.value = watched.id limit 1;
                if whose is not null then
                    if tg_op = 'INSERT' and tg_table_name in ('failover', 'protection_group') then
                        insert into trap.watched values (mine->>'id', whose) on conflict do nothing;
                    elsif tg_op = 'INSERT' and tg_table_name = 'failover_volume' then
                        insert into trap.watched values (mine->>'view_volume', whose), (mine->>'copy', whose) on conflict do nothing;
                    end if;
                    if exists (select from op where idempotency_key = whose and (op.state = 'undoing'
                            or op.state = 'running' and exists (select from op_step where op = op.id and op_step.state = 'running'))) then
                        select id into met from trap.nth where wish = whose
                            and nth <= 1 + (select count(*) from trap.written where written.wish = whose);
                        if met is not null then perform trap.meet(met); end if;
                        insert into trap.written (wish, name) values (whose, tg_table_name);
                    end if;
                end if;
                return case when tg_op = 'DELETE' then old else new end;
            end $$;
            create trigger trap before update on op_step for each row execute function trap.step();
            create trigger trap before update on op for each row execute function trap.op();
            """;

    private final HikariDataSource pool = new HikariDataSource();
    private final JdbcClient sql;

    /// @param home of a control plane that runs
    KillTraps(Path home) throws Exception {
        Path postgres = home.resolve("postgres");
        List<String> running = Files.readAllLines(postgres.resolve("data/postmaster.pid"));
        pool.setJdbcUrl(
                "jdbc:postgresql://127.0.0.1:%s/postgres".formatted(running.get(3).strip()));
        pool.setUsername(EmbeddedPostgres.USER);
        pool.setPassword(Files.readString(postgres.resolve("password")).strip());
        pool.setMaximumPoolSize(2);
        sql = JdbcClient.create(pool);
    }

    void make() {
        sql.sql(SCHEMA).update();
        TABLES.forEach((table, reported) ->
                sql.sql(
                                "create trigger trap before insert or update or delete on %s for each row execute function trap.row('%s')"
                                        .formatted(table, reported))
                        .update());
    }

    /// Rows with this id in them, and with the ids of groups, failovers and view volumes that are made of it, are the wish's.
    void watch(String id, String wish) {
        sql.sql("insert into trap.watched values (?, ?)").params(id, wish).update();
    }

    /// The tables of the rows that the wish has written, in their order.
    List<String> written(String wish) {
        return sql.sql("select name from trap.written where wish = ? order by n")
                .param(wish)
                .query(String.class)
                .list();
    }

    void set(long id, String wish, KillMoment.Unrecorded moment) {
        sql.sql("create sequence if not exists trap.met_" + id).update();
        sql.sql("insert into trap.record values (?, ?, ?, ?)")
                .params(id, wish, moment.step(), moment.change().word())
                .update();
    }

    void set(long id, String wish, KillMoment.Unwritten moment) {
        sql.sql("create sequence if not exists trap.met_" + id).update();
        sql.sql("insert into trap.nth values (?, ?, ?)").params(id, wish, moment.nth()).update();
    }

    Set<Long> met() {
        return new HashSet<>(
                sql.sql(
                                "select substr(sequencename, 5)::bigint from pg_sequences where schemaname = 'trap' and sequencename like 'met\\_%' and last_value is not null")
                        .query(Long.class)
                        .list());
    }

    /// Copies of machines and volumes of views that failovers of the group made.
    List<String> copies(String group) {
        return sql.sql(
                        "select v.id from volume v join failover_volume f on f.view_volume = v.id join failover on failover.id = f.failover where group_id = :group"
                                + " union select m.id from machine m join failover on failover.id = m.failover where group_id = :group")
                .param("group", group)
                .query(String.class)
                .list();
    }

    void clear() {
        sql.sql("truncate trap.record, trap.nth, trap.watched").update();
    }

    @Override
    public void close() {
        pool.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.database;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.redoubt.dist.postgres.EmbeddedPostgres;
import io.redoubt.dist.postgres.PostgresSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/// A database of an earlier release, with what was in it.
class MigrationTest {
    private static final String ONE_NODE_EACH = "5";

    @Test
    void a_group_of_one_node_keeps_its_source_with_all_that_is_known_of_it() throws Exception {
        Path base = Files.createTempDirectory("redoubt-migration");
        Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwx--x--x"));
        try (var postgres =
                        EmbeddedPostgres.start(
                                new PostgresSettings(base.resolve("pg"), 0, "nobody"));
                var pool = new HikariDataSource()) {
            pool.setJdbcUrl(postgres.jdbcUrl());
            pool.setUsername(EmbeddedPostgres.USER);
            pool.setPassword(postgres.password());
            Flyway.configure().dataSource(pool).target(ONE_NODE_EACH).load().migrate();
            JdbcClient sql = JdbcClient.create(pool);
            fill(sql);
            Flyway.configure().dataSource(pool).load().migrate();
            requireKept(sql);
        } finally {
            delete(base);
        }
    }

    private static void fill(JdbcClient sql) {
        for (String row :
                """
                insert into organisation values ('o', 'o')
                insert into tenant values ('t', 'o', 't')
                insert into zone (id) values ('a'), ('b')
                insert into node (id, name, zone) values ('n1', 'node-a', 'a'), ('n2', 'node-b', 'b')
                insert into protection_group (id, tenant, name, state, term, lineage, source_zone, target_zone, source_node, receiver_node, interval_millis, granted_boot, bytes_behind, spool_bytes, source_seen_at) values ('g', 't', 'shop', 'protected', 3, 'l', 'a', 'b', 'n1', 'n2', 5000, 'boot-7', 11, 22, '2026-01-02T03:04:05Z')
                insert into protection_group (id, tenant, name, state, term, lineage, source_zone, target_zone, source_node, receiver_node, interval_millis) values ('new', 't', 'depot', 'making', 1, 'm', 'a', 'b', 'n1', 'n2', 5000)
                insert into failover (id, tenant, group_id, kind, state, operation, term, point, point_stamp, point_tag, point_published, view, node, decided_at, released, released_vseqs) values ('live', 't', 'g', 'live', 'running', 'op', 3, 9, now(), '', now(), 'v', 'n2', now(), true, '{"volume": 7}')
                insert into failover (id, tenant, group_id, kind, state, operation, term, point, point_stamp, point_tag, point_published, view, node, decided_at) values ('test', 't', 'g', 'test', 'active', 'op', 3, 9, now(), '', now(), 'w', 'n2', now())
                """
                        .strip()
                        .split("\n")) {
            sql.sql(row).update();
        }
    }

    private static void requireKept(JdbcClient sql) {
        assertThat(
                        sql.sql(
                                        "select group_id || ' ' || node || ' ' || granted_boot || ' ' || bytes_behind || ' ' || spool_bytes || ' ' || coalesce((extract(epoch from seen_at))::bigint::text, 'never') from group_source order by group_id")
                                .query(String.class)
                                .list())
                .containsExactly("g n1 boot-7 11 22 1767323045", "new n1  0 0 never");
        assertThat(
                        sql.sql(
                                        "select failover || ' ' || node || ' ' || released || ' ' || vseqs from failover_source")
                                .query(String.class)
                                .list())
                .containsExactly("live n1 true {\"volume\": 7}");
        sql.sql("delete from failover where id = 'live'").update();
        sql.sql("delete from protection_group where id = 'g'").update();
        assertThat(sql.sql("select count(*) from group_source").query(Long.class).single())
                .isEqualTo(1);
        assertThat(sql.sql("select count(*) from failover_source").query(Long.class).single())
                .isZero();
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Against the real server. As root it runs as `nobody`, so that the test needs no account of its own.
class EmbeddedPostgresTest {
    private static Path base = Path.of("/");
    private static PostgresSettings settings = new PostgresSettings(base, 0, "nobody");

    @BeforeAll
    static void home() throws IOException {
        base = Files.createTempDirectory("redoubt-pg");
        Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwx--x--x"));
        settings = new PostgresSettings(base.resolve("postgres"), 0, "nobody");
    }

    @AfterAll
    static void leaveNothing() throws IOException {
        Trees.delete(base);
    }

    @Test
    void rows_survive_a_killed_server_which_starts_again_on_the_same_port() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start(settings)) {
            execute(postgres, "create table if not exists kept (n int)");
            execute(postgres, "insert into kept values (1)");
            long before = postgres.pid();
            kill(before, "KILL");
            assertThat(awaitCount(postgres)).isEqualTo(1);
            assertThat(postgres.pid()).isNotEqualTo(before);
            execute(postgres, "drop table kept");
        }
    }

    @Test
    void it_is_durable_asks_for_the_password_and_does_not_run_as_root() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start(settings)) {
            for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
                assertThat(ask(postgres, "show " + setting)).isEqualTo("on");
            }
            assertThatThrownBy(() ->
                            DriverManager.getConnection(
                                    postgres.jdbcUrl(), EmbeddedPostgres.USER, "wrong"))
                    .hasMessageContaining("password authentication failed");
            String status = Files.readString(Path.of("/proc/" + postgres.pid() + "/status"));
            assertThat(status.lines().filter(line -> line.startsWith("Uid:")).findFirst())
                    .get()
                    .asString()
                    .doesNotContain("\t0\t");
        }
    }

    @Test
    void the_server_ends_with_a_killed_owner_and_its_data_opens_again() throws Exception {
        Process owner =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                Owner.class.getName(),
                                settings.home().toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        long orphan;
        try (var lines = owner.inputReader()) {
            orphan = Long.parseLong(lines.readLine());
            owner.destroyForcibly().waitFor();
        }
        try (EmbeddedPostgres next = EmbeddedPostgres.start(settings)) {
            assertThat(next.pid()).isNotEqualTo(orphan);
            assertThat(ask(next, "select 1")).isEqualTo("1");
        }
        for (int waited = 0; ProcessHandle.of(orphan).isPresent() && waited < 100; waited++) {
            Thread.sleep(50);
        }
        assertThat(ProcessHandle.of(orphan)).isEmpty();
    }

    @Test
    void data_of_another_major_version_is_refused() throws Exception {
        EmbeddedPostgres.start(settings).close();
        Path version = settings.home().resolve("data/PG_VERSION");
        Files.writeString(version, "17\n");
        try {
            assertThatThrownBy(() -> EmbeddedPostgres.start(settings))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("holds data of PostgreSQL 17, this release brings 18");
        } finally {
            Files.writeString(version, "18\n");
        }
    }

    @Test
    void a_port_in_use_is_named() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            var there = new PostgresSettings(settings.home(), port, "nobody");
            assertThatThrownBy(() -> EmbeddedPostgres.start(there))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("port " + port + " of 127.0.0.1 is in use");
        }
    }

    @Test
    void root_without_the_servers_user_is_told_how_to_make_it() {
        if (!System.getProperty("user.name").equals("root")) {
            return; // nobody else has to change the user
        }
        var settingsOfNobody = new PostgresSettings(settings.home(), 0, "no-such-user");
        assertThatThrownBy(() -> EmbeddedPostgres.start(settingsOfNobody))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("has no user 'no-such-user'")
                .hasMessageContaining("useradd --system");
    }

    private static void execute(EmbeddedPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String ask(EmbeddedPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                var statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static int awaitCount(EmbeddedPostgres postgres)
            throws InterruptedException, SQLException {
        for (int attempt = 0; ; attempt++) {
            try {
                return Integer.parseInt(ask(postgres, "select count(*) from kept"));
            } catch (SQLException e) {
                if (attempt == 100) {
                    throw e;
                }
                Thread.sleep(100);
            }
        }
    }

    private static Connection connect(EmbeddedPostgres postgres) throws SQLException {
        return DriverManager.getConnection(
                postgres.jdbcUrl(), EmbeddedPostgres.USER, postgres.password());
    }

    private static void kill(long pid, String signal) throws IOException {
        assertThat(Command.run(List.of("kill", "-" + signal, Long.toString(pid))).status())
                .isZero();
    }

    /// Another process that starts the server and then waits to be killed.
    static final class Owner {
        private Owner() {}

        public static void main(String[] arguments) throws Exception {
            var there = new PostgresSettings(Path.of(arguments[0]), 0, "nobody");
            System.out.println(EmbeddedPostgres.start(there).pid());
            Thread.sleep(60_000);
        }
    }
}

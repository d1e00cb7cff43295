// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;

/// The control plane's own PostgreSQL: durable (fsync on), with a password, on the loopback interface.
///
/// The data outlives every crash. A server that dies is started again on the same port and data, without end, so users of
/// [#jdbcUrl()] see a gap of a second or two. When our own process is killed the server shuts down by itself; one that is
/// found running on the data is ended first.
public final class EmbeddedPostgres implements AutoCloseable {
    public static final String USER = "redoubt";

    private final Server server;
    private final int port;
    private final String password;

    private EmbeddedPostgres(Server server, int port, String password) {
        this.server = server;
        this.port = port;
        this.password = password;
    }

    /// Returns when the server takes connections.
    ///
    /// @throws FaultException with a [PostgresFault]
    public static EmbeddedPostgres start(PostgresSettings settings) throws IOException {
        Account account = Account.of(settings);
        Path home = openHome(settings.home(), account);
        Binaries binaries = Binaries.under(home);
        Path data = home.resolve("data");
        String password = password(home);
        if (Files.exists(data.resolve("PG_VERSION"))) {
            requireMajor(data);
        } else {
            initialise(binaries, account, home, data, password);
        }
        int port = settings.port() == 0 ? freePort() : requireFree(settings.port());
        var server = new Server(binaries, account, data, home.resolve("log"), port);
        server.start();
        return new EmbeddedPostgres(server, port, password);
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:%d/postgres".formatted(port);
    }

    public String password() {
        return password;
    }

    /// The present server's process; another one after a crash.
    public long pid() {
        return server.pid();
    }

    /// A fast shutdown: open transactions are rolled back, the data is clean.
    @Override
    public void close() {
        server.close();
    }

    /// The server's user passes through the home and owns only what is its own in it.
    private static Path openHome(Path home, Account account) throws IOException {
        Files.createDirectories(home);
        if (account.drop()) {
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        }
        account.requireEntry(home);
        return home;
    }

    private static String password(Path home) throws IOException {
        Path file = home.resolve("password");
        if (!Files.exists(file)) {
            byte[] secret = new byte[16];
            new SecureRandom().nextBytes(secret);
            Path half = home.resolve("password.half");
            Files.deleteIfExists(half);
            Files.createFile(
                    half,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.writeString(half, HexFormat.of().formatHex(secret));
            Files.move(half, file);
        }
        return Files.readString(file).strip();
    }

    /// Made beside the final name, so that a crash in the middle leaves no half data directory.
    private static void initialise(
            Binaries binaries, Account account, Path home, Path data, String password)
            throws IOException {
        Path half = home.resolve("data-half");
        Trees.delete(half);
        account.own(half);
        Path secret = half.resolveSibling("initdb-password");
        Files.writeString(secret, password);
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        account.give(secret);
        Command.Output made =
                Command.run(
                        account.command(
                                List.of(
                                        binaries.program("initdb"),
                                        "--pgdata=" + half,
                                        "--username=" + USER,
                                        "--auth=scram-sha-256",
                                        "--pwfile=" + secret,
                                        "--encoding=UTF8",
                                        "--locale-provider=builtin",
                                        "--locale=C.UTF-8",
                                        "--no-instructions")));
        Files.deleteIfExists(secret);
        if (made.status() != 0) {
            throw new FaultException(new PostgresFault.DidNotStart("initdb", made.tail()));
        }
        Files.move(half, data);
    }

    private static void requireMajor(Path data) throws IOException {
        String found = Files.readString(data.resolve("PG_VERSION")).strip();
        if (!found.equals(Binaries.MAJOR)) {
            throw new FaultException(new PostgresFault.OtherMajor(data, found, Binaries.MAJOR));
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static int requireFree(int port) {
        try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new FaultException(new PostgresFault.PortInUse(port), e);
        }
    }
}

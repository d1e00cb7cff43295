// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The servers that are compared, each over content that is already there, with a page cache in the same state.
final class Contest implements AutoCloseable {
    private static final String PASSPHRASE = "for measuring only";
    private static final String NO_CLOCK = "Unable to get accurate CPU usage";
    private static final int LUKS_TRIES = 10;
    private static final int LUKS_MILLIS = 10; // of deriving its key: it happens once, at the start

    private final List<Server> servers = new ArrayList<>();
    private final Optional<Path> file;
    private final Renewal renewal;
    private int renewed;

    /// How all servers begin again, where each cell wants that.
    private interface Renewal {
        /// Where one beginning is enough.
        Renewal NONE =
                new Renewal() {
                    @Override
                    public void begin(List<Server> servers, int count) {}

                    @Override
                    public boolean isWanted() {
                        return false;
                    }
                };

        /// @param count how many times before
        void begin(List<Server> servers, int count);

        default boolean isWanted() {
            return true;
        }
    }

    private Contest(Optional<Path> file, Renewal renewal) {
        this.file = file;
        this.renewal = renewal;
    }

    /// One raw file for all.
    static Contest plain(Path directory, Fio fio, long bytes) {
        var contest = new Contest(Optional.of(Server.file(directory)), Renewal.NONE);
        try {
            contest.servers.add(Server.redoubt(directory, bytes, List.of()));
            Path file = Server.file(directory);
            fio.fill(file, bytes);
            contest.servers.add(
                    Server.qemuNbd(directory, List.of("--format=raw", file.toString())));
            contest.servers.add(Server.nbdkit(directory, List.of("file", "file=" + file)));
            return contest;
        } catch (FaultException e) {
            contest.close();
            throw e;
        }
    }

    /// Ours encrypted and with checksums; the others over one LUKS image, which has no checksums: they do less.
    static Contest sealed(Path directory, Fio fio, long bytes) {
        var contest = new Contest(Optional.empty(), Renewal.NONE);
        try {
            contest.servers.add(
                    Server.redoubt(
                            directory,
                            bytes,
                            List.of(
                                    "--encrypt",
                                    "--integrity",
                                    "--region-key=" + directory.resolve("region.key"))));
            Path image = directory.resolve("luks.img");
            Path passphrase = Files.writeString(directory.resolve("passphrase"), PASSPHRASE);
            String secret = "secret,id=sec0,file=" + passphrase;
            makeLuks(directory, secret, image, bytes);
            contest.servers.add(
                    Server.qemuNbd(
                            directory,
                            List.of(
                                    "--object",
                                    secret,
                                    "--image-opts",
                                    "driver=luks,key-secret=sec0,file.driver=file,file.filename="
                                            + image)));
            contest.servers.add(
                    Server.nbdkit(
                            directory,
                            List.of(
                                    "--filter=luks",
                                    "file",
                                    "file=" + image,
                                    "passphrase=+" + passphrase)));
            fio.fillOverNbd(contest.servers.get(0).uri(), bytes);
            fio.fillOverNbd(contest.servers.get(1).uri(), bytes);
            return contest;
        } catch (FaultException e) {
            contest.close();
            throw e;
        } catch (IOException e) {
            contest.close();
            throw new UncheckedIOException(e);
        }
    }

    /// qemu-img measures how fast this host derives keys, by a clock that on some hosts stands still meanwhile: it then gives up, once in
    /// thirty times, and is asked again.
    private static void makeLuks(Path directory, String secret, Path image, long bytes) {
        List<String> words =
                List.of(
                        "qemu-img",
                        "create",
                        "-q",
                        "-f",
                        "luks",
                        "--object",
                        secret,
                        "-o",
                        "key-secret=sec0,iter-time=" + LUKS_MILLIS,
                        image.toString(),
                        Long.toString(bytes));
        for (int tries = 1; ; tries++) {
            try {
                Tool.run(directory, Fio.SECONDS_MORE, words);
                return;
            } catch (FaultException e) {
                if (tries == LUKS_TRIES || !e.fault().message().contains(NO_CLOCK)) {
                    throw e;
                }
            }
        }
    }

    /// Each cell begins right after a snapshot: ours by its own layer, qemu-nbd's a new qcow2 file over a raw one, nbdkit's a temporary
    /// layer (`cow`), which is gone with its process.
    static Contest afterSnapshot(Path directory, Fio fio, long bytes) {
        Path base = directory.resolve("base.raw");
        Path overlay = directory.resolve("overlay.qcow2");
        var contest =
                new Contest(
                        Optional.empty(),
                        (servers, count) -> {
                            servers.add(
                                    Server.redoubt(
                                            directory, bytes, List.of("--snapshot=s" + count)));
                            Tool.run(
                                    directory,
                                    Fio.SECONDS_MORE,
                                    List.of(
                                            "qemu-img",
                                            "create",
                                            "-q",
                                            "-f",
                                            "qcow2",
                                            "-b",
                                            base.toString(),
                                            "-F",
                                            "raw",
                                            overlay.toString()));
                            servers.add(
                                    Server.qemuNbd(
                                            directory,
                                            List.of("--format=qcow2", overlay.toString())));
                            servers.add(
                                    Server.nbdkit(
                                            directory,
                                            List.of("--filter=cow", "file", "file=" + base)));
                        });
        Server.redoubt(directory, bytes, List.of()).close(); // makes the file
        fio.fill(Server.file(directory), bytes);
        Tool.run(
                directory,
                Fio.SECONDS_MORE,
                List.of("truncate", "--size=" + bytes, base.toString()));
        fio.fill(base, bytes);
        return contest;
    }

    /// Before a cell: where a snapshot is taken for each, the servers are others afterwards.
    void renew() {
        if (renewal.isWanted()) {
            close();
            servers.clear();
            renewal.begin(servers, renewed++);
        }
    }

    List<Server> servers() {
        return servers;
    }

    /// What all of them serve, when that is one file.
    Optional<Path> file() {
        return file;
    }

    @Override
    public void close() {
        servers.forEach(Server::close);
    }
}

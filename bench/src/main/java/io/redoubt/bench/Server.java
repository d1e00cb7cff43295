// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A process that serves the file over NBD on a Unix socket, for as long as the bench runs.
final class Server implements AutoCloseable {
    private static final long READY_SECONDS = 60;
    private static final long END_SECONDS = 10;
    private static final long TICKS_OF_A_SECOND = 100; // USER_HZ, fixed in Linux' interface

    private final String name;
    private final String uri;
    private final Process process;

    private Server(String name, String uri, Process process) {
        this.name = name;
        this.uri = uri;
        this.process = process;
    }

    /// Ours: the process that `redoubt volume serve` is, with all the layers of a plain volume.
    static Server redoubt(Path directory, long size, List<String> more) {
        Path socket = directory.resolve("redoubt.sock");
        var words =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx512m",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.redoubt.node.NodeMain",
                                "volume",
                                "serve",
                                "--size=" + size,
                                "--dir=" + volume(directory),
                                "--socket=" + socket));
        words.addAll(more);
        return start("redoubt", directory, socket, "volume", words);
    }

    /// The raw file that our server made, and that the others serve as well.
    static Path file(Path directory) {
        return volume(directory).resolve("volume.raw");
    }

    private static Path volume(Path directory) {
        return directory.resolve("volume");
    }

    /// @param image the words that say what it serves
    static Server qemuNbd(Path directory, List<String> image) {
        Path socket = directory.resolve("qemu.sock");
        var words =
                new ArrayList<>(
                        List.of(
                                "qemu-nbd",
                                "--persistent",
                                "--shared=16",
                                "--cache=writeback",
                                "--aio=threads",
                                "--discard=unmap",
                                "--socket=" + socket));
        words.addAll(image);
        return start("qemu-nbd", directory, socket, "", words);
    }

    /// @param image the words that say what it serves
    static Server nbdkit(Path directory, List<String> image) {
        Path socket = directory.resolve("nbdkit.sock");
        var words = new ArrayList<>(List.of("nbdkit", "--foreground", "--unix=" + socket));
        words.addAll(image);
        return start("nbdkit", directory, socket, "", words);
    }

    private static Server start(
            String name, Path directory, Path socket, String export, List<String> words) {
        if (!words.getFirst().contains("/")) {
            Tool.requireInstalled(words.getFirst());
        }
        Path log = directory.resolve(name + ".log");
        try {
            Files.deleteIfExists(socket); // of one before: it would look ready at once
            Process process =
                    new ProcessBuilder(words)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            var server = new Server(name, "nbd+unix:///" + export + "?socket=" + socket, process);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_SECONDS);
            while (!Files.exists(socket)) {
                if (!process.isAlive() || System.nanoTime() - end > 0) {
                    server.close();
                    throw new FaultException(
                            new BenchFault.NotReady(
                                    name, READY_SECONDS, Files.readString(log, UTF_8)));
                }
                Thread.sleep(20);
            }
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(
                    new BenchFault.NotReady(name, READY_SECONDS, "interrupted"), e);
        }
    }

    String name() {
        return name;
    }

    String uri() {
        return uri;
    }

    long cpuMicros() {
        return cpuMicros(process.pid());
    }

    /// Processor time of all threads of a process, also of those that ended, in microseconds; the kernel counts in hundredths of a second.
    static long cpuMicros(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12]))
                    * (1_000_000 / TICKS_OF_A_SECOND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException _) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

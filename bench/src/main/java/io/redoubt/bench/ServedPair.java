// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.bench.group.KeyFile;
import io.redoubt.bench.group.ReceiverMain;
import io.redoubt.bench.group.SourceMain;
import io.redoubt.core.fault.FaultException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A protected volume with its receiver, and the same volume unprotected, each in a process of its own, served over NBD.
final class ServedPair implements AutoCloseable {
    private static final String HEAP = "512m";
    private static final String RECEIVER_HEAP = "1g";
    private static final long TOOL_SECONDS = 60;
    private static final int INTERVAL_MILLIS = 5_000;
    private static final double NANOS_OF_A_SECOND = 1e9;

    private final Peer receiver;
    private final Peer source;
    private final Peer plain;
    private final Path directory;
    private final long bytes;

    private ServedPair(Peer receiver, Peer source, Peer plain, Path directory, long bytes) {
        this.receiver = receiver;
        this.source = source;
        this.plain = plain;
        this.directory = directory;
        this.bytes = bytes;
    }

    /// Both volumes are filled; the link is not open yet.
    ///
    /// @param directory of the volumes
    /// @param journal   a directory, most often on another file system
    static ServedPair start(Path directory, Path journal, long bytes) {
        Path keys = keys(directory);
        Peer receiver =
                Peer.start("receiver", ReceiverMain.class, RECEIVER_HEAP, directory, journal, keys);
        try {
            Peer source = source("protected", directory, bytes, 1, keys.toString());
            try {
                Peer plain = source("plain", directory, bytes, 1, "-");
                var pair = new ServedPair(receiver, source, plain, directory, bytes);
                String[] _ = source.ask("fill");
                String[] _ = plain.ask("fill");
                return pair;
            } catch (FaultException e) {
                source.close();
                throw e;
            }
        } catch (FaultException e) {
            receiver.close();
            throw e;
        }
    }

    static Peer source(String name, Path directory, long bytes, int volumes, String keys) {
        return Peer.start(
                name,
                SourceMain.class,
                HEAP,
                directory,
                directory.resolve(name),
                socket(directory, name),
                bytes,
                volumes,
                INTERVAL_MILLIS,
                keys);
    }

    static Path keys(Path directory) {
        Path keys = directory.resolve("keys.p12");
        if (!Files.exists(keys)) {
            String _ = Tool.run(directory, TOOL_SECONDS, KeyFile.command(keys));
        }
        return keys;
    }

    private static Path socket(Path directory, String name) {
        return directory.resolve(name + ".sock");
    }

    /// For fio.
    String uri(boolean isProtected) {
        return "nbd+unix:///volume?socket="
                + socket(directory, isProtected ? "protected" : "plain");
    }

    long bytes() {
        return bytes;
    }

    Peer served(boolean isProtected) {
        return isProtected ? source : plain;
    }

    Peer receiver() {
        return receiver;
    }

    int port() {
        return Integer.parseInt(receiver.ready()[0]);
    }

    void go(int port) {
        String[] _ = source.ask("go", port);
    }

    void hold() {
        String[] _ = source.ask("hold");
    }

    /// @param mode    of the volume when the draining began
    /// @param seconds since the link stood
    record Drained(String mode, double seconds) {}

    /// Without load: until the receiver has everything.
    Drained drain() {
        String[] said = source.ask("drain");
        return new Drained(said[0], Long.parseLong(said[1]) / NANOS_OF_A_SECOND);
    }

    /// Writes into the process itself, at random places.
    /// @param randomPercent of what is written; the rest compresses well
    void spool(int block, long amount, int randomPercent) {
        String[] _ = source.ask("spool", block, amount, randomPercent);
    }

    @Override
    public void close() {
        source.close();
        plain.close();
        receiver.close();
    }
}

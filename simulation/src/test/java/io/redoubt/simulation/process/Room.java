// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/// An ext4 of its own for the journal, which somebody else can fill. Needs root.
final class Room {
    private static final long LEAST = 4096;

    private final Path mount;
    private final Path image;

    Room(Path mount, Path image, long bytes) throws Exception {
        this.mount = mount;
        this.image = image;
        Files.createDirectories(mount);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        Command.run("mkfs.ext4", "-q", "-m", "0", image.toString());
        Command.run("mount", "-o", "loop", image.toString(), mount.toString());
    }

    /// Whether this account may mount.
    static boolean possible() {
        return Command.isRoot() && Files.exists(Path.of("/dev/loop-control"));
    }

    Path directory() {
        return mount.resolve(ReceiverProcess.JOURNAL);
    }

    /// Somebody takes all that is free, to the last block.
    void fill() throws IOException, InterruptedException {
        long free = mount.toFile().getUsableSpace();
        for (int part = 0; free > LEAST; part++) {
            try {
                Command.run("fallocate", "-l", Long.toString(free), stranger(part).toString());
            } catch (IOException full) {
                Files.deleteIfExists(stranger(part));
                free /= 2;
            }
        }
    }

    /// It goes away again.
    void clear() throws IOException {
        for (int part = 0; part < Long.SIZE; part++) {
            Files.deleteIfExists(stranger(part));
        }
    }

    private Path stranger(int part) {
        return mount.resolve("stranger-" + part);
    }

    /// Nobody uses it any more.
    void remove() throws Exception {
        Command.run("umount", mount.toString());
        Files.delete(image);
    }
}

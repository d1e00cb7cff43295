// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemDisk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// An ext4 of a fixed size on a loop device. Needs root.
public final class FixedFileSystem {
    private final Path image;
    private final Path mount;

    public FixedFileSystem(long bytes) throws Exception {
        image = Files.createTempFile("redoubt-fs", ".img");
        mount = Files.createTempDirectory("redoubt-fs");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        run("mkfs.ext4", "-q", "-m", "0", image.toString());
        run("mount", "-o", "loop", image.toString(), mount.toString());
    }

    /// Whether this account may mount.
    public static boolean possible() {
        return "root".equals(System.getProperty("user.name"))
                && Files.exists(Path.of("/dev/loop-control"));
    }

    public Path path() {
        return mount;
    }

    /// Something else takes all that is free, to the last block.
    void fill() {
        var disk = new SystemDisk(mount.resolve("stranger"));
        try (DiskFile file = disk.exists("f") ? disk.open("f") : disk.create("f")) {
            long free = disk.freeBytes();
            while (free > 4096) {
                try {
                    file.allocate(file.size() + free);
                } catch (RuntimeException e) {
                    free /= 2;
                }
            }
        }
    }

    void strangerLeaves() {
        var disk = new SystemDisk(mount.resolve("stranger"));
        disk.list().forEach(disk::delete);
    }

    private static void run(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(words)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", words) + ": " + said);
        }
    }

    void unmount() throws Exception {
        run("umount", mount.toString());
        Files.delete(mount);
        Files.delete(image);
    }
}

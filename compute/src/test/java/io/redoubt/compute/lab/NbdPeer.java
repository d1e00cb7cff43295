// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.lab;

import io.redoubt.compute.host.Pause;
import io.redoubt.compute.hypervisor.DiskSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A `qemu-nbd` that serves one image; it can be killed and started again at the same path.
public final class NbdPeer {
    private static final Duration START_BOUND = Duration.ofSeconds(10);
    private static final String REFUSING =
            "driver=blkdebug,inject-error.0.event=pwritev,inject-error.0.errno=1,image.driver=file,image.filename=";
    private final String name;
    private final Path socket;
    private final Path image;
    private boolean refuses;
    private @Nullable Process process;

    NbdPeer(String name, Path socket, Path image) {
        this.name = name;
        this.socket = socket;
        this.image = image;
    }

    public DiskSpec disk() {
        return new DiskSpec(name, socket, name + "-1");
    }

    void refuseWrites() {
        refuses = true;
    }

    public void start() {
        try {
            Files.deleteIfExists(socket);
            process =
                    new ProcessBuilder(
                                    "qemu-nbd",
                                    "--persistent",
                                    "--shared=4",
                                    "--export-name=" + name + "-1",
                                    "--socket=" + socket,
                                    "--image-opts",
                                    refuses
                                            ? REFUSING + image
                                            : "driver=raw,file.filename=" + image)
                            .inheritIO()
                            .start();
            long end = System.nanoTime() + START_BOUND.toNanos();
            while (!Files.exists(socket)) {
                if (System.nanoTime() - end > 0 || !process.isAlive()) {
                    throw new IllegalStateException("qemu-nbd did not start for " + image);
                }
                Pause.of(Duration.ofMillis(5));
            }
            Lab.runAs().ifPresent(user -> user.own(socket, "rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// SIGKILL: its clients see the connection end, and nothing else.
    public void kill() {
        if (process != null) {
            process.destroyForcibly();
            process.onExit().join();
        }
    }
}

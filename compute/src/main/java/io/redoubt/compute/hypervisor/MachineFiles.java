// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.HostProcess;
import io.redoubt.compute.host.LineSocket;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The directory of one machine and what stands in it.
record MachineFiles(MachineId id, Path directory) {
    static MachineFiles below(Path base, MachineId id) {
        return new MachineFiles(id, base.toAbsolutePath().normalize().resolve(id.value()));
    }

    Path monitor() {
        return LineSocket.requireShort(directory.resolve("qmp"));
    }

    Path agent() {
        return LineSocket.requireShort(directory.resolve("agent"));
    }

    /// Written and locked by QEMU itself: two processes on one directory exclude each other.
    Path pidFile() {
        return directory.resolve("pid");
    }

    SerialLog serial() {
        return new SerialLog(directory.resolve("serial.log"));
    }

    /// What QEMU itself says.
    Path log() {
        return directory.resolve("qemu.log");
    }

    Path seed(int number) {
        return directory.resolve("seed-" + number);
    }

    /// The process that runs on this directory. A number that meanwhile belongs to another program is no process of ours. QEMU takes the
    /// file away when it ends, at any moment.
    Optional<HostProcess> process() {
        try {
            String text = Files.readString(pidFile()).strip();
            return text.matches("\\d{1,10}")
                    ? HostProcess.find(Long.parseLong(text)).filter(this::isOurs)
                    : Optional.empty();
        } catch (NoSuchFileException _) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isOurs(HostProcess process) {
        return process.arguments().contains(pidFile().toString());
    }

    /// All of it; the directory holds files and sockets only.
    void delete() {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                Files.deleteIfExists(entry); // QEMU that ends takes some away itself
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

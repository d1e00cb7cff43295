// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.HostFault;
import io.redoubt.compute.host.HostProcess;
import io.redoubt.compute.host.LineSocket;
import io.redoubt.compute.host.Pause;
import io.redoubt.compute.host.RunAs;
import io.redoubt.core.MachineId;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The real hypervisor: one QEMU process for each machine.
///
/// Each has a directory of its own below `base`, mode 0700. The process leads its own session, its streams go to files, so the end
/// of the JVM that started it does not touch it.
///
/// @param base      short: the sockets stand below it
/// @param runAs     as whom QEMU runs; required when this JVM is root
/// @param reconnect how long a disk may be away before its requests fail (and the machine pauses). QEMU tries again 1, 3, 7, 15, 31 s
///                  and so on after the loss, so of 30 s the last half is lost: 35 s bridges what a server needs to restart
public record Qemu(
        QemuProgram program,
        Path base,
        Optional<RunAs> runAs,
        Accelerator accelerator,
        Duration reconnect)
        implements Hypervisor {
    private static final Duration START_BOUND = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(5);

    /// @throws FaultException with [HypervisorFault.WouldRunAsRoot]
    public Qemu {
        if (runAs.isEmpty() && RunAs.currentUid() == 0) {
            throw new FaultException(new HypervisorFault.WouldRunAsRoot());
        }
    }

    @Override
    public Machine start(MachineSpec spec, Consumer<MachineEvent> events) {
        MachineFiles files = MachineFiles.below(base, spec.id());
        files.process()
                .ifPresent(running -> {
                    throw new FaultException(
                            new HypervisorFault.RunsAlready(spec.id(), running.pid()));
                });
        List<String> seedNames = prepare(files, spec);
        long serialStart = files.serial().end();
        Process process = launch(files, spec, seedNames);
        try {
            return awaitMonitor(files, process, serialStart, events);
        } catch (FaultException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    @Override
    public Optional<Machine> adopt(MachineId id, Consumer<MachineEvent> events) {
        MachineFiles files = MachineFiles.below(base, id);
        return files.process()
                .map(found -> new QemuMachine(files, found, files.serial().end(), events));
    }

    @Override
    public void discard(MachineId id) {
        MachineFiles files = MachineFiles.below(base, id);
        requireEnded(files);
        files.delete();
    }

    private static void requireEnded(MachineFiles files) {
        files.process()
                .ifPresent(running -> {
                    throw new FaultException(
                            new HypervisorFault.RunsAlready(files.id(), running.pid()));
                });
    }

    private List<String> prepare(MachineFiles files, MachineSpec spec) {
        files.monitor();
        files.agent();
        spec.disks().forEach(disk -> LineSocket.requireShort(disk.socket()));
        runAs.ifPresent(user -> {
            user.requireReach(files.directory());
            spec.disks().forEach(disk -> user.requireConnect(disk.socket()));
        });
        try {
            Files.createDirectories(files.directory());
            Files.setPosixFilePermissions(
                    files.directory(), PosixFilePermissions.fromString("rwx------"));
            runAs.ifPresent(user -> user.own(files.directory(), "rwx------"));
            Files.deleteIfExists(files.monitor());
            Files.deleteIfExists(files.agent());
            return writeSeeds(files, spec);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> writeSeeds(MachineFiles files, MachineSpec spec) throws IOException {
        var names = new ArrayList<String>();
        for (var seed : new TreeMap<>(spec.seeds()).entrySet()) {
            Path file = files.seed(names.size());
            Files.writeString(file, seed.getValue());
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            runAs.ifPresent(user -> user.own(file, "rw-------"));
            names.add(seed.getKey());
        }
        return names;
    }

    private Process launch(MachineFiles files, MachineSpec spec, List<String> seedNames) {
        // setsid and setpriv replace themselves by the next word, so the process number is QEMU's
        // from the start.
        var words = new ArrayList<>(List.of("setsid"));
        words.addAll(prefix());
        words.addAll(
                new QemuCommand(program.path(), accelerator, reconnect).of(spec, files, seedNames));
        var builder = new ProcessBuilder(words).directory(files.directory().toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().put("LC_ALL", "C");
        try {
            return builder.redirectInput(Path.of("/dev/null").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(files.log().toFile()) // of this start only
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> prefix() {
        List<Integer> groups = accelerator == Accelerator.KVM ? KvmDevice.groups() : List.of();
        return runAs.map(user -> user.prefix(groups)).orElse(List.of("setpriv", "--no-new-privs"));
    }

    /// QEMU writes its process number first and opens its monitor later.
    private static Machine awaitMonitor(
            MachineFiles files, Process process, long serialStart, Consumer<MachineEvent> events) {
        long end = System.nanoTime() + START_BOUND.toNanos();
        while (process.isAlive() && System.nanoTime() - end < 0) {
            Optional<HostProcess> found = files.process();
            if (found.isPresent() && Files.exists(files.monitor())) {
                try {
                    return new QemuMachine(files, found.get(), serialStart, events);
                } catch (FaultException e) {
                    // No monitor yet, or none any more: whether the process lives decides.
                    if (!(e.fault() instanceof HostFault.NoPeer)
                            && !(e.fault() instanceof HypervisorFault.Gone)) {
                        throw e;
                    }
                }
            }
            Pause.of(POLL);
        }
        String said = new SerialLog(files.log()).lastLines();
        throw new FaultException(new HypervisorFault.DidNotStart(files.id(), said));
    }
}

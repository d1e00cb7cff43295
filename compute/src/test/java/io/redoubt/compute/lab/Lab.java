// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.lab;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.compute.host.Command;
import io.redoubt.compute.host.Pause;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.hypervisor.Accelerator;
import io.redoubt.compute.hypervisor.DiskSpec;
import io.redoubt.compute.hypervisor.Machine;
import io.redoubt.compute.hypervisor.MachineEvent;
import io.redoubt.compute.hypervisor.MachineSpec;
import io.redoubt.compute.hypervisor.Nic;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A directory, disks and machines of one test. All of it ends with the test.
public final class Lab implements AutoCloseable {
    /// Kept between runs of the tests, gone with `mvn clean`.
    public static final Path CACHE = Path.of("target/lab-cache").toAbsolutePath();

    public static final Duration BOOT_BOUND = Duration.ofSeconds(60);
    private static final Duration AWAIT_BOUND = Duration.ofSeconds(30);
    private static final String DISK = "root";

    public final Path directory;
    public final List<MachineEvent> events = new CopyOnWriteArrayList<>();
    private final List<NbdPeer> peers = new ArrayList<>();
    private final List<Machine> machines = new ArrayList<>();

    public Lab() throws IOException {
        directory = Files.createTempDirectory("rdt");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    public static synchronized Template tiny() {
        return new TinyTemplate(CACHE, System.out::println).require();
    }

    /// Guests run as `nobody` when the tests run as root, and as the tests' own user otherwise.
    public static Optional<RunAs> runAs() {
        return RunAs.currentUid() == 0 ? Optional.of(RunAs.user("nobody")) : Optional.empty();
    }

    /// @param reconnect how long a disk may be away
    public Qemu qemu(Duration reconnect) {
        return new Qemu(QemuProgram.find(), directory, runAs(), Accelerator.TCG, reconnect);
    }

    /// A server for a copy of the template's disk.
    public NbdPeer tinyDisk() throws IOException {
        Path image = directory.resolve("root.raw");
        Command.of("cp", "--sparse=always", Lab.tiny().image().toString(), image.toString())
                .require();
        Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rw-------"));
        return serve(DISK, image);
    }

    /// A server for an empty disk.
    public NbdPeer emptyDisk(String name, Bytes size) throws IOException {
        Path image = directory.resolve(name + ".raw");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(size.value());
        }
        return serve(name, image);
    }

    /// A server that answers every write with "not permitted", as a fenced volume does.
    public NbdPeer refusingDisk(String name, Bytes size) throws IOException {
        NbdPeer peer = emptyDisk(name, size);
        peer.kill();
        peer.refuseWrites();
        peer.start();
        return peer;
    }

    /// Makes a disk as empty as it was; its server must not run.
    public void blank(String name) throws IOException {
        try (var file = new RandomAccessFile(directory.resolve(name + ".raw").toFile(), "rw")) {
            long size = file.length();
            file.setLength(0);
            file.setLength(size);
        }
    }

    public MachineSpec spec(Map<String, String> seeds, Nic nic, boolean paused) {
        List<DiskSpec> disks = peers.stream().map(NbdPeer::disk).toList();
        return new MachineSpec(
                new MachineId("m1"), Bytes.mebibytes(192), 1, disks, seeds, nic, paused);
    }

    public Machine start(Qemu qemu, MachineSpec spec) {
        Machine machine = qemu.start(spec, events::add);
        machines.add(machine);
        return machine;
    }

    /// The machine ends with the test, whoever started it.
    public Machine owned(Machine machine) {
        machines.add(machine);
        return machine;
    }

    @Override
    public void close() throws IOException {
        machines.forEach(Machine::kill);
        machines.forEach(Machine::close);
        peers.forEach(NbdPeer::kill);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /// Waits for at most 30 s.
    public static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + AWAIT_BOUND.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("nothing came within " + AWAIT_BOUND.toSeconds() + " s");
            }
            Pause.of(Duration.ofMillis(20));
        }
    }

    private NbdPeer serve(String name, Path image) {
        var peer = new NbdPeer(name, directory.resolve(name + ".sock"), image);
        peers.add(peer);
        peer.start();
        return peer;
    }
}

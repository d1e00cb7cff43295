// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Pause;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.hypervisor.Accelerator;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.storage.NodeStorage;
import io.redoubt.node.storage.StreamDialer;
import io.redoubt.node.storage.TemplateImages;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.StopMachine;
import io.redoubt.protocol.StopMode;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A real guest on a thin volume whose datastore becomes full (requirement A81).
class ThinGrowthTest {
    private static final long MIB = 1 << 20;
    private static final Duration BOOT_MAX = Duration.ofMinutes(2);
    private static final Path CACHE = Path.of("target/lab-cache").toAbsolutePath();

    /// Writes the same random MiB to every place of the second disk, then reads all of them again.
    private static final String WRITER =
            """
            #!/bin/sh
            dd if=/dev/urandom of=/tmp/x bs=1M count=1 2>/dev/null
            want=$(md5sum < /tmp/x)
            for n in $(seq 0 63); do
                dd if=/tmp/x of=/dev/vdb bs=1M seek=$n conv=fsync 2>/dev/null || echo "WRITE-FAILED $n"
                echo "WRITTEN $n"
            done
            echo 3 > /proc/sys/vm/drop_caches
            for n in $(seq 0 63); do
                got=$(dd if=/dev/vdb bs=1M skip=$n count=1 2>/dev/null | md5sum)
                [ "$got" = "$want" ] || echo "DIFFERS $n"
            done
            echo "ALL-READ"
            """;

    private final boolean root = RunAs.currentUid() == 0;
    private final Path home;
    private NodeStorage storage;
    private Machines machines;
    private final Qemu qemu;
    private String serialLog = "";

    ThinGrowthTest() throws Exception {
        home = Files.createTempDirectory("rdt");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        storage = storage();
        Optional<RunAs> account = root ? Optional.of(RunAs.user("nobody")) : Optional.empty();
        Path guests = home.resolve("m");
        Files.createDirectory(guests);
        Files.setPosixFilePermissions(guests, PosixFilePermissions.fromString("rwx--x--x"));
        qemu =
                new Qemu(
                        QemuProgram.find(),
                        guests,
                        account,
                        Accelerator.TCG,
                        Duration.ofSeconds(10));
        machines = machines();
    }

    private NodeStorage storage() throws Exception {
        return new NodeStorage(
                home,
                new SystemClock(),
                new StreamDialer(SSLContext.getDefault()),
                root ? SocketAccess.group("nogroup") : SocketAccess.OWNER,
                new TemplateImages(CACHE),
                "127.0.0.1");
    }

    private Machines machines() {
        return new Machines(new Told(new SystemDisk(home.resolve("told"))), storage, () -> qemu);
    }

    /// The node's process ends and another one takes over; the guest's QEMU goes on.
    private void restartNode() throws Exception {
        machines.letGo();
        storage.close();
        storage = storage();
        storage.start();
        machines = machines();
        machines.start();
    }

    @AfterEach
    void end() throws IOException {
        machines.delete("m1");
        storage.close();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    @Tag("long")
    void a_guest_that_finds_its_datastore_full_is_paused_and_goes_on_unharmed_once_it_has_grown()
            throws Exception {
        pauseForWantOfRoom();
        growAndSeeItGoOn();
    }

    @Test
    @Tag("long")
    void a_pause_for_want_of_room_that_outlives_the_nodes_process_ends_when_there_is_room()
            throws Exception {
        pauseForWantOfRoom();
        restartNode();
        assertThat(report().getState()).isEqualTo(MachineState.MACHINE_PAUSED);
        assertThat(report().getReason()).contains("its datastore is full");
        growAndSeeItGoOn();
    }

    @Test
    @Tag("long")
    void a_machine_that_was_also_paused_by_an_order_stays_so_over_a_restart_of_the_node()
            throws Exception {
        pauseForWantOfRoom();
        var _ =
                machines.stop(
                        StopMachine.newBuilder().setMachine("m1").setMode(StopMode.PAUSE).build());
        restartNode();
        datastore(96 * MIB);
        machines.resumeThoseWithRoom();
        Pause.of(Duration.ofMillis(500));
        assertThat(report().getState()).isEqualTo(MachineState.MACHINE_PAUSED);
        machines.resume("m1");
        await("it goes on to its end", () -> text(serialLog).contains("ALL-READ"));
    }

    private void pauseForWantOfRoom() {
        storage.start();
        datastore(40 * MIB);
        tell(
                Command.newBuilder()
                        .setEnsureVolume(
                                EnsureVolume.newBuilder()
                                        .setVolume("root")
                                        .setSizeBytes(256 * MIB)
                                        .setTemplate("tiny")));
        tell(
                Command.newBuilder()
                        .setEnsureVolume(
                                EnsureVolume.newBuilder()
                                        .setVolume("data")
                                        .setSizeBytes(64 * MIB)
                                        .setDatastore("ds")
                                        .setThin(true)));
        var wanted =
                EnsureMachine.newBuilder()
                        .setMachine("m1")
                        .setMemoryBytes(192 * MIB)
                        .setVcpus(1)
                        .setTemplate("tiny")
                        .setUserData(WRITER);
        for (String volume : new String[] {"root", "data"}) {
            var attachment = Attachment.newBuilder().setNumber(1).setNonce("n");
            tell(
                    Command.newBuilder()
                            .setRaiseAttachment(
                                    RaiseAttachment.newBuilder()
                                            .setVolume(volume)
                                            .setAttachment(attachment)
                                            .setHolder("m1")));
            wanted.addDisks(MachineDisk.newBuilder().setVolume(volume).setAttachment(attachment));
        }
        serialLog = machines.ensure(wanted.build()).getSerialLog();

        await("it is paused", () -> report().getState() == MachineState.MACHINE_PAUSED);
        await("it says why", () -> report().getReason().contains("its datastore is full"));
        assertThat(text(serialLog))
                .contains("WRITTEN 30")
                .doesNotContain("WRITE-FAILED", "WRITTEN 45");

        machines.resumeThoseWithRoom();
        Pause.of(Duration.ofMillis(500));
        assertThat(report().getState()).isEqualTo(MachineState.MACHINE_PAUSED);
    }

    private void growAndSeeItGoOn() {
        datastore(96 * MIB);
        machines.resumeThoseWithRoom();
        await("it goes on to its end", () -> text(serialLog).contains("ALL-READ"));
        assertThat(text(serialLog)).doesNotContain("WRITE-FAILED", "DIFFERS", "I/O error");
        assertThat(report().getState()).isEqualTo(MachineState.MACHINE_RUNNING);
        assertThat(report().getReason()).isEmpty();
    }

    private void datastore(long bytes) {
        tell(
                Command.newBuilder()
                        .setEnsureDatastore(
                                EnsureDatastore.newBuilder()
                                        .setDatastore("ds")
                                        .setPool("home")
                                        .setSizeBytes(bytes)));
    }

    private void tell(Command.Builder command) {
        var _ = storage.carryOut(command.build());
    }

    private MachineReport report() {
        return machines.reports().getFirst();
    }

    private static String text(String log) {
        try {
            return Files.readString(Path.of(log));
        } catch (IOException e) {
            return "";
        }
    }

    private static void await(String what, BooleanSupplier check) {
        long end = System.nanoTime() + BOOT_MAX.toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Pause.of(Duration.ofMillis(50));
        }
    }
}

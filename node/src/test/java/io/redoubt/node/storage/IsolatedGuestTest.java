// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.DISK;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Pause;
import io.redoubt.compute.hypervisor.Accelerator;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.machines.IsolationGuard;
import io.redoubt.node.machines.Machines;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Rule 3 with a real guest that writes without a pause, real grants of a receiver, and no control plane.
class IsolatedGuestTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String WRITER =
            """
            #!/bin/sh
            n=0
            while true; do
                dd if=/dev/zero of=/dev/vdb bs=4096 count=1 seek=$((n % 1000)) conv=fsync,notrunc 2>/dev/null || echo "WRITE-FAILED $n"
                n=$((n + 1))
                echo "WRITTEN $n"
            done
            """;

    private final Path home;
    private TwoSides sides;
    private Machines machines;
    private String serial = "";

    IsolatedGuestTest() throws IOException {
        home = Files.createTempDirectory("rdi"); // short: sockets have short names
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @BeforeEach
    void start() throws Exception {
        sides = new TwoSides(home);
        Files.setPosixFilePermissions(
                home.resolve("old"), PosixFilePermissions.fromString("rwx--x--x"));
        Path guests = Files.createDirectory(home.resolve("m"));
        Files.setPosixFilePermissions(guests, PosixFilePermissions.fromString("rwx--x--x"));
        var qemu =
                new Qemu(
                        QemuProgram.find(),
                        guests,
                        TestedStorage.account(),
                        Accelerator.TCG,
                        Duration.ofSeconds(10));
        machines =
                new Machines(
                        new Told(new SystemDisk(home.resolve("told"))),
                        sides.old.storage(),
                        () -> qemu);
    }

    @AfterEach
    void end() throws Exception {
        machines.delete("m1");
        sides.close();
        Volumes.deleteTree(home);
    }

    @Test
    @Tag("long")
    void a_guest_of_an_isolated_node_stands_still_and_goes_on_without_an_error() throws Exception {
        var clock = new SystemClock();
        var guard =
                new IsolationGuard(
                        new Told(new SystemDisk(home.resolve("told"))),
                        machines,
                        volume -> sides.old.storage().leftNanos(volume, clock));
        try (var looks = Executors.newSingleThreadScheduledExecutor();
                var requests = Executors.newSingleThreadScheduledExecutor()) {
            var _ = looks.scheduleWithFixedDelay(guard::look, 250, 250, TimeUnit.MILLISECONDS);
            var _ =
                    requests.scheduleWithFixedDelay( // nobody answers them
                            () -> sides.old.storage().grantRequests(), 1, 1, TimeUnit.SECONDS);
            boot();
            for (int round = 1; round <= 2; round++) {
                int before = written();
                await("it writes", () -> written() > before + 20);
                sides.fresh.restart(this::standsStill);
                sides.source(1); // where the receiver is now
                int after = written();
                await("it goes on", () -> written() > after + 20);
                assertThat(report().getState()).isEqualTo(MachineState.MACHINE_RUNNING);
                assertThat(report().getReason()).isEmpty();
            }
            assertThat(text()).doesNotContain("WRITE-FAILED", "I/O error", "blocked for more");
            looks.shutdownNow();
            requests.shutdownNow();
        }
    }

    /// While its grants have ended and long after.
    private void standsStill() {
        await("it stands still", () -> report().getState() == MachineState.MACHINE_PAUSED);
        assertThat(report().getReason()).contains("isolated");
        int then = written();
        Pause.of(Duration.ofSeconds(10));
        assertThat(written()).isEqualTo(then);
        assertThat(report().getState()).isEqualTo(MachineState.MACHINE_PAUSED);
    }

    private void boot() {
        sides.old.ensure(
                EnsureVolume.newBuilder()
                        .setVolume("root")
                        .setSizeBytes(256 << 20)
                        .setTemplate("tiny"));
        var wanted =
                EnsureMachine.newBuilder()
                        .setMachine("m1")
                        .setMemoryBytes(192 << 20)
                        .setVcpus(1)
                        .setTemplate("tiny")
                        .setUserData(WRITER);
        for (String volume : new String[] {"root", DISK}) {
            var _ = sides.old.raise(volume, 1, "n");
            wanted.addDisks(
                    MachineDisk.newBuilder()
                            .setVolume(volume)
                            .setAttachment(Attachment.newBuilder().setNumber(1).setNonce("n")));
        }
        serial = machines.ensure(wanted.build()).getSerialLog();
    }

    private MachineReport report() {
        return machines.reports().getFirst();
    }

    private int written() {
        int last = 0;
        for (String line : text().split("\\R")) {
            if (line.matches("WRITTEN \\d+")) {
                last = Integer.parseInt(line.substring("WRITTEN ".length()));
            }
        }
        return last;
    }

    private String text() {
        try {
            return Files.readString(Path.of(serial));
        } catch (IOException e) {
            return "";
        }
    }

    private static void await(String what, BooleanSupplier check) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Pause.of(Duration.ofMillis(50));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.compute.host.Pause;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.lab.Lab;
import io.redoubt.compute.lab.NbdPeer;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The real QEMU with the real template, its disks on `qemu-nbd`.
class QemuTest {
    private static final Duration SECONDS_10 = Duration.ofSeconds(10);

    /// QEMU tries to connect again after 1, 3, 7, 15 s and so on: the first two fit in here.
    private static final Duration AWAY_MAX = Duration.ofSeconds(5);

    /// Writes and syncs for ever, a number for each time.
    private static final String WRITER =
            """
            #!/bin/sh
            n=0
            while :; do
                n=$((n + 1))
                dd if=/dev/urandom of=/data/x bs=64k count=4 conv=fsync 2>/dev/null || { echo "WRITE-FAILED $n"; exit; }
                echo "WRITTEN $n"
                usleep 50000
            done
            """;

    private final Lab lab = new Lab();

    QemuTest() throws IOException {}

    @AfterEach
    void end() throws IOException {
        lab.close();
    }

    @Test
    void a_guest_boots_confined_answers_through_its_agent_and_shuts_down_when_asked()
            throws IOException {
        lab.tinyDisk();
        Machine machine = start(Map.of(), Nic.RESTRICTED);
        machine.awaitSerial(TinyTemplate.READY, Lab.BOOT_BOUND);

        assertThat(machine.process().uid())
                .isEqualTo(Lab.runAs().map(RunAs::uid).orElseGet(RunAs::currentUid))
                .isNotZero();
        assertThat(status(machine))
                .contains("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2");

        try (GuestAgent agent = GuestAgent.connect(machine.agentSocket(), SECONDS_10)) {
            assertThat(agent.run(SECONDS_10, "/bin/sh", "-c", "echo guest says $((6 * 7)); exit 3"))
                    .isEqualTo(new GuestAgent.Result(3, "guest says 42\n"));
            assertThat(agent.freeze(SECONDS_10)).isPositive();
            assertThat(agent.frozen(SECONDS_10)).isTrue();
            assertThat(agent.thaw(SECONDS_10)).isPositive();
            assertThat(agent.frozen(SECONDS_10)).isFalse();
        }

        machine.pause();
        assertThat(machine.state()).isEqualTo(MachineState.PAUSED);
        machine.resume();
        assertThat(machine.state()).isEqualTo(MachineState.RUNNING);

        assertThat(machine.shutDown(SECONDS_10)).as("ended by itself").isTrue();
        assertThat(machine.state()).isEqualTo(MachineState.GONE);
        Lab.await(() -> lab.events.contains(new MachineEvent.Gone()));
        assertThat(lab.events)
                .containsExactly(
                        new MachineEvent.Paused(),
                        new MachineEvent.Resumed(),
                        new MachineEvent.ShutDown("guest-shutdown"),
                        new MachineEvent.Gone());
    }

    @Test
    void a_disk_back_in_time_goes_unnoticed_and_a_later_one_pauses_the_guest_until_it_is_resumed()
            throws IOException {
        NbdPeer disk = lab.tinyDisk();
        Machine machine = start(Map.of(TinyTemplate.USER_DATA, WRITER), Nic.NONE);
        machine.awaitSerial("WRITTEN 3", Lab.BOOT_BOUND);

        disk.kill();
        Pause.of(Duration.ofMillis(300));
        disk.start();
        awaitWritesAfter(machine, machine.serial().end());
        assertThat(machine.state()).isEqualTo(MachineState.RUNNING);

        disk.kill();
        Lab.await(() -> machine.state() == MachineState.PAUSED_IO_ERROR);
        assertThat(lab.events)
                .hasAtLeastOneElementOfType(MachineEvent.IoError.class)
                .filteredOn(MachineEvent.IoError.class::isInstance)
                .extracting(event -> ((MachineEvent.IoError) event).disk())
                .containsOnly("root");
        long stopped = machine.serial().end();
        disk.start();
        Lab.await(() -> resumed(machine));
        awaitWritesAfter(machine, stopped);
        assertThat(machine.serial().from(0)).doesNotContain("WRITE-FAILED", "I/O error");
    }

    @Test
    void a_write_that_its_server_refuses_pauses_the_guest_before_it_sees_an_error()
            throws IOException {
        lab.tinyDisk();
        lab.refusingDisk("data", Bytes.mebibytes(4));
        String writer =
                """
                #!/bin/sh
                echo WRITING
                dd if=/dev/zero of=/dev/vdb bs=4k count=1 conv=fsync 2>&1
                echo WENT-ON
                """;
        Machine machine = start(Map.of(TinyTemplate.USER_DATA, writer), Nic.NONE);
        machine.awaitSerial("WRITING", Lab.BOOT_BOUND);
        Lab.await(() -> machine.state() == MachineState.PAUSED_IO_ERROR);
        Lab.await(() ->
                lab.events.contains(
                        new MachineEvent.IoError("data", "write", "Operation not permitted")));
        assertThat(machine.serial().from(0)).doesNotContain("WENT-ON");
    }

    @Test
    void a_machine_outlives_the_process_that_started_it_and_the_next_one_adopts_it()
            throws IOException, InterruptedException {
        NbdPeer disk = lab.tinyDisk();
        Process starter = StartOneMachine.inItsOwnProcess(lab.directory, disk.disk().socket());
        String said = starter.inputReader().readLine();
        starter.destroyForcibly().waitFor();

        Machine machine = adopt();
        assertThat(machine.process().pid()).isEqualTo(Long.parseLong(said));
        assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
        Lab.await(() -> machine.serial().from(0).contains(TinyTemplate.READY));
        machine.close();

        Machine again = adopt();
        again.pause();
        assertThat(again.state()).isEqualTo(MachineState.PAUSED);
        assertThatThrownBy(() -> lab.qemu(AWAY_MAX).discard(new MachineId("m1")))
                .hasMessageContaining("runs already");
        again.kill();
        Lab.await(() -> lab.events.contains(new MachineEvent.Gone()));
        assertThat(lab.qemu(AWAY_MAX).adopt(new MachineId("m1"), lab.events::add)).isEmpty();
        lab.qemu(AWAY_MAX).discard(new MachineId("m1"));
        assertThat(lab.directory.resolve("m1")).doesNotExist();
    }

    @Test
    void a_paused_start_runs_nothing_until_it_is_resumed_and_a_second_start_is_refused()
            throws IOException {
        lab.tinyDisk();
        Qemu qemu = lab.qemu(AWAY_MAX);
        Machine machine = lab.start(qemu, lab.spec(Map.of(), Nic.NONE, true));
        assertThat(machine.state()).isEqualTo(MachineState.PRELAUNCH);

        assertThatThrownBy(() -> lab.start(qemu, lab.spec(Map.of(), Nic.NONE, true)))
                .hasMessageContaining("runs already, as process " + machine.process().pid());
        assertThat(machine.state()).isEqualTo(MachineState.PRELAUNCH);

        machine.resume();
        assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
        assertThatThrownBy(() -> machine.awaitSerial("NEVER", Duration.ofMillis(1200)))
                .hasMessageContaining("has not written 'NEVER' within 1 s");
        machine.kill();
        assertThatThrownBy(machine::resume).hasMessageContaining("process of machine m1 has ended");
    }

    private Machine adopt() {
        return lab.owned(
                lab.qemu(AWAY_MAX).adopt(new MachineId("m1"), lab.events::add).orElseThrow());
    }

    private Machine start(Map<String, String> seeds, Nic nic) {
        return lab.start(lab.qemu(AWAY_MAX), lab.spec(seeds, nic, false));
    }

    private static String status(Machine machine) throws IOException {
        return Files.readString(Path.of("/proc/" + machine.process().pid() + "/status"));
    }

    /// The disk is connected again a moment after its server listens: until then a resumed machine pauses once more.
    private static boolean resumed(Machine machine) {
        machine.resume();
        Pause.of(Duration.ofMillis(300));
        return machine.state() == MachineState.RUNNING;
    }

    /// The guest goes on writing: several more numbers than the one that may have been under way.
    private static void awaitWritesAfter(Machine machine, long place) {
        Lab.await(() ->
                machine.serial()
                                .from(place)
                                .lines()
                                .filter(line -> line.startsWith("WRITTEN"))
                                .count()
                        > 3);
    }
}

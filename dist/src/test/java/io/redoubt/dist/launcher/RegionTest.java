// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.redoubt.cli.api.Endpoint;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real processes under an entry script that only sleeps: who is started, found again, and ended.
class RegionTest {
    /// A node of this script starts a guest in a session of its own, as a real one starts QEMU.
    private static final String SCRIPT =
            """
            #!/usr/bin/env bash
            verb=$1; home=$3; [ "$verb" = node ] && home=$5
            mkdir -p "$home"
            if [ "$verb" = control ]; then
                if [ -e "$(dirname "$0")/broken" ]; then echo 'no room on device'; exit 1; fi
                echo '{"apiUrl":"https://127.0.0.1:1","caFile":"/ca","tokenFile":"/token","openApi":"x"}' >"$home/control.json"
            else
                setsid sleep 600 &
                echo $! >"$home/guest"
            fi
            exec sleep 600
            """;

    @TempDir Path directory;
    private final List<Region> regions = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Path script = Files.writeString(directory.resolve("redoubt"), SCRIPT);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void close() {
        regions.forEach(Region::down);
    }

    @Test
    void up_starts_a_control_plane_and_a_node_in_each_zone_and_down_leaves_no_process()
            throws IOException {
        Region region = region("home");
        RegionStatus status = region.up(Ports.FREE);
        assertThat(status.state()).isEqualTo("up");
        assertThat(status.nodes())
                .extracting(RegionStatus.NodeStatus::zone)
                .containsExactly("a", "b");
        List<HostProcess> zone = nodeAndGuest(region, "a");
        assertThat(zone).allMatch(HostProcess::alive);
        RegionRecord record = RegionRecord.read(region.home()).orElseThrow();

        assertThat(region.down()).isTrue();

        assertThat(zone).noneMatch(HostProcess::alive);
        assertThat(record.alive()).isEmpty();
        assertThat(region.down()).isFalse();
    }

    @Test
    void a_second_up_on_the_same_home_names_what_runs_and_changes_nothing() throws IOException {
        Region region = region("home");
        region.up(Ports.FREE);
        String before = Files.readString(region.home().record());
        var fault = (LauncherFault.AlreadyUp) refusal(() -> region("home").up(Ports.FREE));
        assertThat(fault.processes()).hasSize(3);
        assertThat(fault.message()).contains(region.home().path().toString(), "control (pid ");
        assertThat(Files.readString(region.home().record())).isEqualTo(before);
        assertThat(region.status().up()).isTrue();
    }

    @Test
    void two_regions_with_homes_of_their_own_run_side_by_side() throws IOException {
        Region one = region("one");
        Region other = region("other");
        one.up(Ports.FREE);
        other.up(Ports.FREE);
        one.down();
        assertThat(other.status().up()).isTrue();
        assertThat(nodeAndGuest(other, "b")).hasSize(2);
    }

    @Test
    void a_node_that_was_killed_is_gone_in_the_status_and_can_be_started_again() {
        Region region = region("home");
        region.up(Ports.FREE);
        HostProcess node = node(region, "node-a");
        node.signal("KILL");
        assertThat(node.awaitEnd(Duration.ofSeconds(5))).isTrue();
        RegionStatus status = region.status();
        assertThat(status.state()).isEqualTo("partly");
        assertThat(status.nodes().getFirst().state()).isEqualTo("gone");
        region.startNode("a");
        assertThat(region.status().up()).isTrue();
    }

    @Test
    void up_starts_a_node_that_died_again_and_leaves_the_others_alone() {
        Region region = region("home");
        region.up(Ports.FREE);
        HostProcess control = node(region, "control");
        HostProcess other = node(region, "node-b");
        HostProcess node = node(region, "node-a");
        node.signal("KILL");
        assertThat(node.awaitEnd(Duration.ofSeconds(5))).isTrue();
        assertThat(region("home").up(Ports.FREE).up()).isTrue();
        assertThat(node(region, "node-a").pid()).isNotEqualTo(node.pid());
        assertThat(node(region, "node-b")).isEqualTo(other);
        assertThat(node(region, "control")).isEqualTo(control);
    }

    @Test
    void down_ends_a_node_that_is_paused_and_the_guest_of_a_node_that_is_dead() throws IOException {
        Region region = region("home");
        region.up(Ports.FREE);
        List<HostProcess> paused = nodeAndGuest(region, "a");
        List<HostProcess> orphaned = nodeAndGuest(region, "b");
        node(region, "node-a").signal("STOP");
        node(region, "node-b").signal("KILL");
        region.down();
        assertThat(paused).noneMatch(HostProcess::alive);
        assertThat(orphaned).noneMatch(HostProcess::alive);
    }

    @Test
    void a_qemu_is_known_by_the_directory_it_works_in_and_a_shell_in_the_same_place_is_left_alone()
            throws IOException {
        Region region = region("home");
        region.up(Ports.FREE);
        Path machine = Files.createDirectories(region.home().zone("b").resolve("machines/m1"));
        Path qemu = Files.copy(Path.of("/usr/bin/sleep"), directory.resolve("qemu-system-x86_64"));
        var builder = new ProcessBuilder(qemu.toString(), "600").directory(machine.toFile());
        builder.environment().clear(); // as compute starts it
        Process guest = builder.start();
        Process visitor = new ProcessBuilder("sleep", "600").directory(machine.toFile()).start();
        try {
            assertThat(region.processesOfZone("b")).contains(HostProcess.of(guest.pid()));
            assertThat(region.processesOfZone("a")).doesNotContain(HostProcess.of(guest.pid()));
            region.down();
            assertThat(guest.isAlive()).isFalse();
            assertThat(visitor.isAlive()).isTrue();
        } finally {
            guest.destroyForcibly();
            visitor.destroyForcibly();
        }
    }

    @Test
    void a_control_plane_that_dies_at_once_is_a_fault_with_the_end_of_its_log() throws IOException {
        Files.createFile(directory.resolve("broken"));
        Region region = region("home");
        var fault = (LauncherFault.ProcessDied) refusal(() -> region.up(Ports.FREE));
        assertThat(fault.lastLines()).contains("no room on device");
        assertThat(region.down()).isFalse();
    }

    @Test
    void an_up_while_another_is_at_work_is_refused() throws IOException {
        Region region = region("home");
        Files.createDirectories(region.home().path());
        open(region.home().path());
        try (RegionLock _ = RegionLock.take(region.home())) {
            assertThat(refusal(() -> region.up(Ports.FREE)))
                    .isEqualTo(new LauncherFault.Busy(region.home().path()));
        }
    }

    @Test
    void a_port_in_use_is_named_with_its_option() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            Fault fault = refusal(() -> region("home").up(new Ports(0, port)));
            assertThat(fault.message()).contains("port " + port, "--grpc-port");
        }
    }

    @Test
    void a_home_whose_sockets_would_not_fit_is_refused_with_the_numbers() {
        Fault fault = refusal(() -> region("h".repeat(80)).up(Ports.FREE));
        assertThat(fault).isInstanceOf(LauncherFault.HomeTooLong.class);
        assertThat(fault.message()).contains("107 bytes");
        assertThat(directory.resolve("h".repeat(80))).doesNotExist();
    }

    @Test
    void a_home_that_the_other_user_cannot_reach_is_refused_with_the_directory()
            throws IOException {
        Path closed = Files.createDirectory(directory.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        var home = new Home(Files.createDirectory(closed.resolve("home")));
        open(home.path());
        Fault fault = refusal(() -> home.prepare(java.util.Optional.of(new Account("redoubt"))));
        assertThat(fault.message()).contains(closed + " (mode rwx------)");
        assertThat(fault.remedy()).contains("chmod o+x " + closed);
        home.prepare(
                java.util.Optional.empty()); // who runs everything alone needs no way for others
    }

    private Region region(String name) {
        var home = new Home(directory.resolve(name));
        var region =
                new Region(
                        home,
                        new EntryScript(directory, "target"),
                        () -> new AllOnline(home),
                        _ -> {});
        regions.add(region);
        return region;
    }

    /// The script's node is taken for online before its guest is started, so this waits until it says that it has.
    private static List<HostProcess> nodeAndGuest(Region region, String zone) throws IOException {
        Path said = region.home().zone(zone).resolve("guest");
        for (int i = 0; i < 200; i++) {
            if (Files.exists(said) && !Files.readString(said).isBlank()) {
                var guest = HostProcess.of(Long.parseLong(Files.readString(said).strip()));
                List<HostProcess> found = region.processesOfZone(zone);
                if (found.contains(guest) && found.contains(node(region, "node-" + zone))) {
                    assertThat(found).hasSize(2);
                    return found;
                }
            }
            HostProcess.pause(Duration.ofMillis(50));
        }
        throw new AssertionError("no guest in zone " + zone);
    }

    private static HostProcess node(Region region, String name) {
        return RegionRecord.read(region.home())
                .flatMap(record -> record.part(name))
                .orElseThrow()
                .process();
    }

    private static void open(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx--x--x"));
    }

    private static Fault refusal(ThrowingCallable call) {
        FaultException thrown = catchThrowableOfType(FaultException.class, call);
        assertThat(thrown).as("a refusal").isNotNull();
        return thrown.fault();
    }

    /// A control plane that takes every node that was started for an online one.
    private record AllOnline(Home home) implements ControlPlane {
        @Override
        public void ensureZone(String zone) {
            assertThat(Endpoint.announcement(home.path())).exists();
        }

        @Override
        public Invitation invite(String zone) {
            return new Invitation("127.0.0.1:1", "/ca", "secret");
        }

        @Override
        public Map<Long, String> nodeStates() {
            var states = new HashMap<Long, String>();
            RegionRecord.read(home).orElseThrow().nodes().stream()
                    .filter(part -> part.process().alive())
                    .forEach(part -> states.put(part.process().pid(), "online"));
            return states;
        }

        @Override
        public void stopMachines(Duration limit, Consumer<String> progress) {}
    }
}

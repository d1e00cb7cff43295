// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.lab.Lab;
import io.redoubt.compute.lab.NbdPeer;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a start refuses, and what it says then.
class QemuRefusalTest {
    private static final Duration AWAY_MAX = Duration.ofSeconds(1);

    private final Lab lab = new Lab();

    QemuRefusalTest() throws IOException {}

    @AfterEach
    void end() throws IOException {
        lab.close();
    }

    @Test
    void a_disk_that_nobody_serves_is_named() throws IOException {
        NbdPeer disk = lab.emptyDisk("root", Bytes.mebibytes(1));
        disk.kill();
        Files.delete(disk.disk().socket());
        assertThatThrownBy(() -> start(lab.qemu(AWAY_MAX)))
                .hasMessageContaining("QEMU did not start for machine m1")
                .hasMessageContaining(disk.disk().socket().toString());
    }

    @Test
    void an_export_that_the_server_does_not_offer_is_named() throws IOException {
        DiskSpec disk = lab.emptyDisk("root", Bytes.mebibytes(1)).disk();
        var foreign = new DiskSpec(disk.name(), disk.socket(), "root-2");
        var spec =
                new MachineSpec(
                        new MachineId("m1"),
                        Bytes.mebibytes(128),
                        1,
                        List.of(foreign),
                        Map.of(),
                        Nic.NONE,
                        false);
        assertThatThrownBy(() -> lab.start(lab.qemu(AWAY_MAX), spec))
                .hasMessageContaining("root-2");
    }

    @Test
    void root_without_another_user_for_its_guests_is_refused() {
        if (RunAs.currentUid() == 0) {
            assertThatThrownBy(() -> qemu(lab.directory, Optional.empty()))
                    .hasMessageContaining("would run as root");
        } else {
            assertThat(qemu(lab.directory, Optional.empty()).runAs()).isEmpty();
        }
    }

    @Test
    void a_home_that_the_guests_user_cannot_pass_is_named() throws IOException {
        lab.emptyDisk("root", Bytes.mebibytes(1));
        Path closed = Files.createDirectory(lab.directory.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        var stranger = new RunAs("stranger", 54321, 54321);
        assertThatThrownBy(() -> start(qemu(closed.resolve("machines"), Optional.of(stranger))))
                .hasMessageContaining(closed + " (rwx------) is closed");
    }

    @Test
    void a_socket_that_the_guests_user_may_not_use_is_named() throws IOException {
        DiskSpec disk = lab.emptyDisk("root", Bytes.mebibytes(1)).disk();
        Files.setPosixFilePermissions(disk.socket(), PosixFilePermissions.fromString("rwx------"));
        var stranger = new RunAs("stranger", 54321, 54321);
        assertThatThrownBy(() -> start(qemu(lab.directory, Optional.of(stranger))))
                .hasMessageContaining("The user stranger cannot reach " + disk.socket());
    }

    @Test
    void a_home_with_a_path_too_long_for_a_socket_is_refused_with_the_numbers() throws IOException {
        lab.emptyDisk("root", Bytes.mebibytes(1));
        Path deep = lab.directory.resolve("x".repeat(100));
        assertThatThrownBy(() -> start(qemu(deep, Lab.runAs())))
                .hasMessageContaining("the kernel takes 107");
    }

    @Test
    void a_specification_that_no_guest_could_use_is_refused() {
        var disk = new DiskSpec("root", Path.of("/tmp/x"), "root-1");
        assertThatThrownBy(() -> spec(List.of(), Map.of())).hasMessageContaining("no disk");
        assertThatThrownBy(() -> spec(List.of(disk, disk), Map.of()))
                .hasMessageContaining("one name");
        assertThatThrownBy(() -> spec(List.of(disk), Map.of("opt/a,file=/etc/shadow", "x")))
                .hasMessageContaining("is not usable");
        assertThatThrownBy(() -> new DiskSpec("a".repeat(21), Path.of("/tmp/x"), "e"))
                .hasMessageContaining("21 characters");
    }

    private static MachineSpec spec(List<DiskSpec> disks, Map<String, String> seeds) {
        return new MachineSpec(
                new MachineId("m1"), Bytes.mebibytes(128), 1, disks, seeds, Nic.NONE, false);
    }

    private static Qemu qemu(Path base, Optional<RunAs> runAs) {
        return new Qemu(QemuProgram.find(), base, runAs, Accelerator.TCG, AWAY_MAX);
    }

    private void start(Qemu qemu) {
        lab.start(qemu, lab.spec(Map.of(), Nic.NONE, false));
    }
}

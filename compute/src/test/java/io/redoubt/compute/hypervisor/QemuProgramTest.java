// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuProgramTest {
    @TempDir Path directory;

    @Test
    void the_installed_one_is_found_with_its_version() {
        assertThat(QemuProgram.find().version()).matches("\\d+\\.\\d+\\.\\d+");
    }

    @Test
    void one_that_is_too_old_is_refused_with_both_versions() throws IOException {
        Path old = program("QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)");
        assertThatThrownBy(() -> QemuProgram.at(old))
                .hasMessageContaining("QEMU 6.2.0 is installed; Redoubt needs 7.2 or newer");
    }

    @Test
    void a_newer_one_is_taken() throws IOException {
        assertThat(QemuProgram.at(program("QEMU emulator version 10.0.2")).version())
                .isEqualTo("10.0.2");
    }

    @Test
    void a_program_that_says_something_else_is_refused_with_what_it_said() throws IOException {
        Path other = program("hello");
        assertThatThrownBy(() -> QemuProgram.at(other)).hasMessageContaining("hello");
    }

    @Test
    void a_missing_one_comes_with_the_package_and_the_command() {
        assertThatThrownBy(() -> Command.require("qemu-system-nowhere", "qemu-system-x86"))
                .hasMessageContaining("qemu-system-nowhere is not installed")
                .hasMessageContaining("apt-get install --no-install-recommends qemu-system-x86");
    }

    private Path program(String says) throws IOException {
        Path file = directory.resolve("qemu");
        Files.writeString(file, "#!/bin/sh\necho '" + says + "'\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
}

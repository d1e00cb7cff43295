// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CpioTest {
    @Test
    void an_archive_has_the_bytes_that_the_format_prescribes() {
        byte[] archive = new Cpio().link("bin/sh", "busybox").device("dev/console", 5, 1).finish();
        assertThat(new String(archive, StandardCharsets.ISO_8859_1).replace('\0', '.'))
                .isEqualTo(
                        // magic, inode, mode, uid, gid, links, time, size, device, its own device,
                        // name size, sum
                        "070701"
                                + "00000001"
                                + "0000A1FF"
                                + "00000000"
                                + "00000000"
                                + "00000001"
                                + "00000000"
                                + "00000007"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000007"
                                + "00000000"
                                + "bin/sh...."
                                + ".".repeat(0)
                                + "busybox."
                                + "070701"
                                + "00000002"
                                + "00002180"
                                + "00000000"
                                + "00000000"
                                + "00000001"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000005"
                                + "00000001"
                                + "0000000C"
                                + "00000000"
                                + "dev/console..."
                                + "070701"
                                + "00000003"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000001"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "00000000"
                                + "0000000B"
                                + "00000000"
                                + "TRAILER!!!....");
    }

    @Test
    void the_libraries_of_a_program_are_read_from_its_file() throws IOException {
        assertThat(Elf.libraries(Path.of("/bin/ls"))).contains("libc.so.6");
        assertThat(Elf.libraries(Path.of("/etc/passwd"))).isEmpty();
    }
}

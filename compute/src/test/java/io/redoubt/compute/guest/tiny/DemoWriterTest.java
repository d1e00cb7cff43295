// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.hypervisor.Machine;
import io.redoubt.compute.hypervisor.Nic;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.lab.Lab;
import io.redoubt.core.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The demo's writer in a real guest: what it acknowledged is there after a crash, and damage shows in its report.
@Tag("long")
class DemoWriterTest {
    private final Lab lab = new Lab();

    DemoWriterTest() throws IOException {}

    @AfterEach
    void end() throws IOException {
        lab.close();
    }

    @Test
    void after_a_kill_every_acknowledged_number_is_on_both_disks_and_the_writer_goes_on()
            throws IOException {
        lab.tinyDisk();
        lab.emptyDisk("data", Bytes.mebibytes(320));
        Machine first = boot("write");
        assertThat(reported(first, "FOUND")).containsEntry("rows", 0L).containsEntry("second", 0L);
        first.awaitSerial("ACK 40\n", Lab.BOOT_BOUND);
        first.kill();
        long acknowledged = lastAcknowledged(first);
        long place = first.serial().end();

        Machine check = boot("verify");
        Map<String, Long> verified = reported(check, "VERIFIED");
        assertThat(verified)
                .containsEntry("gaps", 0L)
                .containsEntry("badrows", 0L)
                .containsEntry("badsums", 0L)
                .containsEntry("missing", 0L)
                .containsEntry("fsck", 0L)
                .containsEntry("xfs", 0L);
        assertThat(number(verified, "maxid")).isBetween(acknowledged, acknowledged + 1);
        assertThat(number(verified, "second")).isBetween(acknowledged, number(verified, "maxid"));
        assertThat(check.serial().from(place)).contains("integrity=ok").doesNotContain("ACK");
        check.kill();

        Machine again = boot("write");
        assertThat(number(reported(again, "FOUND"), "rows")).isEqualTo(number(verified, "rows"));
        again.awaitSerial("ACK " + (number(verified, "maxid") + 3) + "\n", Lab.BOOT_BOUND);
    }

    @Test
    void a_second_disk_that_lost_its_file_system_is_reported_and_never_formatted_again()
            throws IOException {
        lab.tinyDisk();
        var data = lab.emptyDisk("data", Bytes.mebibytes(320));
        Machine first = boot("write");
        first.awaitSerial("ACK 5\n", Lab.BOOT_BOUND);
        first.kill();
        data.kill();
        lab.blank("data");
        data.start();

        Machine again = boot("write");
        again.awaitSerial("WRITER-FAILED", Lab.BOOT_BOUND);
        assertThat(again.serial().from(0)).contains("xfs=none").contains("holds no XFS");
    }

    private Machine boot(String mode) {
        Qemu qemu = lab.qemu(Duration.ofSeconds(5));
        var seeds =
                Map.of(TinyTemplate.USER_DATA, TinyTemplate.demoWriter(), TinyTemplate.MODE, mode);
        return lab.start(qemu, lab.spec(seeds, Nic.NONE, false));
    }

    /// The numbers of the last line that begins with this word.
    private static Map<String, Long> reported(Machine machine, String word) {
        machine.awaitSerial(word + " rows=", Lab.BOOT_BOUND);
        machine.awaitSerial("lastat=", Lab.BOOT_BOUND);
        List<String> lines =
                machine.serial().from(0).lines().filter(l -> l.startsWith(word + " ")).toList();
        return Arrays.stream(lines.getLast().split(" "))
                .map(field -> field.split("="))
                .filter(pair -> pair.length == 2 && pair[1].matches("-?\\d+"))
                .collect(Collectors.toMap(pair -> pair[0], pair -> Long.valueOf(pair[1])));
    }

    private static long number(Map<String, Long> report, String field) {
        return report.getOrDefault(field, -1L);
    }

    private static long lastAcknowledged(Machine machine) {
        return machine.serial()
                .from(0)
                .lines()
                .filter(line -> line.matches("ACK \\d+"))
                .mapToLong(line -> Long.parseLong(line.substring(4)))
                .max()
                .orElse(0);
    }
}

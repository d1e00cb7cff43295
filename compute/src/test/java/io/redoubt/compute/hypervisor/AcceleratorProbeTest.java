// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.lab.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceleratorProbeTest {
    private static final QemuProgram PROGRAM = QemuProgram.find();

    @TempDir Path cache;

    @Test
    void the_small_system_says_the_marker_and_ends_by_itself() {
        Template tiny = Lab.tiny();
        var probe = new AcceleratorProbe(PROGRAM, cache, Lab.runAs());
        AcceleratorProbe.Verdict verdict =
                probe.boot(Accelerator.TCG, tiny.kernel(), tiny.initrd(), Lab.BOOT_BOUND);
        assertThat(verdict.reason()).startsWith("a test guest booted under it in");
    }

    @Test
    void a_boot_decides_and_its_answer_is_kept() throws IOException {
        Template tiny = Lab.tiny();
        var probe = new AcceleratorProbe(PROGRAM, cache, Lab.runAs());
        AcceleratorProbe.Verdict first = probe.choose(tiny.kernel(), tiny.initrd());
        assertThat(first.accelerator())
                .isEqualTo(
                        first.reason().startsWith("a test guest booted")
                                ? Accelerator.KVM
                                : Accelerator.TCG);

        if (KvmDevice.exists()) {
            long start = System.nanoTime();
            assertThat(probe.choose(Path.of("/nowhere"), Path.of("/nowhere"))).isEqualTo(first);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(1));
            try (var files = Files.list(cache)) {
                assertThat(files)
                        .singleElement()
                        .asString()
                        .contains(System.getProperty("os.version"), PROGRAM.version());
            }
        }
    }

    @Test
    void a_guest_that_never_starts_is_given_up_after_the_bound() {
        var probe = new AcceleratorProbe(PROGRAM, cache, Lab.runAs());
        Template tiny = Lab.tiny();
        // Under TCG nothing boots in 300 ms: the same as a guest that hangs in its first
        // instructions.
        AcceleratorProbe.Verdict verdict =
                probe.boot(Accelerator.TCG, tiny.kernel(), tiny.initrd(), Duration.ofMillis(300));
        assertThat(verdict.accelerator()).isEqualTo(Accelerator.TCG);
        assertThat(verdict.reason()).contains("did not boot within 300 ms");
    }
}

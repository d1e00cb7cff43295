// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.MachineId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineFilesTest {
    private static final int LOOKS = 5_000;

    @TempDir Path home;

    /// Between any two of our calls.
    @Test
    void a_process_that_ends_while_it_is_looked_for_is_none() throws Exception {
        MachineFiles files = MachineFiles.below(home, new MachineId("m1"));
        Files.createDirectories(files.directory());
        var over = new AtomicBoolean();
        var qemu = new FutureTask<>(() -> comeAndGo(files.pidFile(), over));
        Thread thread = Thread.ofPlatform().start(qemu);
        for (int look = 0; look < LOOKS; look++) {
            assertThat(files.process()).isEmpty();
        }
        over.set(true);
        thread.join();
        assertThat(qemu.get()).as("how often it came and went").isPositive();
    }

    private static int comeAndGo(Path pidFile, AtomicBoolean over) throws IOException {
        int count = 0;
        while (!over.get()) {
            Files.writeString(pidFile, "not a number");
            Files.delete(pidFile);
            count++;
        }
        return count;
    }
}

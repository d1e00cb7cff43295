// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static io.redoubt.storage.block.RawVolumeTest.faultOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With real processes: the lock is about nothing else.
@Timeout(60)
class OwnerLockTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir Path directory;
    private final List<Process> started = new ArrayList<>();

    /// A process that takes the lock, says so, and ends by itself only when the test's process is gone.
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws IOException {
            try (OwnerLock _ = OwnerLock.take(Path.of(args[0]))) {
                System.out.println("HOLDS");
                int _ = System.in.read();
            }
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void a_second_process_is_refused_with_the_first_ones_number() throws Exception {
        Process holder = startHolder();
        VolumeFault.Owned fault = (VolumeFault.Owned) faultOf(() -> OwnerLock.take(directory));
        assertThat(fault.pid()).isEqualTo(holder.pid());
        assertThat(fault.message()).contains(Long.toString(holder.pid()));
        assertThat(holder.isAlive()).isTrue();
    }

    @Test
    void a_successor_kills_the_owner_and_has_the_lock() throws Exception {
        Process holder = startHolder();
        try (OwnerLock _ = OwnerLock.takeOver(directory, PATIENCE)) {
            assertThat(holder.waitFor()).isEqualTo(128 + 9);
            assertThat(faultOf(() -> OwnerLock.take(directory)))
                    .isInstanceOf(VolumeFault.Owned.class);
        }
    }

    @Test
    void a_stopped_owner_is_killed_too() throws Exception {
        Process holder = startHolder();
        new ProcessBuilder("kill", "-STOP", Long.toString(holder.pid())).start().waitFor();
        try (OwnerLock _ = OwnerLock.takeOver(directory, PATIENCE)) {
            assertThat(holder.waitFor()).isEqualTo(128 + 9);
        }
    }

    @Test
    void the_lock_of_a_killed_owner_is_free() throws Exception {
        Process holder = startHolder();
        holder.destroyForcibly().waitFor();
        OwnerLock.take(directory).close();
    }

    @Test
    void a_process_never_kills_itself() {
        try (OwnerLock _ = OwnerLock.take(directory)) {
            assertThat(
                            faultOf(() -> OwnerLock.takeOver(directory, Duration.ofSeconds(1)))
                                    .message())
                    .contains("this process");
        }
        OwnerLock.take(directory).close();
    }

    /// The number in the file belongs to a living process that started at another time: a reused number.
    @Test
    void a_process_with_a_reused_number_is_not_killed() throws Exception {
        Process holder = startHolder();
        Process bystander = new ProcessBuilder("sleep", "1000").start();
        started.add(bystander);
        String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        Files.writeString(directory.resolve("owner.lock"), bystander.pid() + " 1 " + boot + "\n");
        VolumeFault.Owned fault =
                (VolumeFault.Owned)
                        faultOf(() -> OwnerLock.takeOver(directory, Duration.ofMillis(300)));
        assertThat(fault.message()).contains("300 ms");
        assertThat(bystander.isAlive()).isTrue();
        assertThat(holder.isAlive()).isTrue();
    }

    /// This is where a POSIX lock would be lost.
    @Test
    void closing_another_descriptor_of_the_file_keeps_the_lock() throws Exception {
        try (OwnerLock _ = OwnerLock.take(directory)) {
            assertThat(Files.readString(directory.resolve("owner.lock")))
                    .startsWith(ProcessHandle.current().pid() + " ");
            Process other = start();
            assertThat(other.waitFor()).isNotZero();
        }
    }

    private Process startHolder() throws Exception {
        Process holder = start();
        var lines = new BufferedReader(new InputStreamReader(holder.getInputStream(), UTF_8));
        assertThat(lines.readLine()).isEqualTo("HOLDS");
        return holder;
    }

    private Process start() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx64m",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Holder.class.getName(),
                                directory.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        started.add(process);
        return process;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostProcessTest {
    @TempDir Path directory;

    @Test
    void a_number_that_another_process_got_later_is_not_the_same_process() {
        HostProcess me = HostProcess.find(ProcessHandle.current().pid()).orElseThrow();
        assertThat(me.alive()).isTrue();
        assertThat(new HostProcess(me.pid(), me.startTicks() - 1).alive()).isFalse();
        assertThat(me.uid()).isEqualTo(RunAs.currentUid());
    }

    @Test
    void a_kill_ends_it_and_a_second_one_does_nothing() throws IOException {
        HostProcess sleeper = sleeper();
        sleeper.kill();
        assertThat(sleeper.alive()).isFalse();
        assertThat(HostProcess.find(sleeper.pid())).isEmpty();
        sleeper.kill();
    }

    @Test
    void a_zombie_counts_as_dead() throws IOException, InterruptedException {
        // The shell's child ends and the shell, which goes on as sleep, never collects it.
        Process parent = new ProcessBuilder("sh", "-c", "sh -c 'echo $$' & exec sleep 30").start();
        try {
            long zombie = Long.parseLong(parent.inputReader().readLine());
            Path stat = Path.of("/proc/" + zombie + "/stat");
            while (!Files.readString(stat).contains(") Z ")) {
                Thread.sleep(5);
            }
            assertThat(HostProcess.find(zombie)).isEmpty();
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void a_command_that_does_not_end_is_killed_and_its_words_are_in_the_fault() {
        Command slow = Command.of("sh", "-c", "echo begun; exec sleep 30");
        assertThatThrownBy(slow.within(Duration.ofMillis(300))::run)
                .hasMessageContaining("was killed: begun");
    }

    @Test
    void a_command_that_fails_says_its_status_and_its_last_lines() {
        assertThatThrownBy(Command.of("sh", "-c", "echo no room; exit 7")::require)
                .hasMessageContaining("sh ended with status 7: no room");
    }

    @Test
    void a_word_of_a_command_is_never_read_by_a_shell() {
        assertThat(Command.of("echo", "$(id); `id` > x").require()).isEqualTo("$(id); `id` > x\n");
    }

    @Test
    void a_directory_is_open_or_closed_by_owner_group_and_others_in_this_order()
            throws IOException {
        Path target = directory.resolve("inside");
        int uid = (int) Files.getAttribute(directory, "unix:uid");
        int gid = (int) Files.getAttribute(directory, "unix:gid");
        RunAs stranger = new RunAs("stranger", 54321, 54321);
        RunAs sameGroup = new RunAs("colleague", 54321, gid);

        mode("rwx--x---");
        sameGroup.requireReach(target);
        assertThatThrownBy(() -> stranger.requireReach(target))
                .hasMessageContaining("stranger cannot reach " + target)
                .hasMessageContaining("chmod o+x " + directory);
        mode("rwx---r-x");
        stranger.requireReach(target);
        assertThatThrownBy(() -> sameGroup.requireReach(target)).hasMessageContaining("colleague");
        if (uid != 0) {
            mode("---r-xr-x");
            RunAs owner = new RunAs("owner", uid, 54321);
            assertThatThrownBy(() -> owner.requireReach(target)).hasMessageContaining("owner");
        }
        mode("rwx------");
    }

    @Test
    void a_user_that_does_not_exist_comes_with_the_command_that_makes_it() {
        assertThatThrownBy(() -> RunAs.user("no-such-user")).hasMessageContaining("sudo useradd");
        assertThatThrownBy(() -> RunAs.user("root")).hasMessageContaining("that is root");
    }

    private void mode(String mode) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
    }

    private static HostProcess sleeper() throws IOException {
        Process process = new ProcessBuilder("sleep", "30").start();
        return HostProcess.find(process.pid()).orElseThrow();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Command;
import io.redoubt.compute.host.Pause;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// A real guest whose database is written without pause, with a hook for it at its agent, and points of it (rule 21).
class DatabasePointTest {
    private static final String HOOKS = "/etc/qemu/fsfreeze-hook.d/";
    private static final Path GUIDE = Path.of("../docs/guide/recovery.md");
    private static final Duration STILL = Duration.ofMillis(700);
    private static final int TRIES = 5;

    @Test
    void a_database_in_a_frozen_point_needs_no_recovery_and_has_all_that_was_committed()
            throws Exception {
        String script =
                """
                #!/bin/sh
                cat >%1$st.db <<'HOOK'
                %2$sHOOK
                chmod +x %1$st.db
                %3$s\
                """
                        .formatted(
                                HOOKS, resource("sqlite-hook.sh"), resource("database-writer.sh"));
        try (PointedGuest guest = new PointedGuest(script)) {
            awaitMore(guest, 10);
            assertThat(crashPointThatNeedsRecovery(guest)).isTrue();

            var committed = new AtomicLong();
            long point =
                    guest.takeFrozen(
                            "quiet",
                            () -> {
                                long before = acknowledged(guest);
                                Pause.of(STILL);
                                committed.set(acknowledged(guest));
                                assertThat(committed.get())
                                        .as("one may just have been committed")
                                        .isBetween(before, before + 1);
                            });
            assertThat(guest.refused()).isEmpty();
            assertThat(guest.point(point).getFreezeFailuresList()).isEmpty();
            assertThat(guest.point(point).getApplicationConsistent()).isTrue();
            assertThat(guest.point(point).getName()).isEqualTo("quiet");
            assertThat(guest.needsReplay(point)).isFalse();
            Path fileSystem = guest.rootFileSystem(point);
            var check =
                    Command.of(Command.require("e2fsck", "e2fsprogs").toString())
                            .and("-fn", fileSystem.toString())
                            .run();
            assertThat(check.exit()).as(check.output()).isZero();
            PointedDatabase found = PointedDatabase.in(fileSystem);
            assertThat(found.whole()).as("%s", found).isTrue();
            assertThat(found.newest()).isBetween(committed.get(), committed.get() + 1);

            awaitMore(guest, 10);
            assertThat(guest.needsReplay(guest.take())).isTrue();
            hookThatFails(guest);
            assertThat(guest.serial()).doesNotContain("GUEST-FAILED", "I/O error");
        }
    }

    /// What an opening database would have to do has to be found by the same look.
    private static boolean crashPointThatNeedsRecovery(PointedGuest guest) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            long committed = acknowledged(guest);
            long point = guest.take();
            assertThat(guest.point(point).getApplicationConsistent()).isFalse();
            assertThat(guest.needsReplay(point)).isTrue();
            PointedDatabase found = PointedDatabase.in(guest.rootFileSystem(point));
            if (!found.whole() && found.newest() < committed) {
                return true;
            }
            awaitMore(guest, 1);
        }
        return false;
    }

    /// The point says that it is none, and why; the hook that had its database held lets it go.
    private static void hookThatFails(PointedGuest guest) {
        guest.run(
                "echo '#!/bin/sh' >%1$s && echo '[ $1 = thaw ]' >>%1$s && chmod +x %1$s"
                        .formatted(HOOKS + "u.db"));
        long point = guest.takeFrozen("refused", () -> {});
        assertThat(guest.refused()).hasSize(1);
        assertThat(guest.refused().getFirst().getReason())
                .contains("fsfreeze hook has failed with status 1");
        assertThat(guest.point(point).getApplicationConsistent()).isFalse();
        assertThat(guest.point(point).getFreezeFailuresList()).isEqualTo(guest.refused());
        awaitMore(guest, 3);
    }

    @Test
    void the_guide_shows_the_hook_that_is_tested() throws IOException {
        assertThat(Files.readString(GUIDE)).contains(resource("sqlite-hook.sh"));
    }

    private static long acknowledged(PointedGuest guest) {
        return guest.serial()
                .lines()
                .filter(line -> line.matches("ACK \\d+"))
                .mapToLong(line -> Long.parseLong(line.substring(4)))
                .max()
                .orElse(0);
    }

    private static void awaitMore(PointedGuest guest, int count) {
        long before = acknowledged(guest);
        PointedGuest.await(
                count + " more transactions", () -> acknowledged(guest) >= before + count);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = DatabasePointTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
        }
    }
}

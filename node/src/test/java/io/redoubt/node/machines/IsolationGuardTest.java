// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.storage.Told;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rule 3: guests stand still before their writes wait, and go on by themselves.
class IsolationGuardTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path home;
    private final Guests guests = new Guests();
    private final Map<String, Long> left = new HashMap<>();

    private static final class Guests implements IsolationGuard.Guests {
        private final Map<String, List<String>> volumes =
                Map.of("web", List.of("root", "data"), "db", List.of("free"));
        private final Set<String> running = new HashSet<>(Set.of("web", "db"));
        private final List<String> done = new ArrayList<>();

        @Override
        public Map<String, List<String>> volumes() {
            return volumes;
        }

        @Override
        public boolean runs(String machine) {
            return running.contains(machine);
        }

        @Override
        public void halt(String machine, String why) {
            done.add("halt " + machine);
            running.remove(machine);
        }

        @Override
        public void goOn(String machine) {
            done.add("go on " + machine);
            running.add(machine);
        }
    }

    private IsolationGuard guard() {
        var told = new Told(new SystemDisk(home));
        return new IsolationGuard(
                told, guests, v -> left.getOrDefault(v, Long.MAX_VALUE), Runnable::run);
    }

    @Test
    void a_guest_is_halted_while_its_writes_are_still_answered_and_goes_on_with_the_next_grant() {
        IsolationGuard guard = guard();
        left.put("data", 3 * SECOND);
        guard.look();
        assertThat(guests.done).isEmpty();
        left.put("data", 2 * SECOND - 1);
        guard.look();
        guard.look();
        assertThat(guests.done).containsExactly("halt web");
        left.put("data", 0L);
        guard.look();
        left.put("data", 3 * SECOND);
        guard.look();
        assertThat(guests.done).containsExactly("halt web");
        left.put("data", 5 * SECOND);
        guard.look();
        guard.look();
        assertThat(guests.done).containsExactly("halt web", "go on web");
    }

    /// To halt a QEMU whose writes nobody answers would hang it.
    @Test
    void a_guest_whose_writes_wait_already_is_left_alone() {
        IsolationGuard guard = guard();
        left.put("data", 0L);
        guard.look();
        assertThat(guests.done).isEmpty();
    }

    @Test
    void the_next_process_lets_go_on_what_the_one_before_has_halted_and_nothing_else() {
        guests.running.remove("db");
        left.put("data", SECOND);
        guard().look();
        left.clear();
        guard().look();
        assertThat(guests.done).containsExactly("halt web", "go on web");
        guard().look();
        assertThat(guests.done).hasSize(2);
    }

    @Test
    void who_stands_still_already_is_not_let_go_on_later() {
        guests.running.clear();
        IsolationGuard guard = guard();
        left.put("data", SECOND);
        guard.look();
        left.clear();
        guard.look();
        assertThat(guests.done).isEmpty();
    }
}

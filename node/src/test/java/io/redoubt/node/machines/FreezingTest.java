// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.host.Pause;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.MachineState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Freezing and thawing with agents that are played; [DatabasePointTest] has it with a real guest.
@Timeout(60)
class FreezingTest {
    private static final Duration WITHIN = Duration.ofSeconds(2);

    @TempDir Path directory;
    private FakeAgent one;
    private FakeAgent two;
    private final Map<String, Freezing.Guest> guests = new ConcurrentHashMap<>();
    private Freezing freezing;

    @BeforeEach
    void start() throws IOException {
        one = new FakeAgent(directory.resolve("one"));
        two = new FakeAgent(directory.resolve("two"));
        guests.put("one", new Freezing.Guest(MachineState.MACHINE_RUNNING, one.path));
        guests.put("two", new Freezing.Guest(MachineState.MACHINE_RUNNING, two.path));
        freezing = process();
    }

    @AfterEach
    void stop() throws IOException {
        one.close();
        two.close();
        freezing.close();
    }

    /// Another life of the node's process.
    private Freezing process() {
        return new Freezing(
                new Told(new SystemDisk(directory.resolve("told"))),
                machine -> Optional.ofNullable(guests.get(machine)));
    }

    @Test
    void all_guests_are_frozen_for_the_cut_and_thawed_after_it_also_when_it_fails() {
        try (Freezing.Frozen frozen = freeze("one", "two")) {
            assertThat(frozen.failures()).isEmpty();
            assertThat(one.frozen && two.frozen).isTrue();
        }
        assertThat(one.frozen || two.frozen).isFalse();
        assertThatThrownBy(
                        () -> {
                            try (Freezing.Frozen _ = freeze("one")) {
                                throw new IllegalStateException("no cut now");
                            }
                        })
                .hasMessage("no cut now");
        assertThat(one.frozen).isFalse();
        assertThat(left()).isEmpty();
    }

    @Test
    void who_is_not_frozen_is_said_and_why() throws IOException {
        one.fileSystems = 0;
        guests.put("three", new Freezing.Guest(MachineState.MACHINE_PAUSED, two.path));
        try (Freezing.Frozen frozen = freeze("one", "two", "three", "four")) {
            assertThat(frozen.failures())
                    .containsOnlyKeys("one", "three", "four")
                    .containsEntry("one", "its agent found no file system to freeze")
                    .containsEntry("three", "it is not running")
                    .containsEntry("four", "it does not run on the node where it is to be");
            assertThat(two.frozen).isTrue();
        }
        assertThat(two.frozen).isFalse();
    }

    @Test
    void an_agent_that_hangs_costs_the_time_that_was_given_and_no_more() {
        one.deaf = true;
        long began = System.nanoTime();
        Freezing.Frozen frozen = freeze("one", "two");
        assertThat(Duration.ofNanos(System.nanoTime() - began))
                .isBetween(WITHIN.minusMillis(50), WITHIN.plusSeconds(2));
        assertThat(frozen.failures()).containsOnlyKeys("one");
        assertThat(frozen.failures().get("one")).contains("has not answered");
        frozen.close();
        assertThat(two.frozen).isFalse();
    }

    /// An agent may say that it thawed nothing, or less than it froze: then the guest wrote while it was to stand still.
    @Test
    void a_guest_that_ended_its_freeze_by_itself_is_not_believed() {
        Freezing.Frozen frozen = freeze("one", "two");
        assertThat(frozen.failures()).isEmpty();
        one.frozen = false;
        assertThat(frozen.thaw()).containsOnlyKeys("one");
        assertThat(frozen.thaw().get("one")).startsWith("2 file systems were frozen, and 0");
        frozen = freeze("one", "two");
        two.fileSystems = 1;
        assertThat(frozen.thaw()).containsOnlyKeys("two");
        frozen = freeze("one", "two");
        two.deaf = true;
        assertThat(frozen.thaw()).containsOnlyKeys("two");
        frozen.close();
        two.deaf = false;
        await(() -> {
            try (Freezing.Frozen sure = freeze("one", "two")) {
                return sure.thaw().isEmpty();
            }
        });
    }

    /// A hook says so when its database was not held until now. It is asked again, so that one that still holds something lets it go.
    @Test
    void a_guest_whose_hook_fails_when_it_is_thawed_is_not_believed_and_asked_again() {
        Freezing.Frozen frozen = freeze("one", "two");
        assertThat(frozen.failures()).isEmpty();
        one.hookFails = true;
        assertThat(frozen.thaw()).containsOnlyKeys("one");
        assertThat(frozen.thaw().get("one"))
                .isEqualTo(
                        "when it was thawed: The guest's agent refused guest-fsfreeze-thaw: fsfreeze hook has failed with status 1.");
        assertThat(left()).containsExactly("frozen_one");
        one.hookFails = false;
        await(() -> left().isEmpty());
    }

    /// Its answer came too late, or not at all: what it did counts.
    @Test
    void a_guest_that_froze_without_saying_so_is_thawed_when_its_agent_hears_again() {
        one.mute = true;
        Freezing.Frozen frozen = freeze("one");
        assertThat(frozen.failures()).containsOnlyKeys("one");
        assertThat(one.frozen).isTrue();
        one.deaf = true;
        frozen.close();
        assertThat(one.frozen).isTrue();
        assertThat(left()).containsExactly("frozen_one");
        try (Freezing.Frozen again = freeze("one")) {
            assertThat(again.failures().get("one"))
                    .contains("still being thawed after an earlier point");
        }
        one.deaf = false;
        await(() -> !one.frozen && left().isEmpty());
    }

    /// Else the one that ends first would thaw under the other's cut, whose tag would lie.
    @Test
    void a_guest_is_frozen_for_one_point_at_a_time() {
        Freezing.Frozen first = freeze("one");
        try (Freezing.Frozen second = freeze("one", "two")) {
            assertThat(second.failures())
                    .containsOnlyKeys("one")
                    .containsEntry("one", "it is frozen for another point at this moment");
        }
        assertThat(one.frozen).isTrue();
        first.close();
        try (Freezing.Frozen third = freeze("one")) {
            assertThat(third.failures()).isEmpty();
            first.close();
            assertThat(one.frozen).isTrue();
        }
        assertThat(one.frozen).isFalse();
    }

    @Test
    void what_a_killed_process_left_frozen_is_thawed_by_the_next() {
        Freezing.Frozen _ = freeze("one", "two");
        guests.remove("two"); // ended meanwhile
        Freezing next = process();
        next.thawLeft();
        await(() -> !one.frozen && left().isEmpty());
    }

    @Test
    void a_process_that_is_told_to_end_lets_a_cut_end_before_it_thaws() throws Exception {
        Freezing.Frozen frozen = freeze("one");
        Thread ending = Thread.ofVirtual().start(freezing::close);
        Pause.of(Duration.ofMillis(300));
        assertThat(one.frozen).as("while the cut is made").isTrue();
        long began = System.nanoTime();
        frozen.close();
        ending.join();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(2));
        assertThat(one.frozen).isFalse();
    }

    @Test
    void a_process_that_is_told_to_end_thaws_first_and_freezes_nobody_any_more() {
        Freezing.Frozen frozen = freeze("one");
        freezing.close();
        assertThat(one.frozen).isFalse();
        assertThat(left()).isEmpty();
        int before = one.freezes.get();
        try (Freezing.Frozen late = freeze("one")) {
            assertThat(late.failures()).containsOnlyKeys("one");
        }
        assertThat(one.freezes.get()).isEqualTo(before);
        frozen.close(); // once more does no harm
    }

    private Freezing.Frozen freeze(String... machines) {
        return freezing.freeze(
                FreezeGuests.newBuilder().addAllMachines(List.of(machines)).build(), WITHIN);
    }

    private List<String> left() {
        try (Stream<Path> files = Files.list(directory.resolve("told"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void await(BooleanSupplier check) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Pause.of(Duration.ofMillis(20));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.Command.CommandCase;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.TakePoint;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Points that somebody orders of a group on two nodes: one for each order, whoever cuts it, and a label that is true whoever dies. The nodes
/// are played.
class FrozenPointTest {
    private final TwoSources two = new TwoSources();
    private final List<String> told = new CopyOnWriteArrayList<>();

    FrozenPointTest() throws Exception {}

    @AfterEach
    void close() {
        two.close();
    }

    private Api.Answer take(boolean consistent) {
        return two.region.post(
                two.path() + "/recovery-points",
                "{'name': 'n', 'protected': true, 'consistent': %s}".formatted(consistent));
    }

    private static TakePoint wish(FakeNode node) {
        return node.heard.stream()
                .filter(Command::hasTakePoint)
                .reduce((_, later) -> later)
                .orElseThrow()
                .getTakePoint();
    }

    /// The receiver publishes what was cut by a source for this wish.
    private void publish(long number, TakePoint wish) {
        FakeJournal journal = Objects.requireNonNull(two.receiver.receivers.get(two.group)).journal;
        Point point =
                Point.newBuilder()
                        .setNumber(number)
                        .setStampMillis(System.currentTimeMillis())
                        .setPublishedAtMillis(System.currentTimeMillis())
                        .setName(wish.getName())
                        .setTag(wish.getName())
                        .setTakenBy(wish.getTakenBy())
                        .setOrder(wish.getOrder())
                        .addAllFreezeFailures(wish.getFreezeFailuresList())
                        .putAllVseqs(Map.of(volume(), 7L))
                        .build();
        synchronized (journal.points) {
            journal.points.put(number, point);
        }
    }

    private String volume() {
        return two.told(two.one).getVolumes(0).getVolume();
    }

    private JsonNode shown(long number) {
        return two.region.get(two.path() + "/recovery-points/" + number).body();
    }

    /// Takes a point that is cut by the first node as number 1000.
    private JsonNode taken() throws Exception {
        Api.Answer accepted = take(true);
        Api.await("the cut", () -> two.one.heard(CommandCase.TAKE_POINT));
        publish(1000, wish(two.one));
        two.region.done(accepted);
        assertThat(two.one.frozen).isEmpty();
        return shown(1000);
    }

    private Map<String, String> failures(JsonNode point) {
        var failures = new TreeMap<String, String>();
        point.path("freezeFailures")
                .forEach(each ->
                        failures.put(
                                each.path("machine").asString(), each.path("reason").asString()));
        return failures;
    }

    /// Each command is written down and heard.
    private void listen() {
        for (FakeNode node : List.of(two.one, two.other, two.receiver)) {
            node.deaf =
                    command -> {
                        told.add(command.getCommandCase().name());
                        return false;
                    };
        }
    }

    @Test
    void the_guests_of_all_nodes_are_frozen_from_before_the_cut_until_after_it() throws Exception {
        listen();
        Api.Answer accepted = take(true);
        Api.await("the guests are thawed", () -> told.contains("THAW_GUESTS"));
        publish(1000, wish(two.one));
        Api.await("it is known", () -> !shown(1000).path("number").isMissingNode());
        two.region.done(accepted);
        assertThat(told.stream().filter(t -> t.matches("(FREEZE|TAKE|THAW|LABEL)_.*")).toList())
                .containsExactly(
                        "FREEZE_GUESTS",
                        "FREEZE_GUESTS",
                        "TAKE_POINT",
                        "THAW_GUESTS",
                        "THAW_GUESTS",
                        "LABEL_POINT");
        assertThat(wish(two.one).getFreezeFailuresList())
                .as("what the point says as long as nobody knows")
                .extracting(FreezeFailure::getMachine)
                .containsExactlyInAnyOrder(two.machineOfOne, two.machineOfOther);
        assertThat(shown(1000).path("consistency").asString()).isEqualTo("application");
        assertThat(failures(shown(1000))).isEmpty();
        assertThat(two.other.frozen).isEmpty();
        Thread.sleep(1500); // reports say the same
        assertThat(shown(1000).path("consistency").asString()).isEqualTo("application");
    }

    @Test
    void a_node_that_does_not_freeze_makes_it_no_better_than_a_crash_and_is_named()
            throws Exception {
        two.other.freezeFails = "its agent is silent";
        JsonNode point = taken();
        assertThat(point.path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(point))
                .containsExactly(Map.entry(two.machineOfOther, "its agent is silent"));
    }

    @Test
    void a_node_that_thawed_early_makes_it_no_better_than_a_crash() throws Exception {
        two.other.thawDoubts = "0 file systems were frozen";
        JsonNode point = taken();
        assertThat(point.path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(point))
                .containsExactly(Map.entry(two.machineOfOther, "0 file systems were frozen"));
    }

    @Test
    void a_node_that_dies_before_it_thaws_makes_it_no_better_than_a_crash() throws Exception {
        two.other.deaf =
                command -> {
                    if (command.hasThawGuests()) {
                        two.other.die();
                    }
                    return command.hasThawGuests();
                };
        JsonNode point = taken();
        assertThat(point.path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(point).get(two.machineOfOther)).contains("is not connected");
    }

    @Test
    void a_node_that_is_away_makes_it_no_better_than_a_crash() throws Exception {
        two.other.die();
        JsonNode point = taken();
        assertThat(point.path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(point)).containsOnlyKeys(two.machineOfOther);
    }

    /// The cut was made under the first freeze, of whose end nobody heard: what the second one proves is of no cut.
    @Test
    void a_cut_whose_answer_was_lost_is_the_point_and_nothing_is_proved_of_it() throws Exception {
        Api.Answer accepted = lost(true);
        two.other.makesCuts = true;
        two.region.done(accepted);
        assertThat(shown(500).path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(shown(500))).containsOnlyKeys(two.machineOfOne, two.machineOfOther);
        assertThat(two.other.frozen).isEmpty();
        assertThat(protectedOnes()).containsExactly(500L);
    }

    @Test
    void a_coordinator_that_dies_after_the_cut_is_not_asked_again_once_the_point_is_known()
            throws Exception {
        Api.Answer accepted = lost(false);
        Api.await("it is known", () -> !shown(500).path("number").isMissingNode());
        two.other.makesCuts = true;
        two.region.done(accepted);
        assertThat(two.other.heard(CommandCase.TAKE_POINT)).isFalse();
        assertThat(protectedOnes()).containsExactly(500L);
    }

    /// The point of the first cut becomes known when another source has answered for a second one, which the receiver gives up.
    @Test
    void the_point_of_an_order_counts_also_when_another_cut_was_answered_for() throws Exception {
        two.one.deaf = Command::hasTakePoint;
        Api.Answer accepted = take(false);
        Api.await("the cut", () -> two.one.heard(CommandCase.TAKE_POINT));
        two.other.makesCuts = true;
        two.one.die();
        Api.await("it is cut again", () -> two.other.heard(CommandCase.TAKE_POINT));
        assertThat(wish(two.other).getOrder()).isEqualTo(wish(two.one).getOrder()).isNotEmpty();
        publish(500, wish(two.one));
        two.region.done(accepted);
        assertThat(protectedOnes()).containsExactly(500L);
    }

    /// As above, with guests that were surely frozen for the second cut: nothing of it is said of the first one.
    @Test
    void what_was_proved_of_another_cut_is_not_said_of_the_point() throws Exception {
        two.one.deaf =
                command -> {
                    if (command.hasTakePoint() && two.one.makesCuts) {
                        two.one.makesCuts = false;
                        two.one.die();
                    }
                    return command.hasTakePoint();
                };
        Api.Answer accepted = take(true);
        Api.await("the cut", () -> two.one.heard(CommandCase.TAKE_POINT));
        TakePoint first = wish(two.one);
        two.one.connect();
        // Nobody makes cuts until it is back: the second try finds both.
        Api.await("it is known", () -> !two.get().toString().contains("\"makesCuts\":true"));
        two.other.makesCuts = true;
        Api.await("it is cut again", () -> two.other.heard(CommandCase.TAKE_POINT));
        Api.await("all are thawed", () -> thaws(two.one) >= 1 && two.other.frozen.isEmpty());
        publish(500, first);
        two.region.done(accepted);
        assertThat(shown(500).path("consistency").asString()).isEqualTo("crash");
        assertThat(failures(shown(500))).containsOnlyKeys(two.machineOfOne, two.machineOfOther);
    }

    @Test
    void no_guest_is_frozen_for_a_cut_that_nobody_can_make() throws Exception {
        Api.await("it makes cuts", () -> two.get().toString().contains("\"makesCuts\":true"));
        two.one.makesCuts = false;
        Api.await("it is known", () -> !two.get().toString().contains("\"makesCuts\":true"));
        Api.Answer accepted = take(true);
        Thread.sleep(1500);
        assertThat(two.one.freezes.get() + two.other.freezes.get()).isZero();
        two.one.makesCuts = true;
        Api.await("the cut", () -> two.one.heard(CommandCase.THAW_GUESTS));
        publish(1000, wish(two.one));
        two.region.done(accepted);
        assertThat(shown(1000).path("consistency").asString()).isEqualTo("application");
    }

    private static long thaws(FakeNode node) {
        return node.heard.stream().filter(Command::hasThawGuests).count();
    }

    /// The first node makes the cut 500, which the receiver publishes, and dies before it answers.
    private Api.Answer lost(boolean consistent) throws Exception {
        two.one.deaf =
                command -> {
                    if (command.hasTakePoint()) {
                        publish(500, command.getTakePoint());
                        two.one.die();
                    }
                    return command.hasTakePoint();
                };
        Api.Answer accepted = take(consistent);
        Api.await("the cut", () -> two.one.heard(CommandCase.TAKE_POINT));
        return accepted;
    }

    private List<Long> protectedOnes() {
        return List.copyOf(
                Objects.requireNonNull(two.receiver.receivers.get(two.group)).journal.guarded);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ViewVolume;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A group that turns round after its commit and comes back, with two played nodes.
class ReverseTest {
    @Test
    void a_committed_group_turns_round_and_moves_home() throws Exception {
        try (var scene = new Scene()) {
            String id = committed(scene);
            String lineage = scene.get().path("lineage").asString();
            scene.region.done(reverse(scene));

            ProtectReceiver adopted = receiver(scene);
            assertThat(adopted.getAdoptedCount()).isEqualTo(2);
            assertThat(adopted.getFork().getParent()).isEqualTo(lineage);
            assertThat(adopted.getFork().getPoint()).isEqualTo(2);
            assertThat(adopted.getFork().getVseqsCount()).isEqualTo(2);
            assertThat(adopted.getLineage()).isNotEqualTo(lineage);
            ProtectSource told = source(scene);
            assertThat(told.getDelta().getUnknown()).isEmpty();
            assertThat(told.getDelta().getPoint()).isEqualTo(2);
            assertThat(told.getDelta().getVolumesList())
                    .hasSize(2)
                    .allMatch(delta ->
                            scene.receiver.volumes.containsKey(delta.getVolume())
                                    && delta.getUnshippedCount() == 1);
            JsonNode group = scene.get();
            assertThat(group.path("term").asLong()).isEqualTo(3);
            assertThat(group.path("sourceZone").asString()).isEqualTo("b");
            assertThat(group.path("targetZone").asString()).isEqualTo("a");
            assertThat(group.path("receiverNode").asString()).isEqualTo(scene.source.id);
            assertThat(group.path("newestPoint").isNull()).as("none of the old journal").isTrue();
            assertThat(scene.source.sources).isEmpty();
            assertThat(scene.source.machines).isEmpty();
            Api.await(
                    "the new source is granted",
                    () -> scene.receiver.standing(scene.group) == GrantHolder.Standing.GRANTED);
            assertThat(scene.region.get("/v1/failovers/" + id).body().path("compared").isNull())
                    .isTrue();

            scene.source.publish(scene.group, 1, System.currentTimeMillis(), "");
            Api.await(
                    "it is protected",
                    () -> scene.get().path("state").asString().equals("protected"));
            Api.Answer move = scene.failover("move", "newest");
            Api.await("the last cut", () -> scene.receiver.heard(Command.CommandCase.TAKE_POINT));
            scene.source.publish(scene.group, 1000, System.currentTimeMillis(), "");
            String home = scene.region.done(move);
            assertThat(
                            scene.region
                                    .get("/v1/failovers/" + home)
                                    .body()
                                    .path("rpoSeconds")
                                    .asDouble(1))
                    .isZero();
            assertThat(scene.source.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            assertThat(scene.region.get("/v1/machines/" + scene.machine).text("zone"))
                    .isEqualTo("a");
            scene.region.done(scene.region.post("/v1/failovers/" + home + "/commit", "{}"));
            Api.Answer again = reverse(scene);
            assertThat(again.text("cause")).isEqualTo("old-side-is-view");
        }
    }

    /// What ran on the old journal comes off it, and the journal goes when it is given up: then the way is free once more.
    @Test
    void a_group_goes_there_and_back_and_there_again() throws Exception {
        try (var scene = new Scene()) {
            committed(scene);
            scene.region.done(reverse(scene));
            List<String> there = volumes(scene);
            assertThat(scene.receiver.heard.stream().filter(Command::hasHydrateVolume))
                    .as("only after the source of the way back knows what differs")
                    .extracting(command -> command.getHydrateVolume().getVolume())
                    .containsExactlyInAnyOrderElementsOf(there);
            int delta = index(scene.receiver, Command::hasProtectSource);
            assertThat(index(scene.receiver, Command::hasHydrateVolume)).isGreaterThan(delta);
            assertThat(former(scene).size()).isEqualTo(1);
            Api.Answer early = scene.region.delete(scene.path() + "/former-journals");
            assertThat(early.text("cause")).isEqualTo("group-in-use");
            assertThat(early.text("detail")).contains("copied out of its journal");

            moveHome(scene, 2000);
            assertThat(reverse(scene).text("cause")).isEqualTo("old-side-is-view");
            copied(scene, scene.receiver, there);
            assertThat(scene.receiver.views).isEmpty();
            Api.Answer inTheWay = reverse(scene);
            assertThat(inTheWay.text("cause")).isEqualTo("former-journal-there");
            assertThat(inTheWay.text("remedy")).contains("group forget-journals");
            scene.region.done(scene.region.delete(scene.path() + "/former-journals"));
            assertThat(scene.receiver.receivers).isEmpty();
            scene.receiver.hydrates = HydrationState.HYDRATION_COMPLETE; // of what is adopted
            scene.source.hydrates = HydrationState.HYDRATION_COPYING;
            scene.region.done(reverse(scene));
            assertThat(scene.get().path("targetZone").asString()).isEqualTo("b");
            List<String> home = volumes(scene);
            assertThat(home).doesNotContainAnyElementsOf(there);
            assertThat(former(scene).path(0).path("node").asString()).isEqualTo(scene.source.id);

            copied(scene, scene.source, home);
            scene.region.done(scene.region.delete(scene.path() + "/former-journals"));
            assertThat(former(scene).size()).isZero();
            assertThat(scene.source.volumes.keySet())
                    .as("the first volumes went with the journal that they were the base of")
                    .containsExactlyInAnyOrderElementsOf(home);
            scene.region.unprotect(scene.group);
        }
    }

    /// What stands on the journal is copied first: with the group its journal goes.
    @Test
    void a_group_that_has_failed_over_can_be_deleted_and_its_machines_stay() throws Exception {
        try (var scene = new Scene()) {
            committed(scene);
            List<String> live =
                    scene.receiver.views.values().stream()
                            .flatMap(view -> view.getVolumesList().stream())
                            .map(ViewVolume::getViewVolume)
                            .toList();
            Api.Answer deletion = scene.region.delete(scene.path());
            Api.await(
                    "they are copied",
                    () ->
                            scene.receiver.heard.stream().filter(Command::hasHydrateVolume).count()
                                    == live.size());
            assertThat(scene.receiver.takesPart(scene.group)).isTrue();
            copied(scene, scene.receiver, live);
            scene.region.done(deletion);
            assertThat(scene.receiver.takesPart(scene.group)).isFalse();
            assertThat(scene.source.takesPart(scene.group)).isFalse();
            assertThat(scene.receiver.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            for (String volume : live) {
                JsonNode seen = scene.region.get("/v1/volumes/" + volume).body();
                assertThat(seen.path("view").isNull()).isTrue();
                assertThat(seen.path("state").asString()).isEqualTo("ready");
            }
        }
    }

    private static void moveHome(Scene scene, long cut) throws Exception {
        scene.source.publish(scene.group, 1, System.currentTimeMillis(), "");
        Api.await(
                "it is protected", () -> scene.get().path("state").asString().equals("protected"));
        scene.receiver.nextCut.set(cut);
        Api.Answer move = scene.failover("move", "newest");
        Api.await("the last cut", () -> scene.receiver.heard(Command.CommandCase.TAKE_POINT));
        scene.source.publish(scene.group, cut, System.currentTimeMillis(), "");
        String home = scene.region.done(move);
        scene.region.done(scene.region.post("/v1/failovers/" + home + "/commit", "{}"));
    }

    /// Their node has copied them.
    private static void copied(Scene scene, FakeNode node, List<String> volumes) throws Exception {
        volumes.forEach(volume -> node.copying(volume, HydrationState.HYDRATION_COMPLETE, ""));
        for (String volume : volumes) {
            Api.await(
                    "it stands alone",
                    () -> scene.region.get("/v1/volumes/" + volume).body().path("view").isNull());
        }
    }

    private static List<String> volumes(Scene scene) {
        var volumes = new ArrayList<String>();
        scene.get().path("volumes").forEach(each -> volumes.add(each.path("volume").asString()));
        return volumes;
    }

    private static JsonNode former(Scene scene) {
        return scene.region.get(scene.path() + "/former-journals").body().path("items");
    }

    private static int index(FakeNode node, Predicate<Command> kind) {
        List<Command> heard = List.copyOf(node.heard);
        return heard.indexOf(heard.stream().filter(kind).findFirst().orElseThrow());
    }

    @Test
    void a_group_that_is_not_committed_does_not_turn_round() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            scene.region.done(scene.failover("live", "newest"));
            Api.Answer refused = reverse(scene);
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("not-committed");
            assertThat(refused.text("remedy")).contains("failover commit");
        }
    }

    /// The next attempt speaks of the same lineage: the node may have begun, and its answer was lost.
    @Test
    void a_node_that_cannot_adopt_leaves_the_group_as_it_was() throws Exception {
        try (var scene = new Scene()) {
            committed(scene);
            scene.source.refused = Map.of(Command.CommandCase.PROTECT_RECEIVER, "cannot-adopt");
            JsonNode fault = scene.region.failed(reverse(scene));
            assertThat(fault.path("message").asString()).contains("cannot-adopt");
            String lineage = receiver(scene).getLineage();
            JsonNode group = scene.get();
            assertThat(group.path("state").asString()).isEqualTo("failed-over");
            assertThat(group.path("term").asLong()).isEqualTo(2);
            assertThat(group.path("sourceZone").asString()).isEqualTo("a");
            assertThat(scene.receiver.heard(Command.CommandCase.PROTECT_SOURCE)).isFalse();
            scene.source.refused = Map.of();
            scene.region.done(reverse(scene));
            assertThat(receiver(scene).getLineage()).isEqualTo(lineage);
        }
    }

    @Test
    void a_refused_reversal_says_why_and_is_tried_again_or_given_up() throws Exception {
        try (var scene = new Scene()) {
            String failover = committed(scene);
            assertThat(scene.region.get(reversal(scene)).status()).isEqualTo(404);
            Api.Answer none = scene.region.delete(reversal(scene));
            assertThat(none.text("cause")).isEqualTo("not-refused");
            scene.source.refused = Map.of(Command.CommandCase.PROTECT_RECEIVER, "cannot-adopt");
            var _ = scene.region.failed(reverse(scene));
            JsonNode refused = scene.region.get(reversal(scene)).body();
            assertThat(refused.path("state").asString()).isEqualTo("refused");
            assertThat(refused.path("reason").asString()).contains("cannot-adopt");
            assertThat(refused.path("failover").asString()).isEqualTo(failover);
            String lineage = receiver(scene).getLineage();

            scene.source.refused = Map.of(Command.CommandCase.DROP_JOURNAL, "in-use");
            var _ = scene.region.failed(scene.region.delete(reversal(scene)));
            assertThat(scene.region.get(reversal(scene)).text("state")).isEqualTo("refused");
            scene.source.refused = Map.of();
            scene.region.done(scene.region.delete(reversal(scene)));
            var drop =
                    scene.source.heard.stream()
                            .filter(Command::hasDropJournal)
                            .reduce((_, last) -> last)
                            .orElseThrow()
                            .getDropJournal();
            assertThat(drop.getUnbegun()).isTrue();
            assertThat(drop.getLineage()).isEqualTo(lineage);
            assertThat(scene.region.get(reversal(scene)).status()).isEqualTo(404);
            scene.region.done(reverse(scene));
            assertThat(receiver(scene).getLineage()).as("it began anew").isNotEqualTo(lineage);
        }
    }

    private static String reversal(Scene scene) {
        return scene.path() + "/reversal";
    }

    /// Rule 35: the operator is told.
    @Test
    void an_old_side_that_knows_nothing_is_compared_and_the_failover_says_why() throws Exception {
        try (var scene = new Scene()) {
            String id = committed(scene);
            scene.source.refused = Map.of(Command.CommandCase.TELL_UNSHIPPED, "unknown-group");
            scene.region.done(reverse(scene));
            assertThat(source(scene).getDelta().getUnknown()).contains("unknown-group");
            assertThat(scene.region.get("/v1/failovers/" + id).body().path("compared").asString())
                    .contains("unknown-group");
        }
    }

    /// The numbers of the old journal's points say nothing of the new one's.
    @Test
    void who_joined_late_is_in_the_first_points_of_the_way_back() throws Exception {
        try (var scene = new Scene()) {
            String late = scene.region.machine("a");
            scene.region.done(
                    scene.region.post(
                            scene.path() + "/machines", "{'machines': ['%s']}".formatted(late)));
            scene.publish(500);
            var accepted = new ArrayList<Api.Answer>();
            Api.await(
                    "it is in a point",
                    () -> {
                        accepted.add(scene.failover("live", "newest"));
                        return accepted.getLast().status() == 202;
                    });
            String id = scene.region.done(accepted.getLast());
            scene.region.done(scene.region.post("/v1/failovers/" + id + "/commit", "{}"));
            scene.source.hydrates = HydrationState.HYDRATION_COMPLETE;
            scene.region.done(reverse(scene));
            scene.source.publish(scene.group, 1, System.currentTimeMillis(), "");
            Api.await("the first point", () -> scene.get().path("newestPoint").isObject());
            scene.region.done(scene.failover("live", "newest"));
        }
    }

    private static String committed(Scene scene) throws Exception {
        scene.publish(1, 2);
        String id = scene.region.done(scene.failover("live", "newest"));
        scene.region.done(scene.region.post("/v1/failovers/" + id + "/commit", "{}"));
        scene.source.hydrates = HydrationState.HYDRATION_COMPLETE;
        return id;
    }

    private static Api.Answer reverse(Scene scene) {
        return scene.region.post(scene.path() + "/reverse", "{}");
    }

    /// With the volumes that it adopts, which it is told only once.
    private static ProtectReceiver receiver(Scene scene) {
        return scene.source.heard.stream()
                .filter(Command::hasProtectReceiver)
                .map(Command::getProtectReceiver)
                .filter(ProtectReceiver::hasFork)
                .reduce((_, last) -> last)
                .orElseThrow();
    }

    private static ProtectSource source(Scene scene) {
        return scene.receiver.heard.stream()
                .filter(Command::hasProtectSource)
                .findFirst()
                .orElseThrow()
                .getProtectSource();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.VolumeDelta;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A group that turns round towards volumes on two nodes: a journal adopts those of its own node, and the others are nobody's part.
class SeveralOldNodesTest {
    @Test
    void one_old_node_keeps_the_journal_and_the_other_lets_go() throws Exception {
        try (var scene = new TwoSources()) {
            String failover = committed(scene);
            long before = scene.told(scene.one).getMembership();
            Map<FakeNode, Set<String>> old =
                    Map.of(
                            scene.one, Set.copyOf(scene.one.volumes.keySet()),
                            scene.other, Set.copyOf(scene.other.volumes.keySet()));
            scene.region.done(reverse(scene));

            FakeNode journal = journal(scene);
            FakeNode other = journal == scene.one ? scene.other : scene.one;
            ProtectReceiver told = receiver(journal);
            assertThat(told.getVolumesList()).hasSize(4);
            assertThat(told.getAdoptedList().stream().map(AdoptedVolume::getHere))
                    .containsExactlyInAnyOrderElementsOf(old.get(journal));
            assertThat(other.heard(Command.CommandCase.PROTECT_RECEIVER)).isFalse();
            assertThat(other.takesPart(scene.group)).as("it holds no writes for it").isFalse();
            assertThat(other.machines).isEmpty();

            ProtectSource source = scene.told(scene.receiver);
            List<String> live =
                    source.getVolumesList().stream().map(ProtectedVolume::getVolume).toList();
            List<String> known =
                    source.getDelta().getVolumesList().stream()
                            .map(VolumeDelta::getVolume)
                            .toList();
            assertThat(known).hasSize(2).isSubsetOf(live);
            assertThat(source.getDelta().getWholeList())
                    .hasSize(2)
                    .isSubsetOf(live)
                    .doesNotContainAnyElementsOf(known);
            assertThat(source.getMembership()).isEqualTo(told.getMembership());
            assertThat(source.getMembership()).isGreaterThan(before);
            Api.await(
                    "the new source is granted",
                    () -> scene.receiver.standing(scene.group) == GrantHolder.Standing.GRANTED);

            JsonNode seen = scene.failover(failover);
            assertThat(seen.path("compared").isNull()).isTrue();
            assertThat(strings(seen.path("copiedWhole")))
                    .containsExactlyInAnyOrderElementsOf(old.get(other));
            states(scene, old.get(other), "ready");
            states(scene, old.get(journal), "adopted");

            journal.uncounted = source.getDelta().getWholeList();
            journal.publish(scene.group, 1, System.currentTimeMillis(), "what-the-old-side-held");
            Api.await("the first point", () -> scene.get().path("newestPoint").isObject());
            Api.Answer early = scene.failover();
            assertThat(early.text("cause")).as("it holds half of it").isEqualTo("not-in-point");
            journal.uncounted = List.of();
            journal.publish(scene.group, 2, System.currentTimeMillis(), "");
            Api.await(
                    "a point of all",
                    () -> scene.get().path("newestPoint").path("number").asLong() == 2);
            scene.region.done(scene.failover());

            for (String volume : strings(seen.path("copiedWhole"))) {
                scene.region.done(scene.region.delete("/v1/volumes/" + volume));
            }
            assertThat(other.volumes).isEmpty();
        }
    }

    /// Its volumes are nobody's part, whether it knows or not: nobody waits for it.
    @Test
    void an_old_node_that_cannot_let_go_now_is_told_later() throws Exception {
        try (var scene = new TwoSources()) {
            committed(scene);
            var refused = Map.of(Command.CommandCase.UNPROTECT, "busy");
            scene.one.refused = refused;
            scene.other.refused = refused;
            scene.region.done(reverse(scene));
            FakeNode other = journal(scene) == scene.one ? scene.other : scene.one;
            assertThat(other.takesPart(scene.group)).isTrue();
            other.refused = Map.of();
            Api.await("it is told", () -> !other.takesPart(scene.group));
        }
    }

    @Test
    void while_one_of_the_old_nodes_is_away_nothing_turns_round() throws Exception {
        try (var scene = new TwoSources()) {
            committed(scene);
            scene.other.die();
            Api.await("it is refused", () -> reverse(scene).text("cause").equals("side-away"));
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
            assertThat(scene.one.heard(Command.CommandCase.PROTECT_RECEIVER)).isFalse();
        }
    }

    private static String committed(TwoSources scene) throws Exception {
        scene.publish(1);
        String id = scene.region.done(scene.failover());
        scene.region.done(scene.region.post("/v1/failovers/" + id + "/commit", "{}"));
        scene.one.hydrates = HydrationState.HYDRATION_COMPLETE;
        scene.other.hydrates = HydrationState.HYDRATION_COMPLETE;
        return id;
    }

    private static Api.Answer reverse(TwoSources scene) {
        return scene.region.post(scene.path() + "/reverse", "{}");
    }

    private static FakeNode journal(TwoSources scene) {
        String id = scene.get().path("receiverNode").asString();
        return id.equals(scene.one.id) ? scene.one : scene.other;
    }

    private static ProtectReceiver receiver(FakeNode node) {
        return node.heard.stream()
                .filter(Command::hasProtectReceiver)
                .map(Command::getProtectReceiver)
                .filter(ProtectReceiver::hasFork)
                .findFirst()
                .orElseThrow();
    }

    private static void states(TwoSources scene, @Nullable Set<String> volumes, String state) {
        assertThat(volumes)
                .hasSize(2)
                .allSatisfy(volume -> {
                    JsonNode seen = scene.region.get("/v1/volumes/" + volume).body();
                    assertThat(seen.path("state").asString()).isEqualTo(state);
                });
    }

    private static List<String> strings(JsonNode array) {
        return array.valueStream().map(each -> each.asString("")).toList();
    }
}

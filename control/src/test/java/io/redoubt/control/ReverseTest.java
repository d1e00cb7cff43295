// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import java.util.Map;
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

    private static ProtectReceiver receiver(Scene scene) {
        return scene.source.heard.stream()
                .filter(Command::hasProtectReceiver)
                .reduce((_, last) -> last)
                .orElseThrow()
                .getProtectReceiver();
    }

    private static ProtectSource source(Scene scene) {
        return scene.receiver.heard.stream()
                .filter(Command::hasProtectSource)
                .findFirst()
                .orElseThrow()
                .getProtectSource();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A failover that is taken back or made final, with two played nodes.
class RollbackTest {
    /// I20: as before, and nobody writes on two sides at any moment of it.
    @Test
    void a_rollback_ends_the_new_side_first_and_the_old_one_goes_on_under_a_later_term()
            throws Exception {
        try (var scene = new Scene()) {
            String id = failedOver(scene);
            int began = scene.receiver.heard.size();
            JsonNode preview =
                    scene.region.post("/v1/failovers/" + id + "/rollback-preview", "{}").body();
            assertThat(preview.path("possible").asBoolean()).isTrue();
            assertThat(preview.path("writtenSeconds").asDouble(-1)).isNotNegative();
            assertThat(preview.path("machines").size()).isEqualTo(1);
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
            assertThat(scene.receiver.heard).hasSize(began);

            scene.receiver.refused = Map.of(Command.CommandCase.CLOSE_VIEW, "in-use");
            Api.Answer accepted = rollBack(scene, id);
            Api.await(
                    "the view is to close",
                    () -> scene.receiver.heard(Command.CommandCase.CLOSE_VIEW));
            assertThat(scene.get().path("term").asLong())
                    .as("nobody else may write while the view is there")
                    .isEqualTo(2);
            assertThat(scene.receiver.machines).isEmpty();
            scene.receiver.refused = Map.of();
            scene.region.done(accepted);
            assertThat(
                            scene.receiver.heard.stream()
                                    .skip(began)
                                    .map(Command::getCommandCase)
                                    .toList())
                    .containsSubsequence(
                            Command.CommandCase.DELETE_MACHINE,
                            Command.CommandCase.CLOSE_VIEW,
                            Command.CommandCase.ROLL_BACK_RECEIVER);
            assertThat(scene.receiver.machines).isEmpty();
            assertThat(scene.receiver.views).isEmpty();
            assertThat(scene.receiver.volumes).isEmpty();
            Api.await("the source writes again", scene::granted);
            assertThat(scene.source.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            JsonNode machine = scene.region.get("/v1/machines/" + scene.machine).body();
            assertThat(machine.path("zone").asString()).isEqualTo("a");
            assertThat(machine.path("node").asString()).isEqualTo(scene.source.id);
            assertThat(machine.path("disks").valueStream())
                    .hasSize(2)
                    .allMatch(disk ->
                            scene.source.volumes.containsKey(disk.path("volume").asString()));
            assertThat(scene.source.volumes.values())
                    .as("a QEMU of before is refused")
                    .allMatch(volume -> volume.getAttachment().getNumber() == 3);
            assertThat(scene.get().path("term").asLong()).isEqualTo(3);
            Api.await(
                    "it is protected",
                    () -> scene.get().path("state").asString().equals("protected"));
            assertThat(state(scene, id)).isEqualTo("rolled-back");
            assertThat(rollBack(scene, id).text("cause")).isEqualTo("not-active");
            scene.region.done(scene.failover("live", "newest"));
            assertThat(scene.receiver.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
        }
    }

    @Test
    void a_rollback_needs_the_old_side_and_says_so_before_anything_changes() throws Exception {
        try (var scene = new Scene()) {
            String id = failedOver(scene);
            scene.source.die();
            Api.await(
                    "the source is gone",
                    () ->
                            scene.region
                                            .post("/v1/failovers/" + id + "/rollback-preview", "{}")
                                            .body()
                                            .path("nodesAway")
                                            .size()
                                    == 1);
            Api.Answer refused = rollBack(scene, id);
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.text("cause")).isEqualTo("side-away");
            assertThat(refused.text("detail")).contains(scene.source.id);
            requireStillThere(scene, id);
        }
    }

    /// The node is there, the group's source on it is not.
    @Test
    void an_old_side_that_cannot_go_on_leaves_the_machines_where_they_are() throws Exception {
        try (var scene = new Scene()) {
            String id = failedOver(scene);
            scene.source.refused = Map.of(Command.CommandCase.RELEASE_SOURCE, "unknown-group");
            JsonNode fault = scene.region.failed(rollBack(scene, id));
            assertThat(fault.path("message").asString()).contains("unknown-group");
            requireStillThere(scene, id);
            scene.source.refused = Map.of();
            scene.region.done(rollBack(scene, id));
        }
    }

    @Test
    void a_test_is_torn_down_and_not_rolled_back() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            String test = scene.region.done(scene.failover("test", "1"));
            Api.Answer refused = rollBack(scene, test);
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("remedy")).contains("failover delete");
        }
    }

    @Test
    void a_commit_is_final_and_what_is_above_its_point_is_a_branch() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2, 3);
            String id = scene.region.done(scene.failover("live", "2"));
            assertThat(scene.region.delete(scene.path()).text("cause")).isEqualTo("group-in-use");
            scene.region.done(commit(scene, id));
            assertThat(state(scene, id)).isEqualTo("committed");
            Api.await("point 3 is of the branch", () -> branch(scene, 3));
            assertThat(branch(scene, 2)).isFalse();
            assertThat(scene.get().path("newestPoint").path("number").asLong()).isEqualTo(2);

            Api.Answer refused = rollBack(scene, id);
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("detail")).contains("committed");
            assertThat(refused.text("remedy")).contains("What is committed stays");
            assertThat(scene.receiver.views).hasSize(1);
            scene.region.done(commit(scene, id));
            assertThat(scene.receiver.heard.stream().filter(Command::hasCommitReceiver))
                    .allMatch(command -> command.getCommitReceiver().getPoint() == 2);
            String test = scene.region.done(scene.failover("test", "3"));
            scene.region.done(scene.region.delete("/v1/failovers/" + test));
        }
    }

    @Test
    void a_commit_that_the_receiver_refuses_leaves_the_way_back_open() throws Exception {
        try (var scene = new Scene()) {
            String id = failedOver(scene);
            scene.receiver.refused = Map.of(Command.CommandCase.COMMIT_RECEIVER, "not-promoted");
            JsonNode fault = scene.region.failed(commit(scene, id));
            assertThat(fault.path("message").asString()).contains("not-promoted");
            requireStillThere(scene, id);
            scene.receiver.refused = Map.of();
            scene.region.done(rollBack(scene, id));
            assertThat(commit(scene, id).text("cause")).isEqualTo("not-active");
        }
    }

    /// It did it and its answer was lost; then the control plane was restored to before that.
    @Test
    void a_rollback_ends_before_anything_is_dropped_when_the_receiver_knows_of_a_commit()
            throws Exception {
        try (var scene = new Scene()) {
            String id = failedOver(scene);
            java.util.Objects.requireNonNull(scene.receiver.receivers.get(scene.group))
                            .journal
                            .committed =
                    2;
            JsonNode fault = scene.region.failed(rollBack(scene, id));
            assertThat(fault.path("message").asString()).contains("committed");
            requireStillThere(scene, id);
        }
    }

    private static boolean branch(Scene scene, long point) {
        return scene.region
                .get(scene.path() + "/recovery-points/" + point)
                .body()
                .path("branch")
                .asBoolean();
    }

    private static Api.Answer commit(Scene scene, String id) {
        return scene.region.post("/v1/failovers/" + id + "/commit", "{}");
    }

    private static String failedOver(Scene scene) throws Exception {
        scene.publish(1, 2);
        String id = scene.region.done(scene.failover("live", "newest"));
        Api.await(
                "the source is fenced",
                () ->
                        scene.source.standing(scene.group) == GrantHolder.Standing.FENCED
                                && scene.source.volumes.values().stream()
                                        .allMatch(v -> v.getAttachment().getNumber() == 2));
        return id;
    }

    private static Api.Answer rollBack(Scene scene, String id) {
        return scene.region.post("/v1/failovers/" + id + "/rollback", "{}");
    }

    private static String state(Scene scene, String id) {
        return scene.region.get("/v1/failovers/" + id).text("state");
    }

    private static void requireStillThere(Scene scene, String id) {
        assertThat(state(scene, id)).isEqualTo("active");
        assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
        assertThat(scene.receiver.machines)
                .isEqualTo(Map.of(scene.machine, MachineState.MACHINE_RUNNING));
        assertThat(List.copyOf(scene.receiver.views.values())).hasSize(1);
    }
}

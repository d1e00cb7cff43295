// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Planned moves, with two played nodes.
class MoveTest {
    @Test
    void a_move_stops_the_machine_waits_for_its_last_point_and_loses_nothing() throws Exception {
        try (var scene = new Scene()) {
            Api.Answer accepted = begin(scene);
            Api.await("the last cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            assertThat(scene.source.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_STOPPED);
            JsonNode waiting = failover(scene, accepted);
            assertThat(waiting.path("rpoSeconds").isNull()).as("nobody has compared yet").isTrue();
            assertThat(scene.get().path("term").asLong()).as("nothing is decided").isEqualTo(1);
            assertThat(scene.failover("live", "newest").text("cause"))
                    .isEqualTo("failover-running");
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "");
            scene.region.done(accepted);
            JsonNode moved = failover(scene, accepted);
            assertThat(moved.path("kind").asString()).isEqualTo("move");
            assertThat(moved.path("rpoSeconds").asDouble(1)).isZero();
            assertThat(moved.path("point").path("number").asLong()).isEqualTo(1000);
            assertThat(moved.path("machines").get(0).path("stopped").asString()).isEqualTo("guest");
            JsonNode rto = moved.path("rto");
            assertThat(rto.path("stopMillis").isNumber()).isTrue();
            assertThat(rto.path("grantsMillis").asLong()).isLessThan(6000);
            assertThat(orders(scene))
                    .containsSubsequence(
                            Command.CommandCase.STOP_MACHINE,
                            Command.CommandCase.TAKE_POINT,
                            Command.CommandCase.RELEASE_SOURCE);
            assertThat(scene.receiver.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            assertThat(scene.region.get("/v1/machines/" + scene.machine).text("zone"))
                    .isEqualTo("b");
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
        }
    }

    @Test
    void a_guest_that_does_not_shut_down_loses_its_power_and_the_move_says_so() throws Exception {
        try (var scene = new Scene()) {
            scene.source.guestsAnswer = false;
            Api.Answer accepted = begin(scene);
            Api.await("the last cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "");
            scene.region.done(accepted);
            assertThat(failover(scene, accepted).path("machines").get(0).path("stopped").asString())
                    .isEqualTo("power");
        }
    }

    /// Numbers that differ are writes that nobody would find again.
    @Test
    void a_move_whose_point_lacks_a_write_is_taken_back_and_the_machine_starts_where_it_was()
            throws Exception {
        try (var scene = new Scene()) {
            scene.source.written = 8;
            Api.Answer accepted = begin(scene);
            Api.await("the last cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "");
            JsonNode fault = scene.region.failed(accepted);
            assertThat(fault.path("cause").asString()).isEqualTo("written-since");
            assertThat(fault.path("message").asString()).contains("last point 1000", "=7", "=8");
            requireAsBefore(scene);
            scene.source.written = 7;
            Api.Answer again = begin(scene);
            scene.receiver.publish(scene.group, 1001, System.currentTimeMillis(), "");
            scene.region.done(again);
        }
    }

    @Test
    void a_source_that_does_not_release_ends_the_move_and_its_grants_are_not_waited_for()
            throws Exception {
        try (var scene = new Scene()) {
            scene.source.deaf = Command::hasReleaseSource;
            Api.Answer accepted = begin(scene);
            Api.await("the last cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "");
            JsonNode fault = scene.region.failed(accepted);
            assertThat(fault.path("cause").asString()).isEqualTo("not-released");
            assertThat(fault.path("message").asString()).contains(scene.source.id);
            assertThat(scene.receiver.heard(Command.CommandCase.PROMOTE_RECEIVER)).isFalse();
            requireAsBefore(scene);
        }
    }

    @Test
    void a_move_is_refused_while_its_machines_would_have_to_wait() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.source.die();
            Api.await(
                    "it is degraded",
                    () -> scene.get().path("state").asString().equals("degraded"));
            Api.Answer refused = scene.failover("move", "newest");
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("not-in-step");
            assertThat(refused.text("detail")).contains("no word from the source");
            assertThat(scene.failover("move", "1").text("detail")).contains("leave out the point");
        }
    }

    /// @return the move, when the machine was stopped for it
    private static Api.Answer begin(Scene scene) throws Exception {
        scene.publish(1);
        Api.await(
                "it is protected", () -> scene.get().path("state").asString().equals("protected"));
        Api.Answer accepted = scene.failover("move", "newest");
        assertThat(accepted.status()).as(accepted.body().toString()).isEqualTo(202);
        return accepted;
    }

    private static JsonNode failover(Scene scene, Api.Answer accepted) {
        return scene.region.get("/v1/failovers/" + accepted.text("target")).body();
    }

    private static List<Command.CommandCase> orders(Scene scene) {
        return scene.source.heard.stream().map(Command::getCommandCase).toList();
    }

    private static void requireAsBefore(Scene scene) throws Exception {
        assertThat(scene.source.machines.get(scene.machine))
                .isEqualTo(MachineState.MACHINE_RUNNING);
        assertThat(scene.receiver.machines).isEmpty();
        assertThat(scene.receiver.views).isEmpty();
        Api.await(
                "the source writes again",
                () -> scene.source.standing(scene.group) == GrantHolder.Standing.GRANTED);
        assertThat(scene.region.get("/v1/machines/" + scene.machine).text("zone")).isEqualTo("a");
        assertThat(scene.get().path("term").asLong()).isEqualTo(3);
        assertThat(scene.region.get("/v1/machines/" + scene.machine).body().path("disks").size())
                .isEqualTo(2);
    }
}

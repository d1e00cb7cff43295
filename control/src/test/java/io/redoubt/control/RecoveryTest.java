// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// Protection and failover, with two played nodes.
class RecoveryTest {
    @Test
    void a_protected_group_is_granted_streams_and_shows_its_points() throws Exception {
        try (var scene = new Scene()) {
            Api.await(
                    "it is synchronising",
                    () -> scene.get().path("state").asString().equals("syncing"));
            scene.publish(1, 2, 3);
            Api.await(
                    "it is protected",
                    () -> scene.get().path("state").asString().equals("protected"));
            JsonNode points = scene.region.get(scene.path() + "/recovery-points?limit=2").body();
            assertThat(points.path("items").get(0).path("number").asLong()).isEqualTo(3);
            assertThat(points.path("next").asString()).isEqualTo("2");
            assertThat(scene.get().path("rpoSeconds").asDouble()).isBetween(0.0, 30.0);
        }
    }

    /// I33: what is down never makes the figure better.
    @Test
    void the_reported_rpo_grows_while_everybody_is_away() throws Exception {
        try (var scene = new Scene()) {
            assertThat(scene.get().path("rpoSeconds").isNull()).isTrue();
            scene.publish(1);
            scene.source.die();
            scene.receiver.die();
            Api.await(
                    "it is degraded",
                    () -> scene.get().path("state").asString().equals("degraded"));
            double before = scene.get().path("rpoSeconds").asDouble();
            Instant stamp = Instant.parse(scene.get().path("newestPoint").path("at").asString());
            Thread.sleep(300);
            JsonNode later = scene.get();
            double truth = Duration.between(stamp, Instant.now()).toMillis() / 1000.0;
            assertThat(later.path("rpoSeconds").asDouble())
                    .isGreaterThan(before)
                    .isBetween(truth - 2, truth);
            assertThat(later.path("reason").asString()).contains("no word from the source");
        }
    }

    @Test
    void points_that_retention_removed_are_no_longer_offered() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2, 3);
            var points =
                    java.util.Objects.requireNonNull(scene.receiver.receivers.get(scene.group))
                            .points;
            synchronized (points) {
                points.remove(1L);
            }
            Api.await(
                    "point 1 is gone",
                    () -> scene.region.get(scene.path() + "/recovery-points/1").status() == 409);
            Api.Answer refused = scene.failover("live", "1");
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("no-such-point");
            assertThat(refused.text("detail")).contains("no recovery point 1", "keeps 2 to 3");
            assertThat(scene.get().path("term").asLong()).isEqualTo(1);
            scene.region.done(scene.region.delete(scene.path() + "/recovery-points/2"));
            assertThat(scene.region.get(scene.path() + "/recovery-points/2").status())
                    .isEqualTo(409);
        }
    }

    /// I25: the list is honest while it is being written, too.
    @Test
    void whoever_sees_the_newest_point_sees_all_before_it() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            copies(scene, 60);
            long until = System.nanoTime() + Api.PATIENCE.toNanos();
            while (scene.region.get(scene.path() + "/recovery-points/60").status() != 200) {
                // without a pause: the moment is short
                assertThat(System.nanoTime()).isLessThan(until);
            }
            Api.Answer second = scene.region.get(scene.path() + "/recovery-points/2");
            assertThat(second.status()).as(second.body().toString()).isEqualTo(200);
        }
    }

    /// All at once, after point 1.
    private static void copies(Scene scene, long newest) {
        var points =
                java.util.Objects.requireNonNull(scene.receiver.receivers.get(scene.group)).points;
        synchronized (points) {
            Point first = java.util.Objects.requireNonNull(points.get(1L));
            for (long number = 2; number <= newest; number++) {
                points.put(number, first.toBuilder().setNumber(number).build());
            }
        }
    }

    @Test
    void points_of_a_long_absence_are_fetched() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.receiver.die();
            copies(scene, 200);
            scene.receiver.connect();
            Api.await(
                    "point 200 is known",
                    () -> scene.region.get(scene.path() + "/recovery-points/200").status() == 200);
            assertThat(scene.region.get(scene.path() + "/recovery-points/70").status())
                    .isEqualTo(200);
        }
    }

    @Test
    void a_named_point_is_taken_and_awaited() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            Api.Answer taken =
                    scene.region.post(
                            scene.path() + "/recovery-points", "{'name': 'before-upgrade'}");
            Api.await("the cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "before-upgrade");
            scene.region.done(taken);
            assertThat(scene.region.get(scene.path() + "/recovery-points/newest").text("tag"))
                    .isEqualTo("before-upgrade");
        }
    }

    @Test
    void a_test_failover_decides_nothing_and_is_torn_down_to_nothing() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            String test = scene.region.done(scene.failover("test", "1"));
            JsonNode failover = scene.region.get("/v1/failovers/" + test).body();
            String copy = failover.path("machines").get(0).path("copy").asString();
            assertThat(failover.path("state").asString()).isEqualTo("active");
            assertThat(failover.path("point").path("number").asLong()).isEqualTo(1);
            assertThat(copy).isNotEqualTo(scene.machine);
            var description =
                    java.util.Objects.requireNonNull(scene.receiver.descriptions.get(copy));
            assertThat(description.getNic()).isFalse();
            assertThat(description.getDisksCount()).isEqualTo(2);
            assertThat(scene.receiver.views.values())
                    .allMatch(view ->
                            view.getTest() && view.getCut() == 1 && view.getQuotaBytes() > 0);
            assertThat(scene.granted()).isTrue();
            assertThat(scene.get().path("term").asLong()).isEqualTo(1);

            Api.Answer used = scene.region.delete(scene.path() + "/recovery-points/1");
            assertThat(used.text("cause")).isEqualTo("point-in-use");
            scene.region.done(scene.region.delete("/v1/failovers/" + test));
            assertThat(scene.receiver.views).isEmpty();
            assertThat(scene.receiver.machines).isEmpty();
            assertThat(scene.receiver.volumes).isEmpty();
            assertThat(scene.region.get("/v1/machines/" + copy).status()).isEqualTo(404);
            assertThat(scene.region.get("/v1/failovers/" + test).text("state"))
                    .isEqualTo("deleted");
        }
    }

    @Test
    void a_source_that_releases_makes_a_live_failover_quick_and_the_machine_moves()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            long began = System.nanoTime();
            String id = scene.region.done(scene.failover("live", "newest"));
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isLessThan(Duration.ofSeconds(6));
            JsonNode failover = scene.region.get("/v1/failovers/" + id).body();
            assertThat(failover.path("sourceReleased").asBoolean()).isTrue();
            assertThat(failover.path("point").path("number").asLong()).isEqualTo(2);
            JsonNode rto = failover.path("rto");
            assertThat(
                            rto.path("grantsMillis").asLong()
                                    + rto.path("viewMillis").asLong()
                                    + rto.path("startMillis").asLong()
                                    + rto.path("bootMillis").asLong())
                    .isCloseTo(
                            rto.path("totalMillis").asLong(),
                            org.assertj.core.data.Offset.offset(4L));
            JsonNode machine = scene.region.get("/v1/machines/" + scene.machine).body();
            assertThat(machine.path("zone").asString()).isEqualTo("b");
            assertThat(machine.path("node").asString()).isEqualTo(scene.receiver.id);
            assertThat(machine.path("state").asString()).isEqualTo("running");
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
            assertThat(scene.get().path("term").asLong()).isEqualTo(2);
            assertThat(scene.failover("live", "newest").text("cause"))
                    .isEqualTo("already-failed-over");
            // The old side, which is still there, is told what it is.
            Api.await(
                    "the source is fenced",
                    () -> scene.source.standing(scene.group) == GrantHolder.Standing.FENCED);
            Api.await(
                    "its guest is paused",
                    () -> scene.source.machines.get(scene.machine) == MachineState.MACHINE_PAUSED);
            Api.await(
                    "its volumes are fenced",
                    () ->
                            scene.source.volumes.values().stream()
                                    .allMatch(volume -> volume.getAttachment().getNumber() == 2));
        }
    }

    @Test
    void a_dead_source_is_waited_for_until_both_grants_expired_and_is_fenced_when_it_comes_back()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            scene.source.die();
            long lastGrant = System.nanoTime();
            Api.Answer accepted = scene.failover("live", "newest");
            Api.Answer second = scene.failover("live", "newest");
            assertThat(second.status()).isEqualTo(409);
            assertThat(second.text("cause")).isEqualTo("failover-running");
            assertThat(second.text("detail")).contains("failing over already");
            Api.await(
                    "the machine is prepared meanwhile",
                    () ->
                            scene.receiver.machines.get(scene.machine)
                                    == MachineState.MACHINE_PAUSED);
            String id = scene.region.done(accepted);
            assertThat(Duration.ofNanos(System.nanoTime() - lastGrant))
                    .isGreaterThan(Duration.ofSeconds(6));
            JsonNode failover = scene.region.get("/v1/failovers/" + id).body();
            assertThat(failover.path("sourceReleased").asBoolean()).isFalse();
            assertThat(failover.path("rto").path("grantsMillis").asLong())
                    .isBetween(5000L, 15_000L);
            JsonNode lost = failover.path("loss");
            assertThat(lost.path("isExact").asBoolean()).as("its source is dead").isFalse();
            assertThat(lost.path("volumes").path(0).path("writes").asInt())
                    .isEqualTo(FakeNode.LOST_WRITES);
            assertThat(lost.path("volumes").path(0).path("missingBytes").asLong()).isEqualTo(8192);
            assertThat(scene.receiver.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            // It comes back as it was: running, in the old role.
            assertThat(scene.source.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            scene.source.connect();
            Api.await(
                    "the source is fenced",
                    () -> scene.source.standing(scene.group) == GrantHolder.Standing.FENCED);
            Api.await(
                    "its guest is paused",
                    () -> scene.source.machines.get(scene.machine) == MachineState.MACHINE_PAUSED);
            assertThat(scene.receiver.machines.get(scene.machine))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            Api.await(
                    "what it had alone is counted, too (A91)",
                    () -> {
                        JsonNode all = scene.region.get("/v1/failovers/" + id).body().path("loss");
                        JsonNode volume = all.path("volumes").path(0);
                        return all.path("isExact").asBoolean()
                                && volume.path("writes").asInt() == 2 * FakeNode.LOST_WRITES
                                && volume.path("bytes").asLong() == 2 * FakeNode.LOST_WRITES * 4096
                                && volume.path("missingBytes").isNull();
                    });
        }
    }

    /// A94: at most one side is active at any time, and whoever looks can see which.
    @Test
    void the_active_side_is_told_and_between_decision_and_promotion_there_is_none()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            assertThat(sides(scene)).isEqualTo("a active, b passive");
            String test = scene.region.done(scene.failover("test", "1"));
            assertThat(sides(scene)).as("a test changes nothing").isEqualTo("a active, b passive");
            scene.region.done(scene.region.delete("/v1/failovers/" + test));
            scene.source.die();
            Api.Answer accepted = scene.failover("live", "newest");
            Api.await(
                    "the machine is prepared, the grants are waited for",
                    () ->
                            scene.receiver.machines.get(scene.machine)
                                    == MachineState.MACHINE_PAUSED);
            assertThat(sides(scene)).isEqualTo("null active, null passive");
            String failover = scene.region.done(accepted);
            assertThat(sides(scene)).isEqualTo("b active, a passive");
            scene.source.connect();
            Api.await(
                    "the source is fenced",
                    () -> scene.source.standing(scene.group) == GrantHolder.Standing.FENCED);
            scene.region.done(scene.region.post("/v1/failovers/" + failover + "/rollback", "{}"));
            assertThat(sides(scene)).isEqualTo("a active, b passive");
        }
    }

    private static String sides(Scene scene) {
        JsonNode group = scene.get();
        return "%s active, %s passive"
                .formatted(
                        group.path("activeZone").asString("null"),
                        group.path("passiveZone").asString("null"));
    }

    @Test
    void a_view_that_cannot_be_opened_takes_the_decision_back_under_a_later_term()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.receiver.refused = Map.of(Command.CommandCase.OPEN_VIEW, "no-room");
            JsonNode fault = scene.region.failed(scene.failover("live", "newest"));
            assertThat(fault.path("message").asString()).contains("no-room");
            scene.receiver.refused = Map.of();
            assertThat(scene.get().path("term").asLong()).isEqualTo(3);
            Api.await("the source writes again", scene::granted);
            Api.await(
                    "it is protected",
                    () -> scene.get().path("state").asString().equals("protected"));
            assertThat(scene.receiver.machines).isEmpty();
            assertThat(scene.region.get("/v1/machines/" + scene.machine).text("zone"))
                    .isEqualTo("a");
            scene.region.done(scene.failover("live", "newest"));
        }
    }

    /// I34: what was taken back in part is taken back whole the second time.
    @Test
    void a_database_that_fails_while_a_failover_is_taken_back_leaves_nothing_of_it()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            JdbcClient sql = scene.region.part(JdbcClient.class);
            sql.sql(FAILS_ONCE.replace("GROUP", scene.group)).update();
            try {
                scene.receiver.refused = Map.of(Command.CommandCase.OPEN_VIEW, "no-room");
                var _ = scene.region.failed(scene.failover("live", "newest"));
                assertThat(sql.sql("select last_value from failed").query(Long.class).single())
                        .as("it was asked again")
                        .isGreaterThan(1);
                assertThat(
                                sql.sql(
                                                "select volume.id from volume join failover_volume on view_volume = volume.id join failover f on f.id = failover where group_id = ?")
                                        .param(scene.group)
                                        .query(String.class)
                                        .list())
                        .isEmpty();
            } finally {
                sql.sql("drop function fails_once() cascade").update();
                sql.sql("drop sequence failed").update();
            }
            Api.await("the source writes again", scene::granted);
        }
    }

    /// The first deletion of a volume that a failover of this group made.
    private static final String FAILS_ONCE =
            """
            create sequence failed;
            create function fails_once() returns trigger language plpgsql as $$
            begin
                if exists (select from failover_volume join failover on failover.id = failover
                        where view_volume = old.id and group_id = 'GROUP') and nextval('failed') = 1 then
                    raise exception 'no room' using errcode = '53000';
                end if;
                return old;
            end $$;
            create trigger fails_once before delete on volume for each row execute function fails_once();
            """;

    @Test
    void a_failover_without_its_journal_is_refused_before_anything_is_decided() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.receiver.die();
            Api.await(
                    "the receiver is gone",
                    () -> scene.failover("test", "77").text("cause").equals("receiver-away"));
            Api.Answer refused = scene.failover("live", "newest");
            assertThat(refused.status()).isEqualTo(503);
            assertThat(scene.get().path("term").asLong()).isEqualTo(1);
        }
    }

    @Test
    void a_group_that_is_deleted_frees_its_machine_and_both_nodes() throws Exception {
        try (var scene = new Scene()) {
            Api.Answer refused = scene.region.delete("/v1/machines/" + scene.machine);
            assertThat(refused.text("cause")).isEqualTo("protected");
            scene.region.done(scene.region.delete(scene.path()));
            assertThat(scene.source.sources).isEmpty();
            assertThat(scene.receiver.receivers).isEmpty();
            scene.region.done(scene.region.delete("/v1/machines/" + scene.machine));
            assertThat(scene.source.machines).isEmpty();
        }
    }

    @Test
    void a_group_that_its_source_refuses_leaves_nothing_behind() throws Exception {
        TestRegion region = TestRegion.shared();
        try (FakeNode source = region.node("a");
                FakeNode receiver = region.node("b")) {
            String machine = region.machine("a");
            source.refused = Map.of(Command.CommandCase.PROTECT_SOURCE, "too-many-groups");
            String body =
                    "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                            .formatted(TestRegion.unique("group"), machine);
            Api.Answer accepted = region.post("/v1/protection-groups", body);
            assertThat(region.failed(accepted).path("cause").asString()).isEqualTo("refused");
            assertThat(receiver.receivers).isEmpty();
            assertThat(region.get("/v1/protection-groups/" + accepted.text("target")).status())
                    .isEqualTo(404);
        }
    }
}

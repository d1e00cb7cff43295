// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.Point;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Recovery points that somebody wants kept, and lists of them that are true; with two played nodes.
class PointTest {
    @Test
    void a_protected_point_is_deleted_by_nobody_until_it_is_released() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            scene.region.done(scene.patch(point(scene, 1), "'protected': true"));
            assertThat(shown(scene, 1).path("protected").asBoolean()).isTrue();
            assertThat(journal(scene).guarded).containsExactly(1L);

            Api.Answer refused = scene.region.delete(point(scene, 1));
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("point-protected");
            assertThat(refused.text("remedy")).contains("point release");
            Api.Answer group = scene.region.delete(scene.path());
            assertThat(group.text("cause")).isEqualTo("group-has-protected");
            assertThat(group.text("detail")).contains("1 protected recovery points: 1");

            scene.region.done(scene.patch(point(scene, 1), "'protected': false"));
            scene.region.done(scene.region.delete(point(scene, 1)));
            Api.await( // a report that was on its way knows it still
                    "it is gone", () -> scene.region.get(point(scene, 1)).status() == 409);
        }
    }

    /// Reports name the newest 64 points alone.
    @Test
    void protection_and_pins_of_an_old_point_are_known_whoever_changed_them() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(numbers(200));
            FakeJournal journal = journal(scene);
            synchronized (journal.points) {
                journal.guarded.add(3L);
            }
            journal.pins.put("view x", 4L);
            Api.await("it is protected", () -> shown(scene, 3).path("protected").asBoolean());
            Api.await(
                    "it is held",
                    () -> shown(scene, 4).path("pinnedBy").toString().equals("[\"view x\"]"));
            synchronized (journal.points) {
                journal.guarded.clear();
            }
            journal.pins.clear();
            Api.await("it is released", () -> !shown(scene, 3).path("protected").asBoolean());
            Api.await("nobody holds it", () -> shown(scene, 4).path("pinnedBy").isEmpty());
        }
    }

    /// What is offered can be opened (I25), also far behind the newest.
    @Test
    void points_that_the_ladder_thinned_out_are_no_longer_listed() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(numbers(200));
            FakeJournal journal = journal(scene);
            synchronized (journal.points) {
                for (long number = 20; number < 90; number += 2) {
                    journal.points.remove(number);
                }
            }
            Api.await("they are gone", () -> scene.region.get(point(scene, 88)).status() == 409);
            assertThat(scene.region.get(point(scene, 20)).status()).isEqualTo(409);
            assertThat(scene.region.get(point(scene, 21)).status()).isEqualTo(200);
            JsonNode all = scene.region.get(scene.path() + "/recovery-points?limit=1000").body();
            assertThat(all.path("items").size()).isEqualTo(journal.points.size());
        }
    }

    @Test
    void a_point_is_taken_with_a_name_a_protection_and_frozen_guests() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.source.freezeFails = "its agent is silent";
            Api.Answer taken =
                    scene.region.post(
                            scene.path() + "/recovery-points",
                            "{'name': 'before', 'protected': true, 'consistent': true, 'freezeSeconds': 2}");
            Api.await("the cut", () -> scene.source.heard(Command.CommandCase.TAKE_POINT));
            synchronized (journal(scene).points) {
                journal(scene)
                        .points
                        .put(
                                1000L,
                                Point.newBuilder()
                                        .setNumber(1000)
                                        .setStampMillis(System.currentTimeMillis())
                                        .setPublishedAtMillis(System.currentTimeMillis())
                                        .setTag("before")
                                        .setName("before")
                                        .setTakenBy("operator")
                                        .build());
            }
            scene.region.done(taken);
            var wish =
                    scene.source.heard.stream()
                            .filter(Command::hasTakePoint)
                            .findFirst()
                            .orElseThrow()
                            .getTakePoint();
            assertThat(wish.getFreezeFailuresList())
                    .containsExactly(
                            FreezeFailure.newBuilder()
                                    .setMachine(scene.machine)
                                    .setReason("its agent is silent")
                                    .build());
            var freeze =
                    scene.source.heard.stream()
                            .filter(Command::hasFreezeGuests)
                            .findFirst()
                            .orElseThrow()
                            .getFreezeGuests();
            assertThat(freeze.getMachinesList()).containsExactly(scene.machine);
            assertThat(freeze.getWithinMillis()).isEqualTo(2000);
            JsonNode point = shown(scene, 1000);
            assertThat(point.path("name").asString()).isEqualTo("before");
            assertThat(point.path("protected").asBoolean()).isTrue();
            assertThat(point.path("consistency").asString()).isEqualTo("crash");
            assertThat(point.path("takenBy").asString()).isEqualTo("operator");
            assertThat(point.at("/freezeFailures/0/reason").asString())
                    .isEqualTo("its agent is silent");
        }
    }

    @Test
    void a_journal_without_room_refuses_a_protected_point_before_it_is_made() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            journal(scene).full = true;
            JsonNode fault =
                    scene.region.failed(
                            scene.region.post(
                                    scene.path() + "/recovery-points", "{'protected': true}"));
            assertThat(fault.path("message").asString()).contains("no-room-to-protect");
            assertThat(scene.source.heard(Command.CommandCase.TAKE_POINT)).isFalse();
            fault = scene.region.failed(scene.patch(point(scene, 1), "'protected': true"));
            assertThat(fault.path("message").asString()).contains("no-room-to-protect");
            assertThat(shown(scene, 1).path("protected").asBoolean()).isFalse();
        }
    }

    @Test
    void what_cannot_be_asked_of_a_point_is_refused_with_what_can() throws Exception {
        try (var scene = new Scene()) {
            String points = scene.path() + "/recovery-points";
            assertThat(scene.region.post(points, "{'name': 'A b'}").status()).isEqualTo(400);
            assertThat(
                            scene.region
                                    .post(points, "{'consistent': true, 'freezeSeconds': 11}")
                                    .text("detail"))
                    .contains("0.1 to 10");
            assertThat(scene.region.post(points, "{'freezeSeconds': 1}").status()).isEqualTo(400);
            assertThat(scene.patch(points + "/77", "'protected': true").text("cause"))
                    .isEqualTo("no-such-point");
        }
    }

    private static JsonNode shown(Scene scene, long number) {
        return scene.region.get(point(scene, number)).body();
    }

    private static String point(Scene scene, long number) {
        return scene.path() + "/recovery-points/" + number;
    }

    private static FakeJournal journal(Scene scene) {
        return Objects.requireNonNull(scene.receiver.receivers.get(scene.group)).journal;
    }

    private static long[] numbers(int last) {
        long[] numbers = new long[last];
        for (int i = 0; i < last; i++) {
            numbers[i] = i + 1L;
        }
        return numbers;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.JournalPressure;
import io.redoubt.protocol.JournalReport;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A98: somebody can know before an objective is broken. I24: a journal that fills up is not found out by accident.
class AlarmTest {
    /// An hour before anybody's quarter of an hour is over: the age counts, whoever is dead.
    @Test
    void points_that_grow_old_raise_an_alarm_also_when_everybody_is_dead_and_a_new_one_ends_it()
            throws Exception {
        try (var scene = new Scene()) {
            assertThat(scene.get().path("rpoAlarmSeconds").asDouble()).isEqualTo(60);
            scene.region.done(scene.patch(scene.path(), "'rpoAlarmSeconds': 3"));
            scene.publish(1);
            Instant stamp = Instant.parse(scene.get().path("newestPoint").path("at").asString());
            scene.source.die();
            scene.receiver.die();
            Api.await("the alarm", () -> scene.get().path("alarms").toString().contains("rpo"));
            JsonNode raised = alarms(scene).get(0);
            assertThat(raised.path("about").asString()).isEqualTo("rpo");
            assertThat(raised.path("endedAt").isNull()).isTrue();
            assertThat(Instant.parse(raised.path("since").asString()))
                    .isBetween(stamp.plusSeconds(3), stamp.plusSeconds(6));
            Thread.sleep(1500); // another look

            scene.receiver.connect();
            scene.source.connect();
            scene.publish(2);
            Api.await("it is over", () -> scene.get().path("alarms").isEmpty());
            scene.source.die(); // and again
            Api.await("the second alarm", () -> alarms(scene).size() == 2);
            assertThat(alarms(scene).get(0).path("endedAt").isNull()).isTrue();
            assertThat(alarms(scene).get(1).path("endedAt").isNull()).isFalse();
        }
    }

    @Test
    void an_alarm_of_less_than_two_intervals_or_of_weeks_is_refused_with_the_bounds()
            throws Exception {
        try (var scene = new Scene()) {
            for (String wrong : new String[] {"1.9", "604801", "-1"}) {
                Api.Answer refused = scene.patch(scene.path(), "'rpoAlarmSeconds': " + wrong);
                assertThat(refused.status()).as(wrong).isEqualTo(400);
                assertThat(refused.text("detail")).contains("2.0", "604800");
            }
        }
    }

    @Test
    void a_journal_under_pressure_raises_an_alarm() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            var journal = Objects.requireNonNull(scene.receiver.receivers.get(scene.group)).journal;
            journal.room =
                    JournalReport.newBuilder()
                            .setBytes(90)
                            .setLimitBytes(100)
                            .setPressure(JournalPressure.JOURNAL_SHORTENING)
                            .build();
            Api.await("the alarm", () -> scene.get().path("alarms").toString().contains("journal"));
            assertThat(alarms(scene).get(0).path("text").asString()).contains("oldest points go");
            journal.room = JournalReport.newBuilder().setBytes(10).setLimitBytes(100).build();
            Api.await("it is over", () -> scene.get().path("alarms").isEmpty());
        }
    }

    private static JsonNode alarms(Scene scene) {
        return scene.region.get(scene.path() + "/alarms").body().path("items");
    }
}

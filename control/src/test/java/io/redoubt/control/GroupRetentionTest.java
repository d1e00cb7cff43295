// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.JournalPressure;
import io.redoubt.protocol.JournalReport;
import io.redoubt.protocol.Retention;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// How long a journal keeps what, and what is said of its room; with two played nodes.
class GroupRetentionTest {
    private static final long GIB = 1L << 30;
    private static final long VOLUMES = 2 * 67108864L; // of the scene's machine

    @Test
    void a_new_group_has_the_usual_ladder_and_quota_and_its_receiver_knows() throws Exception {
        try (var scene = new Scene()) {
            JsonNode journal = scene.get().path("journal");
            assertThat(journal.path("quotaBytes").asLong()).isEqualTo(3 * VOLUMES + 4 * GIB);
            assertThat(journal.path("ladder").toString())
                    .isEqualTo(
                            "[{\"untilSeconds\":3600,\"everySeconds\":0},{\"untilSeconds\":86400,\"everySeconds\":60},"
                                    + "{\"untilSeconds\":604800,\"everySeconds\":900},{\"untilSeconds\":2592000,\"everySeconds\":3600}]");
            Retention told = journal(scene).retention;
            assertThat(told.getQuotaBytes()).isEqualTo(3 * VOLUMES + 4 * GIB);
            assertThat(told.getRungs(1).getUntilMillis()).isEqualTo(86_400_000);
            assertThat(told.getRungs(1).getEveryMillis()).isEqualTo(60_000);
        }
    }

    @Test
    void a_change_reaches_the_receiver_and_what_is_left_out_stays() throws Exception {
        try (var scene = new Scene()) {
            scene.region.done(
                    scene.patch(scene.path(), "'journalQuotaBytes': %d".formatted(2 * GIB)));
            scene.region.done(
                    scene.patch(
                            scene.path(),
                            "'ladder': [{'untilSeconds': 600, 'everySeconds': 0}, {'untilSeconds': 7200, 'everySeconds': 30}]"));
            Retention told = journal(scene).retention;
            assertThat(told.getQuotaBytes()).isEqualTo(2 * GIB);
            assertThat(told.getRungsList()).hasSize(2);
            assertThat(scene.get().at("/journal/ladder/1/everySeconds").asLong()).isEqualTo(30);
            scene.region.done(scene.patch(scene.path(), "'journalQuotaBytes': 0"));
            assertThat(journal(scene).retention.getQuotaBytes()).isEqualTo(3 * VOLUMES + 4 * GIB);
        }
    }

    /// Rule 24: one fixed limit for each group.
    @Test
    void a_limit_of_the_stream_reaches_its_source_also_one_that_was_away() throws Exception {
        try (var scene = new Scene()) {
            scene.region.done(scene.patch(scene.path(), "'streamBytesPerSecond': 20971520"));
            Api.await("the source keeps to it", () -> limit(scene) == 20 << 20);
            assertThat(scene.get().path("streamBytesPerSecond").asLong()).isEqualTo(20 << 20);
            scene.source.die();
            scene.region.done(scene.patch(scene.path(), "'streamBytesPerSecond': 0"));
            scene.source.connect();
            Api.await("it is told when it comes back", () -> limit(scene) == 0);
            Api.Answer refused = scene.patch(scene.path(), "'streamBytesPerSecond': 1000");
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.text("detail")).contains("65536");
        }
    }

    private static long limit(Scene scene) {
        return Objects.requireNonNull(scene.source.sources.get(scene.group))
                .told()
                .getBytesPerSecond();
    }

    /// An old disk of the receiver, or a group of a release before.
    @Test
    void a_receiver_that_does_otherwise_is_told_again() throws Exception {
        try (var scene = new Scene()) {
            Retention right = journal(scene).retention;
            journal(scene).retention = Retention.getDefaultInstance();
            Api.await("it is told", () -> journal(scene).retention.equals(right));
        }
    }

    @Test
    void a_preview_says_which_points_would_go_and_changes_nothing() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2, 3);
            journal(scene).room = JournalReport.newBuilder().setBytes(GIB).build();
            Retention before = journal(scene).retention;
            Api.Answer preview =
                    scene.region.post(
                            scene.path() + "/retention-preview",
                            "{'ladder': [{'untilSeconds': 60, 'everySeconds': 0}], 'journalQuotaBytes': %d}"
                                    .formatted(4 * GIB));
            assertThat(preview.status()).isEqualTo(200);
            assertThat(preview.body().path("going").toString()).isEqualTo("[1,2]");
            assertThat(preview.body().path("goingPoints").asInt()).isEqualTo(2);
            assertThat(preview.body().path("percent").asInt()).isEqualTo(25);
            assertThat(preview.body().path("keepsAtMost").asLong()).isEqualTo(60);
            assertThat(journal(scene).retention).isEqualTo(before);
            assertThat(scene.get().at("/journal/quotaBytes").asLong())
                    .isEqualTo(3 * VOLUMES + 4 * GIB);
        }
    }

    @Test
    void what_no_journal_can_keep_is_refused_with_the_bounds() throws Exception {
        try (var scene = new Scene()) {
            assertThat(refused(scene, "'ladder': []")).contains("1 to 8 rungs");
            assertThat(refused(scene, "'ladder': [{'untilSeconds': 600, 'everySeconds': 5}]"))
                    .contains("first rung keeps every point");
            assertThat(refused(scene, "'ladder': [{'untilSeconds': 30, 'everySeconds': 0}]"))
                    .contains("60 s or more");
            assertThat(
                            refused(
                                    scene,
                                    "'ladder': [{'untilSeconds': 600, 'everySeconds': 0}, {'untilSeconds': 500, 'everySeconds': 60}]"))
                    .contains("does not follow");
            // A point every second, as the scene has it.
            assertThat(refused(scene, "'ladder': [{'untilSeconds': 20001, 'everySeconds': 0}]"))
                    .contains("20001 points");
            assertThat(refused(scene, "'journalQuotaBytes': 1000000")).contains("or more");
            assertThat(refused(scene, ""))
                    .contains(
                            "ladder, journalQuotaBytes, streamBytesPerSecond, rpoAlarmSeconds or whenIsolated");
        }
    }

    @Test
    void a_quota_below_what_is_in_use_is_refused() throws Exception {
        try (var scene = new Scene()) {
            journal(scene).room = JournalReport.newBuilder().setBytes(2 * GIB).build();
            Api.await(
                    "its use is known", () -> scene.get().at("/journal/bytes").asLong() == 2 * GIB);
            Api.Answer refused =
                    scene.patch(scene.path(), "'journalQuotaBytes': %d".formatted(GIB));
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("quota-below-use");
            scene.region.done(
                    scene.patch(
                            scene.path(), "'ladder': [{'untilSeconds': 60, 'everySeconds': 0}]"));
        }
    }

    @Test
    void the_group_says_what_both_sides_say_of_their_room_and_pace() throws Exception {
        try (var scene = new Scene()) {
            journal(scene).room =
                    JournalReport.newBuilder()
                            .setBytes(3 * GIB)
                            .setLimitBytes(4 * GIB)
                            .setPinnedBytes(5)
                            .setFullInMillis(60_000)
                            .setPressure(JournalPressure.JOURNAL_THINNING)
                            .setCutsGivenUp(7)
                            .build();
            Api.await(
                    "the alarm is known",
                    () -> scene.get().at("/journal/alarm").asString("").equals("thinning"));
            JsonNode journal = scene.get().path("journal");
            assertThat(journal.path("percent").asInt()).isEqualTo(75);
            assertThat(journal.path("fullInSeconds").asDouble()).isEqualTo(60);
            assertThat(journal.path("pinnedBytes").asLong()).isEqualTo(5);
            assertThat(journal.path("cutsGivenUpReceiver").asLong()).isEqualTo(7);
            assertThat(journal.path("cutsGivenUpSource").asLong()).isEqualTo(3);
            JsonNode volume = scene.get().at("/volumes/0");
            assertThat(volume.path("spoolBytes").asLong()).isEqualTo(8192);
            assertThat(volume.path("spoolQuotaBytes").asLong()).isEqualTo(1 << 20);
            assertThat(volume.path("secondsLeft").asDouble()).isZero();
            assertThat(volume.path("spoolFullInSeconds").asDouble()).isEqualTo(90);

            scene.source.die();
            scene.receiver.die();
            Api.await(
                    "nothing is expected of the silent",
                    () ->
                            scene.get().at("/volumes/0/spoolFullInSeconds").isNull()
                                    && scene.get().at("/journal/fullInSeconds").isNull());
            assertThat(scene.get().at("/journal/bytes").asLong()).isEqualTo(3 * GIB);
        }
    }

    private static String refused(Scene scene, String change) {
        Api.Answer refused = scene.patch(scene.path(), change);
        assertThat(refused.status()).as(refused.body().toString()).isEqualTo(400);
        return refused.text("detail");
    }

    private static FakeJournal journal(Scene scene) {
        return Objects.requireNonNull(scene.receiver.receivers.get(scene.group)).journal;
    }
}

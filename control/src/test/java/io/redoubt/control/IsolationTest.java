// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.Isolation;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Rule 3: what machines do while their nodes hear nobody, said to both sides in the order that keeps one writer.
class IsolationTest {
    private static Isolation ofSource(Scene scene) {
        return Objects.requireNonNull(scene.source.sources.get(scene.group)).holder().isolation();
    }

    private static Isolation ofReceiver(Scene scene) {
        return Objects.requireNonNull(scene.receiver.receivers.get(scene.group))
                .grantor
                .isolation();
    }

    private static void wish(Scene scene, String word) throws Exception {
        scene.region.done(scene.patch(scene.path(), "'whenIsolated': '%s'".formatted(word)));
    }

    @Test
    void a_source_goes_on_alone_only_once_its_receiver_knows_and_the_receiver_forgets_it_last()
            throws Exception {
        try (var scene = new Scene()) {
            assertThat(scene.get().path("whenIsolated").asString()).isEqualTo("pause");
            scene.receiver.die();
            assertThat(scene.patch(scene.path(), "'whenIsolated': 'continue'").status())
                    .isEqualTo(202);
            Api.await(
                    "it is wished",
                    () -> scene.get().path("whenIsolated").asString().equals("continue"));
            Thread.sleep(500);
            assertThat(ofSource(scene).goesOn()).isFalse();
            scene.receiver.connect();
            Api.await("the source goes on", () -> ofSource(scene).goesOn());
            assertThat(ofReceiver(scene)).isEqualTo(ofSource(scene));

            scene.source.die();
            assertThat(scene.patch(scene.path(), "'whenIsolated': 'pause'").status())
                    .isEqualTo(202);
            Thread.sleep(500);
            assertThat(ofReceiver(scene).goesOn()).isTrue();
            assertThat(scene.get().path("mayGoOnAlone").asBoolean(false)).isTrue();
            scene.source.connect();
            Api.await("the receiver knows", () -> !ofReceiver(scene).goesOn());
            assertThat(ofSource(scene).goesOn()).isFalse();
            assertThat(scene.get().path("mayGoOnAlone").asBoolean(true)).isFalse();
        }
    }

    @Test
    void a_source_that_may_go_on_is_passed_by_only_with_a_recorded_word() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            wish(scene, "continue");
            Api.await("the source goes on", () -> ofSource(scene).goesOn());
            scene.source.die();
            Api.Answer begun = scene.failover("live", "newest");
            JsonNode fault = scene.region.failed(begun);
            assertThat(fault.toString())
                    .contains("goes on when it is isolated", scene.source.id, "--source-is-off");
            assertThat(scene.get().path("state").asString()).isNotEqualTo("failed-over");
            assertThat(scene.region.get(scene.path() + "/words").body().path("items")).isEmpty();

            Api.Answer short_ = failover(scene, "live", "it is");
            assertThat(short_.status()).isEqualTo(400);
            assertThat(failover(scene, "test", "the host has no power").status()).isEqualTo(400);
            scene.region.done(failover(scene, "live", "the host has no power, seen in the rack"));
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
            JsonNode words = scene.region.get(scene.path() + "/words").body().path("items");
            assertThat(words).hasSize(1);
            assertThat(words.get(0).path("about").asString()).isEqualTo("source-off");
            assertThat(words.get(0).path("word").asString()).contains("seen in the rack");

            // The word was wrong: what comes back is fenced all the same.
            scene.source.connect();
            Api.await(
                    "it is fenced",
                    () -> scene.source.standing(scene.group) == GrantHolder.Standing.FENCED);
        }
    }

    @Test
    void a_source_that_releases_needs_no_word() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            wish(scene, "continue");
            Api.await("the source goes on", () -> ofSource(scene).goesOn());
            scene.region.done(scene.failover("live", "newest"));
            assertThat(scene.get().path("state").asString()).isEqualTo("failed-over");
        }
    }

    private static Api.Answer failover(Scene scene, String kind, String word) {
        return scene.region.post(
                "/v1/failovers",
                "{'group': '%s', 'kind': '%s', 'sourceIsOff': '%s'}"
                        .formatted(scene.group, kind, word));
    }
}

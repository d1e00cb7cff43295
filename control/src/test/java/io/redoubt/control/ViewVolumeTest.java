// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.ViewVolume;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// What a volume of a view can not do.
class ViewVolumeTest {
    /// Limits, snapshots and growth are a datastore's: refused, and the node hears nothing of them. Also after a live failover, while its
    /// machines run.
    @ParameterizedTest
    @ValueSource(strings = {"test", "live"})
    void what_volumes_of_a_datastore_can_do_is_refused_for_those_of_a_view(String kind)
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1);
            scene.region.done(scene.failover(kind, "newest"));
            List<String> volumes =
                    scene.receiver.views.values().stream()
                            .flatMap(view -> view.getVolumesList().stream())
                            .map(ViewVolume::getViewVolume)
                            .toList();
            assertThat(volumes).hasSize(2);
            for (String volume : volumes) {
                String path = "/v1/volumes/" + volume;
                for (String wish : List.of("'shares': 200", "'iopsLimit': 50", "'iopsLimit': 0")) {
                    requireRefused(scene.patch(path, wish), "not-limited", "belongs to a view");
                }
                requireRefused(
                        scene.patch(path, "'sizeBytes': 134217728"),
                        "cannot-grow",
                        "it belongs to a view");
                requireRefused(
                        scene.region.post(path + "/snapshots", "{'name': 's'}"),
                        "belongs-to-view",
                        "of a recovery point");
                JsonNode seen = scene.region.get(path).body();
                assertThat(seen.path("shares").asInt()).isEqualTo(100);
                assertThat(seen.path("iopsLimit").isNull()).isTrue();
            }
            assertThat(scene.receiver.heard(Command.CommandCase.SET_LIMITS)).isFalse();
            assertThat(scene.receiver.heard(Command.CommandCase.ENSURE_VOLUME)).isFalse();
            assertThat(scene.receiver.heard(Command.CommandCase.CREATE_SNAPSHOT)).isFalse();
        }
    }

    private static void requireRefused(Api.Answer answer, String cause, String detail) {
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(409);
        assertThat(answer.text("cause")).isEqualTo(cause);
        assertThat(answer.text("detail")).contains(detail);
    }
}

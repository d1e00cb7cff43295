// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Comparing a group with its replica, by API; the comparison itself is `CatchUpTest`'s.
class VerificationTest {
    @Test
    void what_is_the_same_is_said_to_be() throws Exception {
        try (var scene = new Scene()) {
            scene.region.done(scene.region.post(path(scene), "{}"));
            JsonNode found = newest(scene);
            assertThat(found.path("comparedBytes").asLong()).isEqualTo(FakeNode.VERIFIED_BYTES);
            assertThat(found.path("totalBytes").asLong()).isEqualTo(FakeNode.VERIFIED_BYTES);
            assertThat(found.path("differentBytes").asLong()).isZero();
            assertThat(found.path("different").size()).isZero();
            assertThat(found.path("endedAt").isNull()).isFalse();
        }
    }

    @Test
    void a_block_that_differs_is_named_and_shipped_again_when_that_was_asked_for()
            throws Exception {
        try (var scene = new Scene()) {
            scene.source.different = "vol-x";
            scene.region.done(scene.region.post(path(scene), "{}"));
            assertThat(scene.source.repaired).isFalse();
            scene.region.done(scene.region.post(path(scene), "{'repair': true}"));
            assertThat(scene.source.repaired).isTrue();

            JsonNode found = newest(scene);
            assertThat(found.path("repair").asBoolean()).isTrue();
            assertThat(found.path("differentBytes").asLong()).isEqualTo(4096);
            JsonNode block = found.path("different").path(0);
            assertThat(block.path("volume").asString("")).isEqualTo("vol-x");
            assertThat(block.path("offset").asLong()).isEqualTo(8192);
            assertThat(block.path("vseq").asLong()).isEqualTo(77);
        }
    }

    private static String path(Scene scene) {
        return scene.path() + "/verifications";
    }

    private static JsonNode newest(Scene scene) {
        return scene.region.get(path(scene)).body().path("items").path(0);
    }
}

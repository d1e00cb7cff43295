// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.JournalOrigin;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// One volume of a group becomes a volume of its own where the journal is, with two played nodes.
class RecoveredVolumeTest {
    private String name = "";

    @BeforeEach
    void name() {
        name = TestRegion.unique("recovered");
    }

    @Test
    void a_volume_out_of_the_journal_is_made_copied_and_then_the_group_may_go() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            String member = member(scene);
            String store = store(scene, "b");
            Api.Answer asked = recover(scene, member, "'write': 6", store);
            String id = scene.region.done(asked);
            EnsureVolume told = told(scene);
            assertThat(told.getVolume()).isEqualTo(id);
            assertThat(told.getSizeBytes()).isEqualTo(67108864);
            assertThat(told.getOrigin())
                    .isEqualTo(
                            JournalOrigin.newBuilder()
                                    .setGroup(scene.group)
                                    .setVolume(member)
                                    .setVseq(6)
                                    .build());
            Api.await(
                    "it is copied", () -> one(scene).path("copying").asString().equals("copying"));
            assertThat(one(scene).path("write").asLong()).isEqualTo(6);
            assertThat(one(scene).path("point").isNull()).isTrue();
            assertThat(one(scene).path("doneBytes").asLong()).isEqualTo(16 << 20);
            JsonNode volume = scene.region.get("/v1/volumes/" + id).body();
            assertThat(volume.path("state").asString()).isEqualTo("ready");
            assertThat(volume.path("origin").path("write").asLong()).isEqualTo(6);
            assertThat(volume.path("hydration").path("source").asString())
                    .isEqualTo("write 6 of volume %s of group %s".formatted(member, scene.group));

            Api.Answer refused = scene.region.delete(scene.path());
            assertThat(refused.text("cause")).isEqualTo("group-in-use");
            assertThat(refused.text("detail")).contains(name);
            scene.receiver.copying(id, HydrationState.HYDRATION_COMPLETE, "");
            Api.await(
                    "it is complete",
                    () -> one(scene).path("copying").asString().equals("complete"));
            scene.region.unprotect(scene.group);
            assertThat(scene.region.get("/v1/volumes/" + id).text("state")).isEqualTo("ready");
            scene.region.done(scene.region.delete("/v1/volumes/" + id));
        }
    }

    @Test
    void the_same_wish_again_makes_one_volume_and_a_deletion_in_the_middle_leaves_none()
            throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            String body = body(member(scene), "'point': 'newest'", store(scene, "b"));
            Api.Answer first = keyed(scene, body);
            String id = scene.region.done(first);
            assertThat(keyed(scene, body).text("id")).isEqualTo(first.text("id"));
            assertThat(told(scene).getOrigin().getPoint()).isEqualTo(2);
            assertThat(recoveries(scene).size()).isEqualTo(1);
            scene.region.done(scene.region.delete("/v1/volumes/" + id));
            assertThat(recoveries(scene).size()).isZero();
            assertThat(scene.receiver.volumes).doesNotContainKey(id);
            scene.region.unprotect(scene.group);
        }
    }

    @Test
    void what_cannot_be_is_refused_and_leaves_nothing() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            String member = member(scene);
            String store = store(scene, "b");
            assertThat(recover(scene, member, "'write': 6, 'point': '1'", store).status())
                    .isEqualTo(400);
            assertThat(recover(scene, member, "'thin': true", store).status()).isEqualTo(400);
            assertThat(recover(scene, member, "'point': '7'", store).text("cause"))
                    .isEqualTo("no-such-point");
            Api.Answer elsewhere = recover(scene, member, "'point': '1'", store(scene, "a"));
            assertThat(elsewhere.text("cause")).isEqualTo("not-with-journal");
            assertThat(elsewhere.text("detail")).contains(scene.receiver.id);
            String other = scene.region.volume(store);
            assertThat(recover(scene, other, "'point': '1'", store).text("cause"))
                    .isEqualTo("not-of-group");
            scene.receiver.refused = Map.of(Command.CommandCase.ENSURE_VOLUME, "outside-window");
            JsonNode fault = scene.region.failed(recover(scene, member, "'write': 6", store));
            assertThat(fault.path("message").asString()).contains("outside-window");
            assertThat(recoveries(scene).size()).isZero();
            scene.receiver.refused = Map.of();
            fill(scene, store);
            Api.Answer full = recover(scene, member, "'point': '1'", store);
            assertThat(full.text("cause")).isEqualTo("no-room");
        }
    }

    /// So a number between two points can be chosen.
    @Test
    void a_point_shows_the_last_write_of_each_volume() throws Exception {
        try (var scene = new Scene()) {
            scene.publish(1, 2);
            JsonNode writes =
                    scene.region.get(scene.path() + "/recovery-points/2").body().path("writes");
            assertThat(writes.size()).isEqualTo(2);
            assertThat(writes.path(0).path("write").asLong()).isEqualTo(7);
            assertThat(writes.toString()).contains(member(scene));
            scene.receiver.die();
            Api.await(
                    "without the node nobody knows",
                    () ->
                            scene.region
                                    .get(scene.path() + "/recovery-points/2")
                                    .body()
                                    .path("writes")
                                    .isNull());
        }
    }

    private static String member(Scene scene) {
        return scene.get().path("volumes").path(0).path("volume").asString();
    }

    /// On the scene's own node.
    private static String store(Scene scene, String zone) throws Exception {
        String node = zone.equals("b") ? scene.receiver.id : scene.source.id;
        return store(scene, zone, node);
    }

    /// But for less than a volume of the group needs.
    private static void fill(Scene scene, String store) throws Exception {
        var _ =
                scene.region.done(
                        scene.region.post(
                                "/v1/volumes",
                                "{'name': '%s', 'datastore': '%s', 'sizeBytes': %d}"
                                        .formatted(
                                                TestRegion.unique("filler"),
                                                store,
                                                (1L << 30) - 2 * (64L << 20) + 4096)));
    }

    private static String store(Scene scene, String zone, String node) throws Exception {
        String pool = TestRegion.unique("pool");
        scene.region.done(
                scene.region.post(
                        "/v1/pools",
                        "{'name': '%s', 'node': '%s', 'path': '/nowhere/%s', 'sparse': true, 'nominalBytes': 10737418240}"
                                .formatted(pool, node, pool)));
        return scene.region.done(
                scene.region.post(
                        "/v1/datastores",
                        "{'name': '%s', 'zone': '%s', 'sizeBytes': 1073741824, 'pool': '%s'}"
                                .formatted(TestRegion.unique("store"), zone, pool)));
    }

    private String body(String volume, String moment, String store) {
        return "{'volume': '%s', 'name': '%s', 'datastore': '%s', %s}"
                .formatted(volume, name, store, moment);
    }

    private Api.Answer recover(Scene scene, String volume, String moment, String store) {
        return scene.region.post(scene.path() + "/recoveries", body(volume, moment, store));
    }

    private Api.Answer keyed(Scene scene, String body) {
        return scene.region.api.call(
                "POST",
                scene.path() + "/recoveries",
                scene.region.token,
                name,
                body.replace('\'', '"'));
    }

    private static JsonNode recoveries(Scene scene) {
        return scene.region.get(scene.path() + "/recoveries").body().path("items");
    }

    private static JsonNode one(Scene scene) {
        return recoveries(scene).path(0);
    }

    private static EnsureVolume told(Scene scene) {
        return scene.receiver.heard.stream()
                .filter(Command::hasEnsureVolume)
                .reduce((_, last) -> last)
                .orElseThrow()
                .getEnsureVolume();
    }
}

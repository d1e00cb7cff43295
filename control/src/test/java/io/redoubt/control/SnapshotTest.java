// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.HydrationState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// Snapshots and the copying of clones, against a played node.
class SnapshotTest {
    private final TestRegion region = TestRegion.shared();

    SnapshotTest() throws Exception {}

    @Test
    void snapshots_are_listed_oldest_first_as_the_tree_that_they_are() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            for (String name : List.of("zero", "one", "two")) {
                create(volume, name);
            }
            JsonNode all = region.get(of(volume)).body();
            assertThat(names(all)).containsExactly("zero", "one", "two");
            JsonNode last = all.path("items").get(2);
            assertThat(last.path("parent").asString()).isEqualTo("one");
            assertThat(last.path("current").asBoolean()).isTrue();
            assertThat(last.path("ownBytes").asLong()).isEqualTo(65536);
            assertThat(all.path("usedBytes").asLong()).isEqualTo(131072);
            JsonNode first = region.get(of(volume) + "?limit=2").body();
            assertThat(names(first)).containsExactly("zero", "one");
            assertThat(
                            names(
                                    region.get(
                                                    of(volume)
                                                            + "?limit=2&after="
                                                            + first.path("next").asString())
                                            .body()))
                    .containsExactly("two");
            region.done(region.delete(of(volume) + "/one"));
            assertThat(names(region.get(of(volume)).body())).containsExactly("zero", "two");
            assertThat(node.snapshots.names(volume)).hasSize(2);
            assertThat(region.get(of(volume) + "/one").status()).isEqualTo(404);
        }
    }

    /// A name that was free again never finds what an older wish of that name may have left at the node.
    @Test
    void a_name_that_is_used_again_is_another_snapshot_at_the_node() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            create(volume, "before");
            String first = node.snapshots.names(volume).getFirst();
            region.done(region.delete(of(volume) + "/before"));
            create(volume, "before");
            assertThat(node.snapshots.names(volume)).doesNotContain(first).hasSize(1);
        }
    }

    @Test
    void a_name_is_there_once_and_the_same_wish_twice_is_one_snapshot() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            String key = TestRegion.unique("key");
            String body = "{\"name\":\"before\"}";
            Api.Answer first = region.api.call("POST", of(volume), region.token, key, body);
            Api.Answer again = region.api.call("POST", of(volume), region.token, key, body);
            region.done(first);
            assertThat(again.text("id")).isEqualTo(first.text("id"));
            assertThat(region.post(of(volume), "{'name': 'before'}").text("cause"))
                    .isEqualTo("name-taken");
            assertThat(region.post(of(volume), "{'name': 'not a name'}").status()).isEqualTo(400);
            assertThat(node.snapshots.names(volume)).hasSize(1);
            String gone = of(volume) + "/before";
            String other = TestRegion.unique("key");
            Api.Answer deleted = region.api.call("DELETE", gone, region.token, other, null);
            region.done(deleted);
            assertThat(region.api.call("DELETE", gone, region.token, other, null).text("id"))
                    .isEqualTo(deleted.text("id"));
        }
    }

    /// However many ask at once.
    @Test
    void a_volume_has_256_snapshots_and_not_one_more() throws Exception {
        try (FakeNode _ = region.node("a");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            String volume = region.volume(region.datastore("a"));
            JdbcClient sql = region.part(JdbcClient.class);
            for (int i = 0; i < 250; i++) {
                sql.sql("insert into snapshot (id, volume, name, state) values (?, ?, ?, 'ready')")
                        .params(TestRegion.unique("id"), volume, "s" + i)
                        .update();
            }
            var wishes = new ArrayList<Callable<Api.Answer>>();
            for (int i = 0; i < 12; i++) {
                String body = "{'name': 'more-%d'}".formatted(i);
                wishes.add(() -> region.post(of(volume), body));
            }
            int accepted = 0;
            for (var wish : threads.invokeAll(wishes)) {
                if (wish.get().status() == 202) {
                    accepted++;
                } else {
                    assertThat(wish.get().text("cause")).isEqualTo("too-many-snapshots");
                    assertThat(wish.get().text("detail")).contains("256");
                }
            }
            assertThat(accepted).isEqualTo(6);
        }
    }

    @Test
    void a_broken_snapshot_is_shown_with_its_reason_and_refused() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            create(volume, "before");
            node.snapshots.breaks(volume, "broken: the snapshot room was full");
            JsonNode shown = region.get(of(volume) + "/before").body();
            assertThat(shown.path("state").asString()).isEqualTo("broken");
            assertThat(shown.path("reason").asString()).contains("room was full");
            for (Api.Answer answer :
                    List.of(
                            region.get(of(volume) + "/before/changes"),
                            region.post(of(volume) + "/before/revert", "{}"))) {
                assertThat(answer.text("cause")).isEqualTo("snapshot-broken");
                assertThat(answer.text("detail")).contains("room was full");
            }
            region.done(region.delete(of(volume) + "/before"));
        }
    }

    @Test
    void a_node_that_is_away_is_no_reason_to_show_no_snapshots() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            create(volume, "before");
            node.die();
            Api.await(
                    "the control plane noticed",
                    () -> region.get(of(volume)).body().path("usedBytes").isNull());
            JsonNode shown = region.get(of(volume)).body().path("items").get(0);
            assertThat(shown.path("state").asString()).isEqualTo("ready");
            assertThat(shown.path("reason").asString()).contains("not connected");
            assertThat(region.get(of(volume) + "/before/changes").status()).isEqualTo(503);
            node.connect();
        }
    }

    @Test
    void changes_come_page_after_page_and_every_range_once() throws Exception {
        try (FakeNode _ = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            create(volume, "one");
            create(volume, "two");
            var offsets = new ArrayList<Long>();
            String after = "0";
            for (int page = 0; page < 10 && !after.isEmpty(); page++) {
                JsonNode part =
                        region.get(of(volume) + "/one/changes?to=two&limit=10&after=" + after)
                                .body();
                assertThat(part.path("changedBytes").asLong()).isEqualTo(32 << 20);
                assertThat(part.path("to").asString()).isEqualTo("two");
                part.path("items").forEach(range -> offsets.add(range.path("offset").asLong()));
                after = part.path("next").asString("");
            }
            assertThat(offsets).hasSize(32).doesNotHaveDuplicates().isSorted();
            assertThat(region.get(of(volume) + "/one/changes?to=three").status()).isEqualTo(404);
            assertThat(region.get(of(volume) + "/one/changes?limit=0").status()).isEqualTo(400);
        }
    }

    @Test
    void a_machine_that_runs_is_not_taken_back_and_a_stopped_one_gets_its_disk_again()
            throws Exception {
        try (FakeNode node = region.node("a")) {
            String machine = region.machine("a");
            String volume = diskOf(machine);
            create(volume, "before");
            Api.Answer refused = region.post(of(volume) + "/before/revert", "{}");
            assertThat(refused.text("cause")).isEqualTo("cannot-revert");
            assertThat(refused.text("detail")).contains(machine);
            region.done(region.post("/v1/machines/" + machine + "/stop", "{'mode': 'power-off'}"));

            region.done(region.post(of(volume) + "/before/revert", "{}"));

            assertThat(node.snapshots.reverts()).singleElement().asString().startsWith("before@");
            JsonNode attachment = region.get("/v1/volumes/" + volume).body().path("attachment");
            assertThat(attachment.path("holder").asString()).isEqualTo(machine);
            assertThat(attachment.path("number").asLong())
                    .as("nobody, then the machine again")
                    .isEqualTo(3);
            region.done(
                    region.api.call(
                            "POST",
                            "/v1/machines/" + machine + "/start",
                            region.token,
                            null,
                            null));
            assertThat(
                            Objects.requireNonNull(node.descriptions.get(machine))
                                    .getDisks(0)
                                    .getAttachment()
                                    .getNumber())
                    .isEqualTo(3);
        }
    }

    @Test
    void while_a_volume_goes_back_nobody_starts_protects_deletes_or_saves_it() throws Exception {
        try (FakeNode node = region.node("a");
                FakeNode _ = region.node("b")) {
            String machine = region.machine("a");
            String volume = diskOf(machine);
            create(volume, "before");
            region.done(region.post("/v1/machines/" + machine + "/stop", "{'mode': 'power-off'}"));
            var held = new AtomicBoolean(true);
            node.deaf = command -> command.hasRevertSnapshot() && held.get();
            Api.Answer reverting = region.post(of(volume) + "/before/revert", "{}");
            Api.await("it is told", () -> node.heard(Command.CommandCase.REVERT_SNAPSHOT));
            assertThat(region.get("/v1/volumes/" + volume).text("state")).isEqualTo("reverting");
            for (Api.Answer answer :
                    List.of(
                            region.api.call(
                                    "POST",
                                    "/v1/machines/" + machine + "/start",
                                    region.token,
                                    null,
                                    null),
                            region.delete("/v1/machines/" + machine),
                            region.post(of(volume), "{'name': 'during'}"),
                            region.delete(of(volume) + "/before"),
                            region.post(of(volume) + "/before/revert", "{}"),
                            region.post(
                                    "/v1/protection-groups",
                                    "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                                            .formatted(TestRegion.unique("group"), machine)))) {
                assertThat(answer.status()).as(answer.body().toString()).isEqualTo(409);
            }
            held.set(false);
            node.die(); // its answer is lost: the control plane asks again
            node.connect();
            region.done(reverting);
            assertThat(region.get("/v1/volumes/" + volume).text("state")).isEqualTo("ready");
        }
    }

    @Test
    void a_revert_that_the_node_refuses_leaves_everything_as_it_was() throws Exception {
        try (FakeNode node = region.node("a")) {
            String machine = region.machine("a");
            String volume = diskOf(machine);
            create(volume, "before");
            region.done(region.post("/v1/machines/" + machine + "/stop", "{'mode': 'power-off'}"));
            node.refused = Map.of(Command.CommandCase.REVERT_SNAPSHOT, "no-room");
            JsonNode fault = region.failed(region.post(of(volume) + "/before/revert", "{}"));
            assertThat(fault.path("message").asString()).contains("no-room");
            JsonNode shown = region.get("/v1/volumes/" + volume).body();
            assertThat(shown.path("state").asString()).isEqualTo("ready");
            assertThat(shown.path("attachment").path("holder").asString()).isEqualTo(machine);
        }
    }

    @Test
    void a_protected_volume_is_recovered_by_its_group_and_not_by_a_snapshot() throws Exception {
        try (FakeNode _ = region.node("a");
                FakeNode _ = region.node("b")) {
            String machine = region.machine("a");
            String volume = diskOf(machine);
            create(volume, "before");
            region.done(
                    region.post(
                            "/v1/protection-groups",
                            "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                                    .formatted(TestRegion.unique("group"), machine)));
            region.done(region.post("/v1/machines/" + machine + "/stop", "{'mode': 'power-off'}"));
            Api.Answer refused = region.post(of(volume) + "/before/revert", "{}");
            assertThat(refused.text("cause")).isEqualTo("cannot-revert");
            assertThat(refused.text("detail")).contains("protection group");
        }
    }

    /// Room is promised to nobody while snapshots have it.
    @Test
    void what_snapshots_hold_is_not_free_in_the_datastore() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            node.datastores.put(
                    datastore,
                    DatastoreReport.newBuilder()
                            .setDatastore(datastore)
                            .setSnapshotBytes(4L << 30)
                            .build());
            String path = "/v1/datastores/" + datastore;
            Api.await(
                    "the node's report",
                    () -> region.get(path).body().path("snapshotBytes").asLong() == 4L << 30);
            assertThat(region.get(path).body().path("usedBytes").asLong()).isEqualTo(4L << 30);
            assertThat(region.get(path).body().path("freeBytes").asLong()).isEqualTo(6L << 30);
            Api.Answer refused =
                    region.post(
                            "/v1/volumes",
                            "{'name': 'large', 'datastore': '%s', 'sizeBytes': %d}"
                                    .formatted(datastore, 7L << 30));
            assertThat(refused.text("cause")).isEqualTo("no-room");
        }
    }

    @Test
    void a_clone_shows_its_source_and_how_far_the_copying_is() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String clone =
                    region.done(
                            region.post(
                                    "/v1/volumes",
                                    "{'name': '%s', 'datastore': '%s', 'sizeBytes': 67108864, 'template': 'tiny'}"
                                            .formatted(TestRegion.unique("clone"), datastore)));
            assertThat(hydration(clone).path("state").asString()).isEqualTo("idle");
            assertThat(hydration(clone).path("source").asString()).isEqualTo("tiny");
            String hydrate = "/v1/volumes/" + clone + "/hydrate";
            region.done(region.post(hydrate, "{'bytesPerSecond': 1048576}"));
            Api.await("copying", () -> hydration(clone).path("state").asString().equals("copying"));
            JsonNode copying = hydration(clone);
            assertThat(copying.path("doneBytes").asLong()).isEqualTo(16 << 20);
            assertThat(copying.path("totalBytes").asLong()).isEqualTo(64 << 20);
            assertThat(copying.path("secondsLeft").asLong()).isEqualTo(7);
            assertThat(copying.path("bytesPerSecond").asLong()).isEqualTo(1 << 20);
            assertThat(region.get("/v1/volumes/" + clone).body().path("snapshotBytes").asLong())
                    .isEqualTo(131072);
            var _ = node.copying(clone, HydrationState.HYDRATION_WAITING, "the source is away");
            Api.await(
                    "the trouble",
                    () ->
                            hydration(clone)
                                    .path("trouble")
                                    .asString("")
                                    .equals("the source is away"));
            var _ = node.copying(clone, HydrationState.HYDRATION_COMPLETE, "");
            Api.await(
                    "the end", () -> hydration(clone).path("state").asString().equals("complete"));
            assertThat(hydration(clone).path("doneBytes").asLong()).isEqualTo(64 << 20);

            String plain = region.volume(datastore);
            assertThat(region.get("/v1/volumes/" + plain).body().path("hydration").isNull())
                    .isTrue();
            assertThat(region.post("/v1/volumes/" + plain + "/hydrate", "{}").text("cause"))
                    .isEqualTo("no-source");
            assertThat(region.post(hydrate, "{'bytesPerSecond': -1}").status()).isEqualTo(400);
        }
    }

    private JsonNode hydration(String volume) {
        return region.get("/v1/volumes/" + volume).body().path("hydration");
    }

    private String diskOf(String machine) {
        return region.get("/v1/machines/" + machine)
                .body()
                .path("disks")
                .get(0)
                .path("volume")
                .asString();
    }

    private void create(String volume, String name) throws Exception {
        String _ = region.done(region.post(of(volume), "{'name': '%s'}".formatted(name)));
    }

    private static String of(String volume) {
        return "/v1/volumes/" + volume + "/snapshots";
    }

    private static List<String> names(JsonNode page) {
        var names = new ArrayList<String>();
        page.path("items").forEach(item -> names.add(item.path("name").asString()));
        return names;
    }
}

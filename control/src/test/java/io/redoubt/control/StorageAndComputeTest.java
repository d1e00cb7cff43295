// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Datastores, volumes and machines against a played node.
class StorageAndComputeTest {
    private final TestRegion region = TestRegion.shared();

    StorageAndComputeTest() throws Exception {}

    @Test
    void a_volume_is_made_on_its_node_and_removed_without_a_trace() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String volume = region.volume(datastore);
            assertThat(node.volumes).containsKey(volume);
            assertThat(region.get("/v1/volumes/" + volume).text("state")).isEqualTo("ready");
            assertThat(region.get("/v1/datastores/" + datastore).body().path("usedBytes").asLong())
                    .isEqualTo(67108864);
            assertThat(region.delete("/v1/datastores/" + datastore).text("cause"))
                    .isEqualTo("in-use");
            region.done(region.delete("/v1/volumes/" + volume));
            assertThat(node.volumes).isEmpty();
            assertThat(region.get("/v1/volumes/" + volume).status()).isEqualTo(404);
            region.done(region.delete("/v1/datastores/" + datastore));
        }
    }

    @Test
    void a_volume_that_its_node_refuses_leaves_neither_row_nor_room() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            node.refused = Map.of(Command.CommandCase.ENSURE_VOLUME, "no-room");
            Api.Answer accepted =
                    region.post(
                            "/v1/volumes",
                            "{'name': 'full', 'datastore': '%s', 'sizeBytes': 1048576}"
                                    .formatted(datastore));
            JsonNode fault = region.failed(accepted);
            assertThat(fault.path("message").asString()).contains("no-room");
            assertThat(region.get("/v1/volumes/" + accepted.text("target")).status())
                    .isEqualTo(404);
            assertThat(region.get("/v1/datastores/" + datastore).body().path("usedBytes").asLong())
                    .isZero();
        }
    }

    /// Check and reservation are one: however many ask at once, no byte is promised twice.
    @Test
    void parallel_wishes_never_get_more_than_the_datastore_has() throws Exception {
        try (FakeNode node = region.node("a");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            String datastore = region.datastore("a");
            var wishes = new ArrayList<Callable<Api.Answer>>();
            for (int i = 0; i < 20; i++) {
                String body =
                        "{'name': '%s', 'datastore': '%s', 'sizeBytes': 1073741824}"
                                .formatted(TestRegion.unique("v"), datastore);
                wishes.add(() -> region.post("/v1/volumes", body));
            }
            List<Integer> statuses = new ArrayList<>();
            for (var wish : threads.invokeAll(wishes)) {
                statuses.add(wish.get().status());
                if (wish.get().status() == 409) {
                    assertThat(wish.get().text("detail")).contains("0 B free", "needs 1 GiB");
                } else {
                    region.done(wish.get());
                }
            }
            assertThat(statuses).filteredOn(status -> status == 202).hasSize(10);
            assertThat(node.volumes).hasSize(10);
        }
    }

    @Test
    void a_machine_starts_on_fenced_disks_stops_starts_again_and_goes() throws Exception {
        try (FakeNode node = region.node("a")) {
            String machine = region.machine("a");
            JsonNode seen = region.get("/v1/machines/" + machine).body();
            String disk = seen.path("disks").get(0).path("volume").asString();
            var description = java.util.Objects.requireNonNull(node.descriptions.get(machine));
            assertThat(description.getSeedsMap()).containsEntry("role", "writer");
            assertThat(description.getDisks(0).getVolume()).isEqualTo(disk);
            assertThat(description.getDisks(0).getAttachment())
                    .isEqualTo(
                            java.util.Objects.requireNonNull(node.volumes.get(disk))
                                    .getAttachment());
            Api.await(
                    "it runs and its guest answers",
                    () ->
                            region.get("/v1/machines/" + machine).text("state").equals("running")
                                    && !region.get("/v1/machines/" + machine)
                                            .body()
                                            .path("guestReadyAt")
                                            .isNull());
            assertThat(region.delete("/v1/volumes/" + disk).text("cause")).isEqualTo("in-use");
            Api.Answer second =
                    region.post(
                            "/v1/machines",
                            "{'name': '%s', 'zone': 'a', 'memoryBytes': 134217728, 'vcpus': 1, 'disks': ['%s']}"
                                    .formatted(TestRegion.unique("m"), disk));
            assertThat(second.text("cause")).isEqualTo("disk-taken");

            region.done(region.post("/v1/machines/" + machine + "/stop", "{'mode': 'power-off'}"));
            assertThat(node.machines.get(machine)).isEqualTo(MachineState.MACHINE_STOPPED);
            region.done(
                    region.api.call(
                            "POST",
                            "/v1/machines/" + machine + "/start",
                            region.token,
                            null,
                            null));
            assertThat(node.machines.get(machine)).isEqualTo(MachineState.MACHINE_RUNNING);
            assertThat(
                            region.get("/v1/volumes/" + disk)
                                    .body()
                                    .path("attachment")
                                    .path("number")
                                    .asLong())
                    .isEqualTo(1);

            region.done(region.delete("/v1/machines/" + machine));
            assertThat(node.machines).isEmpty();
            assertThat(
                            region.get("/v1/volumes/" + disk)
                                    .body()
                                    .path("attachment")
                                    .path("number")
                                    .asLong())
                    .isEqualTo(2);
            region.done(region.delete("/v1/volumes/" + disk));
        }
    }

    @Test
    void a_machine_that_its_node_refuses_gives_its_disks_back() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String volume = region.volume(datastore);
            node.refused = Map.of(Command.CommandCase.ENSURE_MACHINE, "qemu-missing");
            Api.Answer accepted =
                    region.post(
                            "/v1/machines",
                            "{'name': '%s', 'zone': 'a', 'memoryBytes': 134217728, 'vcpus': 1, 'disks': ['%s']}"
                                    .formatted(TestRegion.unique("m"), volume));
            assertThat(region.failed(accepted).path("message").asString()).contains("qemu-missing");
            assertThat(
                            region.get("/v1/volumes/" + volume)
                                    .body()
                                    .path("attachment")
                                    .path("holder")
                                    .isNull())
                    .isTrue();
            region.done(region.delete("/v1/volumes/" + volume));
        }
    }

    @Test
    void a_node_that_does_not_answer_is_asked_again_until_it_does() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            var times = new java.util.concurrent.atomic.AtomicInteger();
            node.refused = Map.of();
            node.die();
            Api.Answer accepted =
                    region.post(
                            "/v1/volumes",
                            "{'name': '%s', 'datastore': '%s', 'sizeBytes': 1048576}"
                                    .formatted(TestRegion.unique("v"), datastore));
            Api.await(
                    "it waits for the node and says so",
                    () -> {
                        times.incrementAndGet();
                        return region.get("/v1/operations/" + accepted.text("id"))
                                .body()
                                .path("steps")
                                .get(1)
                                .path("note")
                                .asString("")
                                .contains("not connected");
                    });
            node.connect();
            region.done(accepted);
            assertThat(node.volumes).hasSize(1);
        }
    }
}

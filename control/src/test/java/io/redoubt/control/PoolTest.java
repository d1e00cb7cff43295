// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Pools, and what the classes of datastores promise, at nominal terabytes on a sparse pool.
class PoolTest {
    private static final long GIB = 1L << 30;

    private final TestRegion region = TestRegion.shared();

    PoolTest() throws Exception {}

    private String sparsePool(FakeNode node) throws Exception {
        return region.done(
                region.post(
                        "/v1/pools",
                        "{'name': '%s', 'node': '%s', 'path': '/srv/p', 'sparse': true, 'nominalBytes': %d}"
                                .formatted(TestRegion.unique("pool"), node.id, 64L << 40)));
    }

    private Api.Answer order(String pool, String storageClass, long bytes) {
        return region.post(
                "/v1/datastores",
                "{'name': '%s', 'zone': 'a', 'class': '%s', 'sizeBytes': %d, 'pool': '%s'}"
                        .formatted(TestRegion.unique("store"), storageClass, bytes, pool));
    }

    /// Requirements A58 to A62, A64 to A66 and X1: floor(rate x GB / 1024).
    @ParameterizedTest
    @CsvSource({
        "essential, 1024, 500",
        "standard, 1024, 1500",
        "premium, 1024, 3000",
        "enterprise, 1024, 7500",
        "ultra, 1024, 15000",
        "standard, 512, 750",
        "standard, 500, 732",
        "ultra, 10240, 150000"
    })
    void a_datastore_has_the_iops_of_its_class_and_size(
            String storageClass, long gibibytes, long iops) throws Exception {
        try (FakeNode node = region.node("a")) {
            String pool = sparsePool(node);
            String id = region.done(order(pool, storageClass, gibibytes * GIB));
            JsonNode seen = region.get("/v1/datastores/" + id).body();
            assertThat(seen.path("iopsLimit").asLong()).isEqualTo(iops);
            assertThat(seen.path("sparse").asBoolean()).isTrue();

            region.done(
                    region.api.call(
                            "PATCH",
                            "/v1/datastores/" + id,
                            region.token,
                            null,
                            "{\"sizeBytes\": %d}".formatted(2 * gibibytes * GIB)));
            long after = region.get("/v1/datastores/" + id).body().path("iopsLimit").asLong();
            assertThat(after).isBetween(2 * iops, 2 * iops + 1);
            String volume = region.volume(id);
            assertThat(node.heard)
                    .anyMatch(c ->
                            c.getSetLimits().getDatastore().equals(id)
                                    && c.getSetLimits().getRate().getIops() == after
                                    && c.getSetLimits().getVolumesList().stream()
                                            .anyMatch(v -> v.getVolume().equals(volume)));
            region.done(region.delete("/v1/volumes/" + volume));
            region.done(region.delete("/v1/datastores/" + id));
            region.done(region.delete("/v1/pools/" + pool));
        }
    }

    /// Requirements A63 and A72.
    @Test
    void a_datastore_below_the_smallest_size_or_between_two_units_is_refused() throws Exception {
        try (FakeNode node = region.node("a")) {
            String pool = sparsePool(node);
            for (String one : "essential standard premium enterprise ultra".split(" ")) {
                Api.Answer small = order(pool, one, 499 * GIB);
                assertThat(small.status()).isEqualTo(400);
                assertThat(small.text("detail")).contains("at least 500 GiB, not 499 GiB");
                assertThat(order(pool, one, 500 * GIB + 1).text("detail"))
                        .contains("units of 1 GiB");
            }
            assertThat(order(pool, "mass", 1536 * GIB).text("detail")).contains("units of 1 TiB");
            assertThat(order(pool, "mass", 500 * GIB).text("detail")).contains("at least 1 TiB");
            assertThat(order(pool, "gold", GIB).text("detail")).contains("'gold'", "ultra");
            String smallest = region.done(order(pool, "standard", 500 * GIB));
            String mass = region.done(order(pool, "mass", 2048 * GIB));
            assertThat(region.get("/v1/datastores/" + mass).body().path("iopsLimit").isNull())
                    .isTrue();
            assertThat(node.heard)
                    .anyMatch(c ->
                            c.getEnsureDatastore().getDatastore().equals(smallest)
                                    && c.getEnsureDatastore().getPool().equals(pool)
                                    && c.getEnsureDatastore().getSizeBytes() == 500 * GIB);
        }
    }

    @Test
    void a_pool_never_promises_more_than_it_has() throws Exception {
        try (FakeNode node = region.node("a")) {
            String pool = sparsePool(node);
            region.done(order(pool, "mass", 40L << 40));
            Api.Answer tooMuch = order(pool, "mass", 25L << 40);
            assertThat(tooMuch.status()).isEqualTo(409);
            assertThat(tooMuch.text("detail")).contains("25 TiB", "24 TiB");
            region.done(order(pool, "mass", 24L << 40));
            assertThat(region.get("/v1/pools/" + pool).body().path("freeBytes").asLong()).isZero();
            assertThat(region.delete("/v1/pools/" + pool).text("cause")).isEqualTo("in-use");
        }
    }

    @Test
    void a_datastore_that_its_node_refuses_leaves_nothing_behind() throws Exception {
        try (FakeNode node = region.node("a")) {
            String pool = sparsePool(node);
            node.refused = Map.of(Command.CommandCase.ENSURE_DATASTORE, "pool-full");
            Api.Answer accepted = order(pool, "standard", 500 * GIB);
            assertThat(region.failed(accepted).path("message").asString()).contains("pool-full");
            assertThat(region.get("/v1/datastores/" + accepted.text("target")).status())
                    .isEqualTo(404);
            node.refused = Map.of();
            String id = region.done(order(pool, "standard", 500 * GIB));
            node.refused = Map.of(Command.CommandCase.ENSURE_DATASTORE, "below-use");
            JsonNode fault =
                    region.failed(
                            region.api.call(
                                    "PATCH",
                                    "/v1/datastores/" + id,
                                    region.token,
                                    null,
                                    "{\"sizeBytes\": %d}".formatted(600 * GIB)));
            assertThat(fault.path("message").asString()).contains("below-use");
            assertThat(region.get("/v1/datastores/" + id).body().path("sizeBytes").asLong())
                    .isEqualTo(500 * GIB);
        }
    }

    @Test
    void thin_volumes_may_promise_more_than_there_is_and_thick_ones_may_not() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String thin =
                    region.done(
                            region.post(
                                    "/v1/volumes",
                                    "{'name': '%s', 'datastore': '%s', 'sizeBytes': %d, 'thin': true}"
                                            .formatted(
                                                    TestRegion.unique("v"), datastore, 40 * GIB)));
            assertThat(region.get("/v1/volumes/" + thin).body().path("thin").asBoolean()).isTrue();
            assertThat(node.heard)
                    .anyMatch(c ->
                            c.getEnsureVolume().getThin()
                                    && c.getEnsureVolume().getDatastore().equals(datastore));
            String thick = region.volume(datastore);
            Api.Answer tooMuch = resize(thick, 11 * GIB);
            assertThat(tooMuch.status()).isEqualTo(409);
            assertThat(tooMuch.text("detail")).contains("needs 11200 MiB");
            region.done(resize(thick, 10 * GIB));
            assertThat(region.get("/v1/datastores/" + datastore).body().path("freeBytes").asLong())
                    .isZero();
            assertThat(resize(thick, GIB).text("cause")).isEqualTo("cannot-grow");
            Api.Answer full =
                    region.post(
                            "/v1/volumes",
                            "{'name': '%s', 'datastore': '%s', 'sizeBytes': %d, 'thin': true}"
                                    .formatted(TestRegion.unique("v"), datastore, GIB));
            assertThat(full.text("cause")).isEqualTo("no-room");
        }
    }

    private Api.Answer resize(String volume, long bytes) {
        return region.api.call(
                "PATCH",
                "/v1/volumes/" + volume,
                region.token,
                null,
                "{\"sizeBytes\": %d}".formatted(bytes));
    }

    @Test
    void pools_are_for_the_operator_alone() throws Exception {
        try (FakeNode node = region.node("a")) {
            String stranger = region.otherTenant();
            String pool = sparsePool(node);
            for (String path : new String[] {"/v1/pools", "/v1/pools/" + pool}) {
                assertThat(region.api.call("GET", path, stranger, null, null).status())
                        .isEqualTo(403);
            }
            assertThat(
                            region.api
                                    .call("DELETE", "/v1/pools/" + pool, stranger, null, null)
                                    .status())
                    .isEqualTo(403);
            assertThat(
                            region.api
                                    .call(
                                            "POST",
                                            "/v1/datastores",
                                            stranger,
                                            null,
                                            "{\"name\": \"s\", \"zone\": \"a\", \"sizeBytes\": 1073741824, \"pool\": \"%s\"}"
                                                    .formatted(pool))
                                    .status())
                    .isEqualTo(403);
        }
    }
}

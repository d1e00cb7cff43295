// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.Rate;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.VolumeLimit;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// How fast datastores and volumes may be, from the API to what their node is told.
class LimitTest {
    private static final long GIB = 1L << 30;

    private final TestRegion region = TestRegion.shared();

    LimitTest() throws Exception {}

    /// Requirement A5, in a class that has no limit itself.
    @Test
    void shares_and_limits_of_a_volume_are_told_with_all_others_of_its_datastore()
            throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String one = region.volume(datastore);
            String other = region.volume(datastore);
            region.done(
                    change(
                            one,
                            "{'shares': 300, 'iopsLimit': 50, 'bytesPerSecondLimit': 1048576}"));
            assertThat(told(node, datastore).getRate()).isEqualTo(Rate.getDefaultInstance());
            assertThat(told(node, datastore).getVolumesList())
                    .containsExactlyInAnyOrder(
                            limit(one, 300, 50, 1 << 20), limit(other, 100, 0, 0));
            region.done(change(one, "{'iopsLimit': 0}"));
            assertThat(told(node, datastore).getVolumesList())
                    .contains(limit(one, 300, 0, 1 << 20));
            JsonNode seen = region.get("/v1/volumes/" + one).body();
            assertThat(seen.path("shares").asInt()).isEqualTo(300);
            assertThat(seen.path("iopsLimit").isNull()).isTrue();
            assertThat(seen.path("bytesPerSecondLimit").asLong()).isEqualTo(1 << 20);
        }
    }

    @Test
    void a_volume_can_be_made_with_its_limits_and_has_them_before_it_exists() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String volume =
                    region.done(
                            region.post(
                                    "/v1/volumes",
                                    "{'name': '%s', 'datastore': '%s', 'sizeBytes': 67108864, 'shares': 7, 'iopsLimit': 20}"
                                            .formatted(TestRegion.unique("v"), datastore)));
            assertThat(told(node, datastore).getVolumesList())
                    .containsExactly(limit(volume, 7, 20, 0));
            assertThat(
                            node.heard.stream()
                                    .map(Command::getCommandCase)
                                    .filter(kind ->
                                            kind == Command.CommandCase.SET_LIMITS
                                                    || kind == Command.CommandCase.ENSURE_VOLUME))
                    .containsExactly(
                            Command.CommandCase.SET_LIMITS, Command.CommandCase.ENSURE_VOLUME);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'shares': 0}                          | 1 to 10000 shares; got 0",
                "{'shares': 10001}                      | got 10001",
                "{'iopsLimit': -1}                      | got -1",
                "{'bytesPerSecondLimit': -5}            | -5",
                "{}                                     | either sizeBytes or some of shares",
                "{'shares': 5, 'sizeBytes': 1073741824} | either sizeBytes or some of shares"
            })
    void limits_that_cannot_be_are_refused_with_the_numbers(String wish, String why)
            throws Exception {
        try (FakeNode _ = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            Api.Answer answer = change(volume, wish);
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.text("detail")).contains(why);
        }
    }

    @Test
    void a_limit_that_the_node_refuses_is_taken_back() throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(region.datastore("a"));
            region.done(change(volume, "{'shares': 200, 'iopsLimit': 9}"));
            node.refused = Map.of(Command.CommandCase.SET_LIMITS, "bad-limits");
            region.failed(change(volume, "{'shares': 300, 'iopsLimit': 90}"));
            JsonNode seen = region.get("/v1/volumes/" + volume).body();
            assertThat(seen.path("shares").asInt()).isEqualTo(200);
            assertThat(seen.path("iopsLimit").asInt()).isEqualTo(9);
        }
    }

    /// Requirements A58 to A62 and A64: under a volume that a machine may use, within five seconds.
    @ParameterizedTest
    @CsvSource({
        "essential, 500",
        "standard, 1500",
        "premium, 3000",
        "enterprise, 7500",
        "ultra, 15000"
    })
    void a_resized_datastore_tells_its_node_the_new_rate_within_five_seconds(
            String storageClass, long perTerabyte) throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = order(node, storageClass, 1024 * GIB, "");
            String volume = region.volume(datastore);
            assertThat(told(node, datastore).getRate().getIops()).isEqualTo(perTerabyte);
            long begin = System.nanoTime();
            region.done(change("datastores", datastore, "{'sizeBytes': %d}".formatted(2048 * GIB)));
            assertThat(told(node, datastore).getRate().getIops()).isEqualTo(2 * perTerabyte);
            assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
            assertThat(told(node, datastore).getVolumesList())
                    .containsExactly(limit(volume, 100, 0, 0));
        }
    }

    /// Requirement X1: the class's rate for a terabyte of 1024 GB, and what follows for this size.
    @ParameterizedTest
    @CsvSource({"512, 0.5, 750", "500, 0.48828125, 732"})
    void a_datastore_tells_its_rate_for_each_terabyte_and_for_its_size(
            long gibibytes, double terabytes, long iops) throws Exception {
        try (FakeNode node = region.node("a")) {
            JsonNode seen =
                    region.get("/v1/datastores/" + order(node, "standard", gibibytes * GIB, ""))
                            .body();
            assertThat(seen.path("terabytes").asDouble()).isEqualTo(terabytes);
            assertThat(seen.path("iopsPerTerabyte").asLong()).isEqualTo(1500);
            assertThat(seen.path("iopsLimit").asLong()).isEqualTo(iops);
        }
    }

    /// Requirement U1: 150,000 without the ceiling, 30,000 and 1,024 MB/s with it; the operator decides.
    @Test
    void the_ceiling_of_a_class_holds_where_the_operator_says_so() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = order(node, "ultra", 10_240 * GIB, "");
            region.volume(datastore);
            assertThat(told(node, datastore).getRate()).isEqualTo(rate(150_000, 0));

            region.done(change("datastores", datastore, "{'ceiling': true}"));
            assertThat(told(node, datastore).getRate()).isEqualTo(rate(30_000, 1L << 30));
            JsonNode seen = region.get("/v1/datastores/" + datastore).body();
            assertThat(seen.path("iopsLimit").asLong()).isEqualTo(30_000);
            assertThat(seen.path("bytesPerSecondLimit").asLong()).isEqualTo(1L << 30);
            assertThat(seen.path("ceiling").asBoolean()).isTrue();

            region.done(change("datastores", datastore, "{'ceiling': false}"));
            assertThat(told(node, datastore).getRate()).isEqualTo(rate(150_000, 0));
        }
    }

    @Test
    void
            a_datastore_below_its_ceiling_keeps_its_rate_and_one_of_a_class_without_rate_gets_the_ceiling()
                    throws Exception {
        try (FakeNode node = region.node("a")) {
            String essential = order(node, "essential", 1024 * GIB, ", 'ceiling': true");
            String mass = order(node, "mass", 1024 * GIB, ", 'ceiling': true");
            region.volume(essential);
            region.volume(mass);
            assertThat(told(node, essential).getRate()).isEqualTo(rate(500, 512L << 20));
            assertThat(told(node, mass).getRate()).isEqualTo(rate(30_000, 1L << 30));
        }
    }

    @Test
    void the_ceiling_is_for_the_operator_alone() throws Exception {
        try (FakeNode _ = region.node("a")) {
            String stranger = region.otherTenant();
            Api.Answer made =
                    region.api.call(
                            "POST",
                            "/v1/datastores",
                            stranger,
                            null,
                            "{\"name\": \"s\", \"zone\": \"a\", \"sizeBytes\": 1073741824, \"ceiling\": false}");
            assertThat(made.status()).isEqualTo(403);
            Api.Answer changed =
                    region.api.call(
                            "PATCH",
                            "/v1/datastores/" + region.datastore("a"),
                            stranger,
                            null,
                            "{\"ceiling\": false}");
            assertThat(changed.status()).isEqualTo(403);
        }
    }

    /// Requirements S6, U3 and U5: every class but `lab`.
    @ParameterizedTest
    @ValueSource(
            strings = {"essential", "standard", "premium", "enterprise", "ultra", "mass", "lab"})
    void a_volume_of_every_class_but_lab_is_made_encrypted_and_checked(String storageClass)
            throws Exception {
        try (FakeNode node = region.node("a")) {
            String volume = region.volume(order(node, storageClass, 1024 * GIB, ""));
            EnsureVolume made =
                    node.heard.stream()
                            .map(Command::getEnsureVolume)
                            .filter(one -> one.getVolume().equals(volume))
                            .findFirst()
                            .orElseThrow();
            assertThat(made.getEncrypt()).isEqualTo(!storageClass.equals("lab"));
            assertThat(made.getIntegrity()).isEqualTo(!storageClass.equals("lab"));
        }
    }

    /// Requirement A5: what is used stands beside what is allowed.
    @Test
    void what_passes_is_seen_for_the_volume_and_summed_for_its_datastore() throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            String busy = region.volume(datastore);
            String idle = region.volume(datastore);
            long begin = System.nanoTime();
            Api.await(
                    "the used rate",
                    () -> {
                        long millis = (System.nanoTime() - begin) / 1_000_000;
                        node.volumes.computeIfPresent(
                                busy,
                                (_, report) ->
                                        report.toBuilder()
                                                .setOperations(millis / 10) // 100 each second
                                                .setBytes(millis * 1000)
                                                .build());
                        long used = used("volumes", busy);
                        return millis > 3000 && used > 60 && used < 140;
                    });
            assertThat(used("volumes", idle)).isZero();
            assertThat(used("datastores", datastore)).isBetween(50L, 150L);
            assertThat(region.get("/v1/volumes/" + busy).body().path("usedBytesPerSecond").asLong())
                    .isBetween(500_000L, 1_500_000L);
        }
    }

    /// Requirement A82: one number for the space to keep, and an alarm that somebody can act upon.
    @Test
    void
            an_overcommitted_datastore_tells_the_space_to_keep_and_raises_the_alarm_from_its_percentage_on()
                    throws Exception {
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a"); // 10 GiB
            String volume = region.volume(datastore);
            node.datastores.put(
                    datastore,
                    DatastoreReport.newBuilder()
                            .setDatastore(datastore)
                            .setThinBytes(6 * GIB)
                            .setMayGrowBytes(3 * GIB)
                            .build());
            node.volumes.computeIfPresent(
                    volume,
                    (_, report) -> report.toBuilder().setSnapshotsMayGrowBytes(2 * GIB).build());
            Api.await("the report", () -> store(datastore).path("keepBytes").asLong() == 5 * GIB);
            assertThat(store(datastore).path("alarmPercent").asInt()).isEqualTo(80);
            assertThat(store(datastore).path("alarm").asBoolean()).isFalse(); // 60.6 % are used
            region.done(change("datastores", datastore, "{'alarmPercent': 60}"));
            assertThat(store(datastore).path("alarm").asBoolean()).isTrue();
            region.done(change("datastores", datastore, "{'alarmPercent': 61}"));
            assertThat(store(datastore).path("alarm").asBoolean()).isFalse();
            region.done(change("datastores", datastore, "{'alarmPercent': 1}"));
            node.volumes.computeIfPresent(
                    volume, (_, report) -> report.toBuilder().setSnapshotsMayGrowBytes(0).build());
            Api.await("what fits", () -> !store(datastore).path("alarm").asBoolean());
            assertThat(change("datastores", datastore, "{'alarmPercent': 101}").text("detail"))
                    .contains("1 to 100; got 101");
        }
    }

    private JsonNode store(String datastore) {
        return region.get("/v1/datastores/" + datastore).body();
    }

    private long used(String what, String id) {
        return region.get("/v1/" + what + "/" + id).body().path("usedIops").asLong(-1);
    }

    private String order(FakeNode node, String storageClass, long bytes, String more)
            throws Exception {
        String pool =
                region.done(
                        region.post(
                                "/v1/pools",
                                "{'name': '%s', 'node': '%s', 'path': '/srv/p', 'sparse': true, 'nominalBytes': %d}"
                                        .formatted(TestRegion.unique("pool"), node.id, 64L << 40)));
        return region.done(
                region.post(
                        "/v1/datastores",
                        "{'name': '%s', 'zone': 'a', 'class': '%s', 'sizeBytes': %d, 'pool': '%s'%s}"
                                .formatted(
                                        TestRegion.unique("store"),
                                        storageClass,
                                        bytes,
                                        pool,
                                        more)));
    }

    private Api.Answer change(String volume, String wish) {
        return change("volumes", volume, wish);
    }

    private Api.Answer change(String what, String id, String wish) {
        return region.api.call(
                "PATCH", "/v1/" + what + "/" + id, region.token, null, wish.replace('\'', '"'));
    }

    private static SetLimits told(FakeNode node, String datastore) {
        return Objects.requireNonNull(node.limits.get(datastore));
    }

    private static VolumeLimit limit(String volume, int shares, long iops, long bytes) {
        return VolumeLimit.newBuilder()
                .setVolume(volume)
                .setWeight(shares)
                .setOwn(rate(iops, bytes))
                .build();
    }

    private static Rate rate(long iops, long bytes) {
        return Rate.newBuilder().setIops(iops).setBytesPerSecond(bytes).build();
    }
}

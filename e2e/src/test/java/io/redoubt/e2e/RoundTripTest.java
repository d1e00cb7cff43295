// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A real machine fails over behind its newest writes, stays, turns round and moves home (I15, I21, I22, I23).
class RoundTripTest {
    private static final String BEFORE = "firs";
    private static final String BEHIND = "behi";
    private static final String THERE = "ther";
    private static final Duration PROTECTED = Duration.ofMinutes(2);

    @TempDir(factory = ShortDirectory.class)
    private Path directory;

    @Test
    @Tag("long")
    void a_machine_goes_there_and_comes_home_with_all_that_counts() throws Exception {
        PlantedClasses classes =
                PlantedClasses.in(Files.createDirectory(directory.resolve("classes")), List.of());
        Path templates = classes.root().resolve("compute/target/lab-cache");
        try (CausalRegion region = CausalRegion.up(directory, classes, templates)) {
            region.makeMachines();
            region.protect("g", List.of("one"));
            region.awaitGuests();
            long chosen;
            try (CausalRegion.Guest guest = region.guests.getFirst()) {
                guest.note(BEFORE);
                chosen = awaitPoint(region);
                guest.note(BEHIND);
                long _ = awaitPoint(region);
            }
            String live =
                    region.region()
                            .make(
                                    "/v1/failovers",
                                    Map.of("group", "g", "kind", "live", "point", chosen));
            try (CausalRegion.Guest there = region.guest("one")) {
                assertThat(there.noted()).isEqualTo(BEFORE);
                there.note(THERE);
            }
            String _ = region.region().make("/v1/failovers/" + live + "/commit", Map.of());
            String _ = region.region().make("/v1/protection-groups/g/reverse", Map.of());
            assertThat(region.get("/v1/failovers/" + live).path("compared").isNull())
                    .as("what differs is known")
                    .isTrue();
            requireEqual(region);
            String home =
                    region.region().make("/v1/failovers", Map.of("group", "g", "kind", "move"));
            assertThat(region.get("/v1/failovers/" + home).path("rpoSeconds").asDouble(1)).isZero();
            assertThat(region.get("/v1/machines/one").path("zone").asString()).isEqualTo("a");
            try (CausalRegion.Guest back = region.guest("one")) {
                assertThat(back.noted()).as("I21 and I23").isEqualTo(THERE);
            }
            requireHeld(region);
        }
    }

    private static long awaitPoint(CausalRegion region) {
        long before = newest(region);
        return Waiting.until(
                "a point after " + before, PROTECTED, () -> newest(region), n -> n > before + 1);
    }

    private static long newest(CausalRegion region) {
        return region.group("g").path("newestPoint").path("number").asLong(0);
    }

    private static void requireEqual(CausalRegion region) {
        JsonNode _ =
                Waiting.until(
                        "it is protected",
                        PROTECTED,
                        () -> region.group("g"),
                        group -> group.path("state").asString("").equals("protected"));
        String path = "/v1/protection-groups/g/verifications";
        String _ = region.region().make(path, Map.of());
        JsonNode verified = region.get(path).path("items").path(0);
        assertThat(verified.path("differentBytes").asLong(-1)).as("I22").isZero();
        assertThat(verified.path("comparedBytes").asLong(0)).isPositive();
    }

    /// I15: what the old side alone held, in a copy of the machine.
    private static void requireHeld(CausalRegion region) {
        JsonNode held =
                region.region().list("/v1/protection-groups/g/recovery-points").stream()
                        .filter(point ->
                                point.path("name").asString("").equals("what-the-old-side-held"))
                        .findFirst()
                        .orElseThrow();
        assertThat(held.path("protected").asBoolean()).isTrue();
        String test =
                region.region()
                        .make(
                                "/v1/failovers",
                                Map.of(
                                        "group",
                                        "g",
                                        "kind",
                                        "test",
                                        "point",
                                        held.path("number").asLong()));
        String copy =
                region.get("/v1/failovers/" + test)
                        .path("machines")
                        .path(0)
                        .path("copy")
                        .asString();
        try (CausalRegion.Guest guest = region.guest(copy)) {
            assertThat(guest.noted()).as("I15").isEqualTo(BEHIND);
        }
    }
}

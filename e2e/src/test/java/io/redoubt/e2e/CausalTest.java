// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.e2e.PlantedClasses.Change;
import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.journal.JournalReader;
import io.redoubt.storage.journal.RecoveryPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Two real machines on two nodes of a zone in one group: no point shows a token without its predecessors (I2), on whichever disk of whichever
/// guest they are, and none misses a volume (I28).
class CausalTest {
    private static final String SOURCES = "storage/src/main/java/io/redoubt/storage/replication/";
    private static final int CHAINS = 6;
    private static final int FEW = 5;
    private static final int MANY = 100;
    private static final int BOOTED = 5;
    private static final String KEPT = "kept";
    private static final String DROPPED = "lost";
    private static final Duration POINTS = Duration.ofMinutes(6);
    private static final Duration STANDSTILL = Duration.ofSeconds(60);
    private static final Duration NOTICED = Duration.ofSeconds(20);

    /// Longer than a volume stays closed without a RELEASE, so that its guest writes on before the coordinator's own volumes have switched.
    private static final Change SLOW_SWITCH =
            new Change(
                    SOURCES + "CutMaker.java",
                    "cut.own().switchAll();",
                    """
                    if (cut.number() % 2 == 0) {
                        java.util.concurrent.locks.LockSupport.parkNanos(1_500_000_000L);
                    }
                    cut.own().switchAll();\
                    """);

    private static final Change RELEASE_NOT_CONFIRMED =
            new Change(
                    SOURCES + "GroupCut.java",
                    "return !givenUp && ownConfirmed && silent.isEmpty() && unconfirmed.isEmpty();",
                    "return ownConfirmed && silent.isEmpty();");

    @TempDir(factory = ShortDirectory.class)
    private Path directory;

    /// What the offline look at a journal found.
    ///
    /// @param numbers of the points that were opened
    /// @param whole  points that hold every volume
    /// @param parted points without one of them, after the first that was whole
    private record Found(List<Long> numbers, int whole, int parted, List<String> broken) {}

    /// A108, and B27, B105 with real guests on two nodes: the guests run before they are protected, and nothing in them changes by it.
    @Test
    void no_point_over_two_nodes_shows_a_token_without_its_predecessors() throws Exception {
        try (CausalRegion region = up(List.of())) {
            region.awaitGuests();
            List<String> unprotected = devices(region);
            region.protect("g", List.of("one", "two"));
            try (var writer = new CausalWriter(region.guests, CHAINS, 1)) {
                awaitPoints(region, "g", FEW, newest(region, "g"));
                assertThat(devices(region)).isEqualTo(unprotected);
                writer.end();
                region.guests.forEach(guest -> guest.note(KEPT));
                region.letGo();
                var frozen = new FrozenPoints(region);
                List<VolumeId> roots = frozen.roots();
                moveThereAndBack(region);
                List<Long> offered = numbers(region, "g");
                int volumes = region.group("g").path("volumes").size();
                Path journal = region.journalAfterTheEnd("g");
                Found found = look(volumes, writer, journal);
                requireCausal(found, FEW);
                try (JournalReader reader = open(journal)) {
                    frozen.requireTrue(reader, roots);
                }
                assertThat(found.numbers())
                        .as("each point that was offered could be opened (I25)")
                        .containsAll(offered);
            }
        }
    }

    /// I20 and I23, with two guests that hold a note and are shut down, boot on the other side, and boot where they were. Points of before and after are looked
    /// at by the caller: a rollback leaves them as they were, and the stream goes on.
    private static void moveThereAndBack(CausalRegion region) {
        List<String> machines = List.of("one", "two");
        String move = region.region().make("/v1/failovers", Map.of("group", "g", "kind", "move"));
        JsonNode moved = region.get("/v1/failovers/" + move);
        assertThat(moved.path("rpoSeconds").asDouble(1)).isZero();
        assertThat(moved.path("sources").size()).isEqualTo(2);
        assertThat(moved.path("machines").valueStream())
                .hasSize(2)
                .allMatch(machine -> machine.path("stopped").asString("").equals("guest"));
        for (String machine : machines) {
            try (CausalRegion.Guest there = region.guest(machine)) {
                assertThat(there.noted()).as("%s in zone b", machine).isEqualTo(KEPT);
                there.note(DROPPED);
            }
        }
        String _ = region.region().make("/v1/failovers/" + move + "/rollback", Map.of());
        for (String machine : machines) {
            assertThat(region.get("/v1/machines/" + machine).path("zone").asString())
                    .isEqualTo("a");
            try (CausalRegion.Guest back = region.guest(machine)) {
                assertThat(back.noted()).as("%s in zone a again", machine).isEqualTo(KEPT);
            }
        }
        awaitPoints(region, "g", 2, newest(region, "g"));
    }

    @Test
    @Tag("long")
    void a_hundred_points_are_causal_five_of_them_booted_and_a_node_that_stood_still_is_named()
            throws Exception {
        try (CausalRegion region = up(List.of())) {
            region.protect("g", List.of("one", "two"));
            try (var writer = writer(region)) {
                awaitPoints(region, "g", MANY / 2, 0);
                standStill(region);
                awaitPoints(region, "g", MANY / 2, newest(region, "g"));
                writer.end();
                boot(region, writer);
                requireCausal(look(region, writer, "g"), MANY);
            }
        }
    }

    /// Rule 18. Every second cut takes so long that the other source's volumes have opened by themselves: they are given up, and nothing is lost
    /// but points. Without the confirmation they become points, and those are not causal.
    @Test
    @Tag("long")
    void a_release_that_is_not_confirmed_is_seen() throws Exception {
        assertThat(slowCuts(List.of(SLOW_SWITCH), "c").broken()).isEmpty();
        assertThat(slowCuts(List.of(SLOW_SWITCH, RELEASE_NOT_CONFIRMED), "n").broken())
                .isNotEmpty();
    }

    private Found slowCuts(List<Change> changes, String name) throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Path own = Files.createDirectory(directory.resolve(name));
        try (CausalRegion region = up(own, changes)) {
            region.protect("g", List.of("one", "two"));
            try (var writer = writer(region)) {
                awaitPoints(region, "g", 20, 0);
                writer.end();
                return look(region, writer, "g");
            }
        }
    }

    @Test
    void the_planted_changes_fit_their_sources() throws Exception {
        assertThat(
                        PlantedClasses.in(
                                        Files.createDirectory(directory.resolve("p")),
                                        List.of(SLOW_SWITCH, RELEASE_NOT_CONFIRMED))
                                .planted())
                .isNotEmpty();
    }

    /// Two groups have cuts of their own: the machines come back at different moments, which the same look must find.
    @Test
    @Tag("long")
    void two_groups_instead_of_one_are_seen() throws Exception {
        try (CausalRegion region = up(List.of())) {
            region.protect("g1", List.of("one"));
            region.protect("g2", List.of("two"));
            try (var writer = writer(region)) {
                awaitPoints(region, "g1", 20, 0);
                awaitPoints(region, "g2", 1, 0);
                writer.end();
                Path second = region.journalAfterTheEnd("g2");
                try (JournalReader one = open(region.journalAfterTheEnd("g1"));
                        JournalReader two = open(second)) {
                    var broken = new ArrayList<String>();
                    for (RecoveryPoint point : one.points()) {
                        for (RecoveryPoint near : around(two.points(), point.stampMillis())) {
                            broken.addAll(
                                    writer.broken(
                                            CausalWriter.of(
                                                    List.of(
                                                            one.view(point.number()),
                                                            two.view(near.number())))));
                        }
                    }
                    System.out.printf(
                            "%d points, %d tokens, %d broken: %s%n",
                            one.points().size(), writer.tokens(), broken.size(), broken);
                    assertThat(broken).isNotEmpty();
                }
            }
        }
    }

    /// The last point that is not younger, and the first that is not older.
    private static List<RecoveryPoint> around(List<RecoveryPoint> points, long stampMillis) {
        var around = new ArrayList<RecoveryPoint>();
        points.stream()
                .filter(point -> point.stampMillis() <= stampMillis)
                .reduce((_, last) -> last)
                .ifPresent(around::add);
        points.stream()
                .filter(point -> point.stampMillis() >= stampMillis)
                .findFirst()
                .ifPresent(around::add);
        return around;
    }

    private CausalRegion up(List<Change> changes) throws IOException {
        return up(directory, changes);
    }

    private static CausalRegion up(Path directory, List<Change> changes) throws IOException {
        PlantedClasses classes =
                PlantedClasses.in(Files.createDirectory(directory.resolve("classes")), changes);
        CausalRegion region =
                CausalRegion.up(
                        directory, classes, classes.root().resolve("compute/target/lab-cache"));
        try {
            region.makeMachines();
            return region;
        } catch (IOException | RuntimeException e) {
            region.close();
            throw e;
        }
    }

    private static CausalWriter writer(CausalRegion region) {
        region.awaitGuests();
        return new CausalWriter(region.guests, CHAINS, 1);
    }

    /// Of the points that the API offers, oldest first.
    private static List<Long> numbers(CausalRegion region, String group) {
        return region
                .region()
                .list("/v1/protection-groups/%s/recovery-points".formatted(group))
                .stream()
                .map(point -> point.path("number").asLong())
                .sorted()
                .toList();
    }

    private static List<String> devices(CausalRegion region) {
        return region.guests.stream().map(CausalRegion.Guest::devices).toList();
    }

    private static void awaitPoints(CausalRegion region, String group, int count, long after) {
        Waiting.until(
                "%d points of group %s after %d".formatted(count, group, after),
                POINTS,
                () ->
                        region
                                .region()
                                .list("/v1/protection-groups/%s/recovery-points".formatted(group))
                                .stream()
                                .filter(point -> point.path("number").asLong() > after)
                                .count(),
                seen -> seen >= count);
    }

    private static long newest(CausalRegion region, String group) {
        return region.group(group).path("newestPoint").path("number").asLong(0);
    }

    /// The process of one node stops, its guest does not know; then it goes on.
    private static void standStill(CausalRegion region) {
        Processes.signal("STOP", List.of(region.secondNode()));
        try {
            Waiting.until(
                    "the group is degraded and says where",
                    NOTICED,
                    () -> region.group("g"),
                    group ->
                            group.path("state").asString("").equals("degraded")
                                    && group.path("reason")
                                            .asString("")
                                            .contains(CausalRegion.SECOND_NODE));
            Waiting.pause(STANDSTILL);
            assertThat(region.group("g").path("reason").asString(""))
                    .contains(CausalRegion.SECOND_NODE);
        } finally {
            Processes.signal("CONT", List.of(region.secondNode()));
        }
    }

    /// Points from the oldest to the newest come up as machines, and their guests read the same.
    private static void boot(CausalRegion region, CausalWriter writer) {
        List<Long> numbers = numbers(region, "g");
        for (int i = 0; i < BOOTED; i++) {
            long number = numbers.get((numbers.size() - 1) * (i + 1) / BOOTED);
            String failover =
                    region.region()
                            .make(
                                    "/v1/failovers",
                                    Map.of(
                                            "group",
                                            "g",
                                            "kind",
                                            "test",
                                            "point",
                                            Long.toString(number)));
            JsonNode copies = region.get("/v1/failovers/" + failover).path("machines");
            List<CausalRegion.Guest> guests =
                    copies.valueStream()
                            .map(copy -> region.guest(copy.path("copy").asString()))
                            .toList();
            try {
                assertThat(writer.broken(inside(region, copies, guests)))
                        .as("point %d, booted", number)
                        .isEmpty();
            } finally {
                guests.forEach(guest -> guest.agent().close());
                region.region().remove("/v1/failovers/" + failover);
            }
        }
    }

    /// Through the guests of the copies, which know their disks by their places.
    private static CausalWriter.Reader inside(
            CausalRegion region, JsonNode copies, List<CausalRegion.Guest> guests) {
        return (volume, at, length) -> {
            for (int i = 0; i < guests.size(); i++) {
                String original = copies.get(i).path("machine").asString();
                for (CausalRegion.Guest guest : region.guests) {
                    int disk = guest.volumes().indexOf(volume.value());
                    if (disk >= 0 && guest.id().equals(original)) {
                        return guests.get(i).read(disk, at, length);
                    }
                }
            }
            throw new IllegalStateException("no copy has volume " + volume);
        };
    }

    /// With the key of the region, which lies in the home of the node.
    private static JournalReader open(Path journal) throws IOException {
        Path key = journal.resolve("../../region.key").normalize();
        return JournalReader.open(ReadOnlyDisk.of(journal), FileRegionKey.open(key)::named);
    }

    private static Found look(CausalRegion region, CausalWriter writer, String group)
            throws IOException {
        return look(
                region.group(group).path("volumes").size(),
                writer,
                region.journalAfterTheEnd(group));
    }

    private static Found look(int volumes, CausalWriter writer, Path directory) throws IOException {
        var numbers = new ArrayList<Long>();
        int whole = 0;
        int parted = 0;
        var broken = new ArrayList<String>();
        try (JournalReader journal = open(directory)) {
            for (RecoveryPoint point : journal.points()) {
                numbers.add(point.number());
                if (point.vector().size() < volumes) {
                    parted += whole > 0 ? 1 : 0;
                    continue;
                }
                whole++;
                for (String one :
                        writer.broken(CausalWriter.of(List.of(journal.view(point.number()))))) {
                    broken.add("point %d: %s".formatted(point.number(), one));
                }
            }
            System.out.printf(
                    "%d points, %d of all %d volumes, %d tokens, %d broken: %s%n",
                    journal.points().size(),
                    whole,
                    volumes,
                    writer.tokens(),
                    broken.size(),
                    broken);
        }
        return new Found(numbers, whole, parted, broken);
    }

    private static void requireCausal(Found found, int points) {
        assertThat(found.broken()).isEmpty();
        assertThat(found.parted()).as("points without a volume").isZero();
        assertThat(found.whole()).isGreaterThanOrEqualTo(points - 2);
    }
}

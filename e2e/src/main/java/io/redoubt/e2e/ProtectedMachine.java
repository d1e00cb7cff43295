// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.core.fault.FaultException;
import io.redoubt.e2e.verdict.Transcript;
import io.redoubt.e2e.verdict.Witness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// A machine in zone a whose guest numbers its writes, and its protection group.
///
/// @param disks as its QEMU was told of them
record ProtectedMachine(
        DemoRegion region,
        Narrator tell,
        String name,
        String id,
        long qemuPid,
        List<GuestDisk> disks,
        Witness witness) {
    private static final long MEBIBYTE = 1L << 20;
    private static final long DATASTORE_BYTES = 4096 * MEBIBYTE;
    private static final long ROOT_BYTES = 192 * MEBIBYTE;
    private static final long DATA_BYTES = 320 * MEBIBYTE;
    private static final long MEMORY_BYTES = 192 * MEBIBYTE;
    private static final Duration BOOT = Duration.ofSeconds(90);
    private static final Duration PROTECTED = Duration.ofSeconds(90);
    private static final int FIRST_ACKS = 3;

    /// Makes two disks and a machine on them, and returns when its guest has acknowledged its first writes.
    static ProtectedMachine create(DemoRegion region, Narrator tell, String name) {
        ensureDatastore(region);
        String datastore = datastore();
        region.make(
                "/v1/volumes",
                Map.of(
                        "name",
                        name + "-root",
                        "datastore",
                        datastore,
                        "sizeBytes",
                        ROOT_BYTES,
                        "template",
                        "tiny"));
        region.make(
                "/v1/volumes",
                Map.of("name", name + "-data", "datastore", datastore, "sizeBytes", DATA_BYTES));
        tell.say("two disks: %s-root from the template tiny, %s-data empty".formatted(name, name));
        String id =
                region.make(
                        "/v1/machines",
                        Map.of(
                                "name",
                                name,
                                "zone",
                                DemoRegion.SOURCE_ZONE,
                                "memoryBytes",
                                MEMORY_BYTES,
                                "vcpus",
                                1,
                                "disks",
                                List.of(name + "-root", name + "-data"),
                                "template",
                                "tiny",
                                "userData",
                                TinyTemplate.demoWriter()));
        JsonNode running =
                Waiting.until(
                        "machine %s runs".formatted(name),
                        BOOT,
                        () -> region.get("/v1/machines/" + id),
                        json ->
                                json.path("qemuPid").asLong(0) > 0
                                        && json.path("serialLog").isString());
        long pid = running.path("qemuPid").asLong();
        var machine =
                new ProtectedMachine(
                        region,
                        tell,
                        name,
                        id,
                        pid,
                        GuestDisk.ofQemu(pid),
                        Witness.of(Path.of(running.path("serialLog").asString())));
        tell.say(
                "machine %s: QEMU pid %d, serial log %s"
                        .formatted(name, pid, machine.witness.log()));
        machine.awaitAcks(FIRST_ACKS);
        tell.say("its writer acknowledges: ACK %d".formatted(machine.transcript().lastAck()));
        return machine;
    }

    private static String datastore() {
        return "demo-" + DemoRegion.SOURCE_ZONE;
    }

    private static void ensureDatastore(DemoRegion region) {
        boolean known =
                region.list("/v1/datastores").stream()
                        .anyMatch(one -> one.path("name").asString("").equals(datastore()));
        if (!known) {
            region.make(
                    "/v1/datastores",
                    Map.of(
                            "name",
                            datastore(),
                            "zone",
                            DemoRegion.SOURCE_ZONE,
                            "sizeBytes",
                            DATASTORE_BYTES,
                            "class",
                            "lab"));
        }
    }

    Transcript transcript() {
        return healthy(name, witness.transcript());
    }

    /// What a guest said, unless it said that it gives up.
    static Transcript healthy(String name, Transcript said) {
        if (!said.failures().isEmpty()) {
            throw new FaultException(new DemoFault.GuestFailed(name, said.failures().getFirst()));
        }
        return said;
    }

    private void awaitAcks(int least) {
        Waiting.until(
                "the guest of %s acknowledges its first writes (%s)".formatted(name, witness.log()),
                BOOT,
                () -> transcript().lastAck(),
                last -> last >= least);
    }

    /// Protects all disks into the other zone, and returns when the first point of the stream is published.
    void protect(int intervalSeconds) {
        region.make(
                "/v1/protection-groups",
                Map.of(
                        "name",
                        name,
                        "machines",
                        List.of(name),
                        "targetZone",
                        DemoRegion.RECOVERY_ZONE,
                        "intervalSeconds",
                        intervalSeconds));
        JsonNode group =
                Waiting.until(
                        "group %s is protected and has a point".formatted(name),
                        PROTECTED,
                        this::group,
                        json ->
                                json.path("state").asString("").equals("protected")
                                        && !json.path("newestPoint").isMissingNode()
                                        && !json.path("newestPoint").isNull());
        for (JsonNode volume : group.path("volumes")) {
            tell.say(
                    "%s: %s"
                            .formatted(
                                    volume.path("name").asString("?"),
                                    volume.path("state").asString("?")));
        }
        tell.say("first point %s".formatted(group.path("newestPoint")));
    }

    JsonNode group() {
        return region.get("/v1/protection-groups/" + name);
    }

    /// Published points, newest first.
    List<Point> points() {
        return region.get("/v1/protection-groups/" + name + "/recovery-points?limit=100")
                .path("items")
                .valueStream()
                .map(Point::of)
                .toList();
    }

    Optional<Point> newestPoint() {
        return points().stream().findFirst();
    }

    /// The next point that is published after this one.
    Point awaitPointAfter(long number, Duration limit) {
        return Waiting.untilPresent(
                "a point after %d of group %s is published".formatted(number, name),
                limit,
                () -> newestPoint().filter(point -> point.number() > number));
    }
}

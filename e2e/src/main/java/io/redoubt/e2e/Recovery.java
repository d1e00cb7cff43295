// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.e2e.verdict.Finding;
import io.redoubt.e2e.verdict.Witness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// A failover that was asked for through the API, and the copy that it started.
///
/// @param copy the machine that runs
/// @param work what its boot cost
record Recovery(
        DemoRegion region,
        String id,
        String copy,
        Point point,
        long qemuPid,
        Witness witness,
        BootWork work,
        JsonNode json) {
    private static final Duration ACTIVE = Duration.ofMinutes(2);
    private static final Duration FINDING = Duration.ofMinutes(2);

    /// Fails over and returns when the copy's guest is ready.
    ///
    /// @param kind  `test` or `live`
    /// @param point its number, or `newest`
    static Recovery start(
            DemoRegion region, Narrator tell, ProtectedMachine machine, String kind, String point) {
        var told = new StringBuilder();
        double[] stolen = Processes.stolenSeconds();
        String id =
                region.await(
                                region.begin(
                                        "/v1/failovers",
                                        Map.of(
                                                "group",
                                                machine.name(),
                                                "kind",
                                                kind,
                                                "point",
                                                point)),
                                operation ->
                                        operation.steps().stream()
                                                .filter(step -> step.state().equals("done"))
                                                .map(step -> step.name())
                                                .filter(step -> told.indexOf(" " + step + ";") < 0)
                                                .forEach(step -> {
                                                    told.append(" ").append(step).append(";");
                                                    tell.say("done: " + step);
                                                }))
                        .target();
        JsonNode active =
                Waiting.until(
                        "the %s failover of %s is active and its guest ready"
                                .formatted(kind, machine.name()),
                        ACTIVE,
                        () -> region.get("/v1/failovers/" + id),
                        Recovery::isReady);
        JsonNode copy = active.path("machines").path(0);
        BootWork work = BootWork.of(copy.path("qemuPid").asLong(), stolen);
        return new Recovery(
                region,
                id,
                copy.path("copy").asString(),
                Point.of(active.required("point")),
                copy.path("qemuPid").asLong(),
                Witness.of(Path.of(copy.path("serialLog").asString())),
                work,
                active);
    }

    private static boolean isReady(JsonNode failover) {
        JsonNode machine = failover.path("machines").path(0);
        return failover.path("state").asString("").equals("active")
                && machine.path("qemuPid").asLong(0) > 0
                && machine.path("serialLog").isString()
                && failover.path("rto").path("totalMillis").isNumber();
    }

    /// What the guest found on its disks at its last start.
    Finding awaitFinding(String word) {
        return Waiting.untilPresent(
                "the copy's guest says %s (%s)".formatted(word, witness.log()),
                FINDING,
                () ->
                        ProtectedMachine.healthy(copy, witness.transcript()).findings().stream()
                                .filter(finding -> finding.word().equals(word))
                                .reduce((_, last) -> last));
    }

    Rto rto() {
        JsonNode rto = json.path("rto");
        return new Rto(
                seconds(rto, "totalMillis"),
                seconds(rto, "grantsMillis"),
                seconds(rto, "viewMillis"),
                seconds(rto, "startMillis"),
                seconds(rto, "bootMillis"));
    }

    /// From the point's time to the decision, as the API says.
    double reportedRpoSeconds() {
        return json.path("rpoSeconds").asDouble(0);
    }

    private static double seconds(JsonNode rto, String field) {
        return rto.path(field).asLong(0) / 1e3;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.cli.api.Api;
import io.redoubt.cli.api.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// The control plane by its public API.
record ApiControlPlane(Api api) implements ControlPlane {
    private static final Duration CREATE_ZONE = Duration.ofMinutes(1);

    @Override
    public void ensureZone(String zone) {
        boolean known =
                api.fetchAll("/v1/zones").stream()
                        .anyMatch(one -> one.path("id").asString("").equals(zone));
        if (!known) {
            Operation made = api.post("/v1/zones", Map.of("name", zone), "up-zone-" + zone);
            api.await(made, CREATE_ZONE, _ -> {});
        }
    }

    @Override
    public Invitation invite(String zone) {
        JsonNode token = api.newJoinToken(zone);
        return new Invitation(
                token.required("grpcAddress").asString(),
                token.required("caFile").asString(),
                token.required("token").asString());
    }

    @Override
    public Map<Long, String> nodeStates() {
        var states = new HashMap<Long, String>();
        for (JsonNode node : api.fetchAll("/v1/nodes")) {
            states.put(node.path("pid").asLong(0), node.path("state").asString(""));
        }
        return states;
    }

    @Override
    public List<RegionStatus.PoolStatus> pools() {
        return api.fetchAll("/v1/pools").stream()
                .map(pool ->
                        new RegionStatus.PoolStatus(
                                pool.path("name").asString(""),
                                pool.path("zone").asString(""),
                                pool.path("promisedBytes").asLong(0),
                                pool.path("freeBytes").asLong(0),
                                pool.path("sparse").asBoolean(false),
                                pool.path("fault").asString("")))
                .toList();
    }

    @Override
    public void stopMachines(Duration limit, Consumer<String> progress) {
        long deadline = System.nanoTime() + limit.toNanos();
        var started = new ArrayList<Operation>();
        for (JsonNode machine : api.fetchAll("/v1/machines")) {
            String state = machine.path("state").asString("");
            if (state.equals("running") || state.equals("paused")) {
                progress.accept("stopping machine " + machine.path("name").asString("?"));
                // A paused guest cannot hear a request to shut down.
                String mode = state.equals("running") ? "shutdown" : "power-off";
                String path = "/v1/machines/" + machine.path("id").asString("") + "/stop";
                started.add(api.post(path, Map.of("mode", mode)));
            }
        }
        for (Operation operation : started) {
            long left = Math.max(0, deadline - System.nanoTime());
            api.await(operation, Duration.ofNanos(left), _ -> {});
        }
    }
}

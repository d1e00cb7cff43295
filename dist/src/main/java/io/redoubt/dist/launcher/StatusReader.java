// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.cli.api.ApiFault;
import io.redoubt.cli.api.Endpoint;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads a region's state from its record, its processes and its API.
final class StatusReader {
    private StatusReader() {}

    /// @throws FaultException with [ApiFault.NoRegion] when none was ever up, or it was stopped
    static RegionStatus read(Home home, Supplier<ControlPlane> control) {
        RegionRecord record =
                RegionRecord.read(home)
                        .orElseThrow(() -> new FaultException(new ApiFault.NoRegion(home.path())));
        Map<Long, String> states = Map.of();
        List<RegionStatus.PoolStatus> pools = List.of();
        boolean answers = false;
        JsonNode announced = JsonMapper.shared().createObjectNode();
        if (!record.alive().isEmpty() && Files.exists(Endpoint.announcement(home.path()))) {
            try {
                announced =
                        JsonMapper.shared()
                                .readTree(Files.readString(Endpoint.announcement(home.path())));
                states = control.get().nodeStates();
                pools = control.get().pools();
                answers = true;
            } catch (IOException | FaultException _) {
                // Says itself below: a region whose API does not answer is not up.
            }
        }
        List<RegionStatus.NodeStatus> nodes = nodes(home, record, states);
        boolean whole = answers && nodes.stream().allMatch(node -> node.state().equals("online"));
        String state = whole ? "up" : record.alive().isEmpty() ? "down" : "partly";
        return new RegionStatus(
                announced.path("apiUrl").asString(""),
                announced.path("caFile").asString(""),
                announced.path("tokenFile").asString(""),
                announced.path("openApi").asString(""),
                nodes,
                state,
                home.path().toString(),
                record.part(RegionRecord.CONTROL).map(part -> part.process().pid()).orElse(0L),
                announced.path("grpcAddress").asString(""),
                pools);
    }

    private static List<RegionStatus.NodeStatus> nodes(
            Home home, RegionRecord record, Map<Long, String> states) {
        var nodes = new ArrayList<RegionStatus.NodeStatus>();
        for (RegionRecord.Part part : record.nodes()) {
            long pid = part.process().pid();
            String state = part.process().alive() ? states.getOrDefault(pid, "unknown") : "gone";
            nodes.add(
                    new RegionStatus.NodeStatus(
                            part.zone(), pid, home.zone(part.zone()).toString(), state));
        }
        return nodes;
    }
}

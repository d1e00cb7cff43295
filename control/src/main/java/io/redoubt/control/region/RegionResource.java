// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.region;

import io.redoubt.control.gateway.GatewayServer;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.workflow.Workflow;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Zones, nodes, and the tokens that let nodes in.
@RestController
class RegionResource {
    private final Region region;
    private final Nodes connected;
    private final Operations operations;
    private final Workflow<RegionWorkflows.AddZone> addZone;
    private final GatewayServer gateway;
    private final CertificateAuthority authority;

    RegionResource(
            Region region,
            Nodes connected,
            Operations operations,
            Workflow<RegionWorkflows.AddZone> addZone,
            GatewayServer gateway,
            CertificateAuthority authority) {
        this.region = region;
        this.connected = connected;
        this.operations = operations;
        this.addZone = addZone;
        this.gateway = gateway;
        this.authority = authority;
    }

    record NewZone(String name) {}

    record NewJoinToken(String zone) {}

    record JoinTokenView(
            String token,
            String zone,
            Instant expiresAt,
            String grpcAddress,
            String caFile,
            String caPem) {}

    record ZoneView(String id, int nodes, int nodesOnline, String state) {}

    record NodeView(
            String id,
            String name,
            String zone,
            String state,
            @Nullable Long pid,
            @Nullable String home,
            @Nullable String replicationAddress,
            @Nullable String bootId,
            @Nullable Instant lastSeenAt) {}

    @GetMapping("/v1/zones")
    Page<ZoneView> listZones() {
        List<Region.Node> all = region.nodes();
        return new Page<>(region.zones().stream().map(zone -> zone(zone, all)).toList(), null);
    }

    @GetMapping("/v1/zones/{zone}")
    ZoneView getZone(@PathVariable String zone) {
        return zone(region.requireZone(zone), region.nodes());
    }

    @PostMapping("/v1/zones")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createZone(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewZone body) {
        caller.requireOperator();
        String zone = Region.zoneName(body.name());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        addZone,
                        zone,
                        new RegionWorkflows.AddZone(zone),
                        _ -> region.addZone(zone)));
    }

    /// The one write without an operation: a secret is shown once and kept nowhere.
    @PostMapping("/v1/join-tokens")
    @ResponseStatus(HttpStatus.CREATED)
    JoinTokenView createJoinToken(@RequestAttribute Caller caller, @RequestBody NewJoinToken body) {
        caller.requireOperator();
        Region.JoinToken token = region.newToken(region.requireZone(body.zone()));
        return new JoinTokenView(
                token.token(),
                token.zone(),
                token.expiresAt(),
                gateway.address(),
                authority.file().toString(),
                authority.pem());
    }

    @GetMapping("/v1/nodes")
    Page<NodeView> listNodes(@RequestAttribute Caller caller) {
        caller.requireOperator();
        return new Page<>(region.nodes().stream().map(this::node).toList(), null);
    }

    @GetMapping("/v1/nodes/{node}")
    NodeView getNode(@RequestAttribute Caller caller, @PathVariable String node) {
        caller.requireOperator();
        return node(region.requireNode(node));
    }

    private ZoneView zone(String zone, List<Region.Node> all) {
        List<Region.Node> here = all.stream().filter(node -> node.zone().equals(zone)).toList();
        int online = (int) here.stream().filter(node -> state(node).equals("online")).count();
        String state = here.isEmpty() ? "empty" : online == 0 ? "unreachable" : "available";
        return new ZoneView(zone, here.size(), online, state);
    }

    private NodeView node(Region.Node node) {
        boolean seen = node.lastSeenAt() != null;
        return new NodeView(
                node.id(),
                node.name(),
                node.zone(),
                state(node),
                seen ? node.pid() : null,
                seen ? node.home() : null,
                seen ? node.replicationAddress() : null,
                seen ? node.bootId() : null,
                node.lastSeenAt());
    }

    private String state(Region.Node node) {
        if (node.lastSeenAt() == null) {
            return "joined";
        }
        return connected.connected(node.id()) && node.heardAt(Instant.now()) ? "online" : "silent";
    }
}

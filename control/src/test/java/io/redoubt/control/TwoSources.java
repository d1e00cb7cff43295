// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.SourcePeer;
import java.util.List;
import java.util.Objects;
import tools.jackson.databind.JsonNode;

/// One group of two machines, each on a node of its own in zone a, with its journal on a node of zone b.
final class TwoSources implements AutoCloseable {
    final TestRegion region = TestRegion.shared();
    final FakeNode one = region.node("a");
    final FakeNode other;
    final FakeNode receiver;
    final String machineOfOne;
    final String machineOfOther;
    final String group;

    /// The first machine is made while its node is alone in the zone.
    TwoSources() throws Exception {
        machineOfOne = region.machine("a");
        other = region.node("a");
        other.makesCuts = false;
        receiver = region.node("b");
        machineOfOther = region.machine("a");
        assertThat(one.machines).containsOnlyKeys(machineOfOne);
        assertThat(other.machines).containsOnlyKeys(machineOfOther);
        group = region.done(protect(TestRegion.unique("group")));
        Api.await("both sources are granted", () -> granted(one) && granted(other));
    }

    Api.Answer protect(String name) {
        return region.post(
                "/v1/protection-groups",
                "{'name': '%s', 'machines': ['%s', '%s'], 'targetZone': 'b', 'intervalSeconds': 1}"
                        .formatted(name, machineOfOne, machineOfOther));
    }

    boolean granted(FakeNode node) {
        return node.standing(group) == GrantHolder.Standing.GRANTED;
    }

    ProtectSource told(FakeNode node) {
        return Objects.requireNonNull(node.sources.get(group)).told();
    }

    List<SourcePeer> peersOf(FakeNode node) {
        return told(node).getPeersList();
    }

    static SourcePeer peer(FakeNode node) {
        return SourcePeer.newBuilder().setNode(node.id).setAddress(node.takesStreamsAt).build();
    }

    void publish(long number) throws Exception {
        receiver.publish(group, number, System.currentTimeMillis(), "");
        Api.await(
                "point " + number + " is known",
                () -> region.get(path() + "/recovery-points/" + number).status() == 200);
    }

    String path() {
        return "/v1/protection-groups/" + group;
    }

    JsonNode get() {
        return region.get(path()).body();
    }

    Api.Answer failover() {
        return region.post("/v1/failovers", "{'group': '%s', 'kind': 'live'}".formatted(group));
    }

    JsonNode failover(String id) {
        return region.get("/v1/failovers/" + id).body();
    }

    @Override
    public void close() {
        one.close();
        other.close();
        receiver.close();
    }
}

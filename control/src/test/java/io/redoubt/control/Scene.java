// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.core.grant.GrantHolder;
import tools.jackson.databind.JsonNode;

/// One protected machine on a node of its own, with its journal on another.
final class Scene implements AutoCloseable {
    final TestRegion region = TestRegion.shared();
    final FakeNode source = region.node("a");
    final FakeNode receiver = region.node("b");
    final String machine;
    final String group;

    Scene() throws Exception {
        machine = region.machine("a");
        String body =
                "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b', 'intervalSeconds': 1}"
                        .formatted(TestRegion.unique("group"), machine);
        group = region.done(region.post("/v1/protection-groups", body));
        Api.await("the source is granted", this::granted);
    }

    boolean granted() {
        return source.standing(group) == GrantHolder.Standing.GRANTED;
    }

    void publish(long... numbers) throws Exception {
        long now = System.currentTimeMillis();
        for (long number : numbers) {
            receiver.publish(
                    group, number, now - 1000 * (numbers[numbers.length - 1] - number), "");
        }
        long last = numbers[numbers.length - 1];
        Api.await(
                "point " + last + " is known",
                () -> region.get(path() + "/recovery-points/" + last).status() == 200);
    }

    String path() {
        return "/v1/protection-groups/" + group;
    }

    JsonNode get() {
        return region.get(path()).body();
    }

    Api.Answer failover(String kind, String point) {
        return region.post(
                "/v1/failovers",
                "{'group': '%s', 'kind': '%s', 'point': '%s'}".formatted(group, kind, point));
    }

    Api.Answer patch(String path, String wish) {
        String body = "{%s}".formatted(wish.replace('\'', '"'));
        return region.api.call("PATCH", path, region.token, null, body);
    }

    @Override
    public void close() {
        source.close();
        receiver.close();
    }
}

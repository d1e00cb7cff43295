// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ProtectedVolume;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Machines join a group and leave it: who is told in which order, what a crash or an absence leaves, and what is refused.
class MembershipTest {
    private final TestRegion region = TestRegion.shared();
    private final FakeNode one = region.node("a");
    private final String machineOfOne = region.machine("a");
    private final FakeNode other = region.node("a");
    private final FakeNode receiver = region.node("b");
    private final String machineOfOther = region.machine("a");
    private final String group = region.group(List.of(machineOfOne));

    MembershipTest() throws Exception {
        other.makesCuts = false;
        Api.await("it is granted", () -> one.standing(group) == GrantHolder.Standing.GRANTED);
    }

    @AfterEach
    void close() {
        one.close();
        other.close();
        receiver.close();
    }

    private String path() {
        return "/v1/protection-groups/" + group;
    }

    private Api.Answer add() {
        return region.post(path() + "/machines", "{'machines': ['%s']}".formatted(machineOfOther));
    }

    private Api.Answer remove(String machine) {
        return region.delete(path() + "/machines/" + machine);
    }

    private List<String> volumesAtReceiver() {
        return volumes(Objects.requireNonNull(receiver.receivers.get(group)).told.getVolumesList());
    }

    private List<String> volumesAt(FakeNode node) {
        FakeNode.Source source = node.sources.get(group);
        return source == null ? List.of() : volumes(source.told().getVolumesList());
    }

    private static List<String> volumes(List<ProtectedVolume> volumes) {
        return volumes.stream().map(ProtectedVolume::getVolume).toList();
    }

    private int peersOf(FakeNode node) {
        return Objects.requireNonNull(node.sources.get(group)).told().getPeersCount();
    }

    private static void requireRunning(TestRegion region, Api.Answer accepted) throws Exception {
        Thread.sleep(1500);
        assertThat(region.get("/v1/operations/" + accepted.text("id")).text("state"))
                .isEqualTo("running");
    }

    @Test
    void who_joins_is_told_after_the_receiver_and_before_its_peers() throws Exception {
        receiver.die();
        other.die();
        Api.Answer accepted = add();
        requireRunning(region, accepted);
        receiver.connect();
        Api.await("the receiver counts it", () -> volumesAtReceiver().size() == 4);
        requireRunning(region, accepted);
        assertThat(peersOf(one)).as("it asks nobody who does not know it").isZero();
        other.connect();
        region.done(accepted);
        assertThat(volumesAt(other)).hasSize(2);
        assertThat(peersOf(one)).isEqualTo(1);
        assertThat(peersOf(other)).isEqualTo(1);
        Api.await("it is granted", () -> other.standing(group) == GrantHolder.Standing.GRANTED);
        JsonNode shown = region.get(path()).body();
        assertThat(shown.path("machines").size()).isEqualTo(2);
        assertThat(shown.path("sourceNodes").size()).isEqualTo(2);
        assertThat(shown.path("volumes").size()).isEqualTo(4);
        region.done(add()); // it is one already
        assertThat(region.get(path()).body().path("volumes").size()).isEqualTo(4);
    }

    @Test
    void who_cannot_join_leaves_nothing_behind_and_may_try_again() throws Exception {
        other.refused = Map.of(Command.CommandCase.PROTECT_SOURCE, "no-room");
        JsonNode fault = region.failed(add());
        assertThat(fault.path("message").asString()).contains("no-room");
        assertThat(other.takesPart(group)).isFalse();
        assertThat(volumesAtReceiver()).hasSize(2);
        assertThat(peersOf(one)).isZero();
        JsonNode shown = region.get(path()).body();
        assertThat(shown.path("machines").size()).isEqualTo(1);
        assertThat(shown.path("sourceNodes").size()).isEqualTo(1);
        other.refused = Map.of();
        region.done(add());
        assertThat(other.takesPart(group)).isTrue();
    }

    @Test
    void a_group_whose_node_does_not_let_go_of_it_holds_up_no_group_of_other_volumes()
            throws Exception {
        String stuck = region.group(List.of(machineOfOther));
        String delete = "/v1/protection-groups/" + stuck + "?evenIfAway=true";
        other.refused = Map.of(Command.CommandCase.UNPROTECT, "not-now");
        assertThat(region.failed(region.delete(delete)).path("message").asString())
                .contains("not-now");
        String third = region.machine("a");
        assertThat(other.machines).containsKey(third);
        assertThat(other.takesPart(region.group(List.of(third)))).isTrue();
        other.refused = Map.of();
        region.done(region.delete(delete));
        assertThat(other.takesPart(stuck)).isFalse();
    }

    @Test
    void a_node_that_does_not_let_a_machine_leave_holds_up_no_group_of_other_volumes()
            throws Exception {
        region.done(add());
        other.refused = Map.of(Command.CommandCase.UNPROTECT, "not-now");
        assertThat(region.failed(remove(machineOfOther)).path("message").asString())
                .contains("not-now");
        String third = region.machine("a");
        assertThat(other.machines).containsKey(third);
        assertThat(other.takesPart(region.group(List.of(third)))).isTrue();
        other.refused = Map.of();
        region.done(remove(machineOfOther));
        assertThat(other.takesPart(group)).isFalse();
    }

    /// What it was told to join may never have reached it, or it lost what it knew.
    @Test
    void a_source_that_knows_nothing_of_an_ended_group_does_not_keep_its_journal()
            throws Exception {
        String ended = region.group(List.of(machineOfOther));
        other.die();
        region.done(region.delete("/v1/protection-groups/" + ended + "?evenIfAway=true"));
        assertThat(receiver.takesPart(ended)).isTrue();
        other.sources.remove(ended);
        other.connect();
        Api.await("the receiver is told", () -> !receiver.takesPart(ended));
    }

    /// Cuts are made by those that stay, and they must not ask for what is gone; its node keeps its grants until it has heard.
    @Test
    void who_leaves_is_told_after_the_receiver_and_the_others() throws Exception {
        region.done(add());
        Api.await("it is granted", () -> other.standing(group) == GrantHolder.Standing.GRANTED);
        one.die();
        Api.Answer accepted = remove(machineOfOther);
        Api.await("the receiver counts it no more", () -> volumesAtReceiver().size() == 2);
        requireRunning(region, accepted);
        Thread.sleep(7000); // longer than a grant
        assertThat(other.standing(group)).isEqualTo(GrantHolder.Standing.GRANTED);
        assertThat(region.get(path()).body().path("machines").size()).isEqualTo(1);
        Api.Answer elsewhere =
                region.post(
                        "/v1/protection-groups",
                        "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                                .formatted(TestRegion.unique("group"), machineOfOther));
        assertThat(elsewhere.text("cause")).isEqualTo("bad-members");
        one.connect();
        region.done(accepted);
        assertThat(other.takesPart(group)).isFalse();
        assertThat(peersOf(one)).isZero();
        region.done(
                region.post(
                        "/v1/protection-groups",
                        "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                                .formatted(TestRegion.unique("group"), machineOfOther)));
    }

    /// A word of before that was carried out late, or a node that was away.
    @Test
    void a_node_that_knows_other_members_is_corrected() throws Exception {
        FakeNode.Source before = Objects.requireNonNull(one.sources.get(group));
        region.done(add());
        one.sources.put(group, before);
        Api.await("it knows its peer again", () -> peersOf(one) == 1);
        FakeNode.Source late = Objects.requireNonNull(other.sources.get(group));
        region.done(remove(machineOfOther));
        other.sources.put(group, late);
        Api.await("it lets go again", () -> !other.takesPart(group));
    }

    /// The word of the leaving is still on its way when another machine of the node joins: it must not end what has begun since.
    @Test
    void a_leaving_that_is_overtaken_by_a_return_ends_nothing() throws Exception {
        String third = machineAt(other);
        region.done(add());
        other.deaf = Command::hasUnprotect;
        Api.Answer leaving = remove(machineOfOther);
        Api.await("it is told to let go", () -> other.heard(Command.CommandCase.UNPROTECT));
        Command late = other.heard.stream().filter(Command::hasUnprotect).findFirst().orElseThrow();
        region.done(region.post(path() + "/machines", "{'machines': ['%s']}".formatted(third)));
        other.deaf = _ -> false;
        other.carryOut(late);
        assertThat(volumesAt(other)).as("only the third machine's").hasSize(2);
        region.done(leaving);
        Thread.sleep(1500); // several reports
        assertThat(other.takesPart(group)).isTrue();
    }

    private String machineAt(FakeNode node) throws Exception {
        String made = region.machine("a");
        while (!node.machines.containsKey(made)) {
            made = region.machine("a");
        }
        return made;
    }

    @Test
    void a_point_is_recovered_with_the_machines_that_it_holds() throws Exception {
        receiver.publish(group, 1, System.currentTimeMillis(), "");
        Api.await("point 1", () -> region.get(path() + "/recovery-points/1").status() == 200);
        region.done(add());
        Api.Answer refused =
                region.post(
                        "/v1/failovers",
                        "{'group': '%s', 'kind': 'live', 'point': '1'}".formatted(group));
        assertThat(refused.text("cause")).isEqualTo("not-in-point");
        assertThat(refused.text("remedy")).contains("group remove");
        String test =
                region.done(
                        region.post(
                                "/v1/failovers",
                                "{'group': '%s', 'kind': 'test', 'point': '1'}".formatted(group)));
        assertThat(region.get("/v1/failovers/" + test).body().path("machines").size()).isEqualTo(1);
        receiver.publish(group, 2, System.currentTimeMillis(), "");
        Api.await("point 2", () -> region.get(path() + "/recovery-points/2").status() == 200);
        refused =
                region.post(
                        "/v1/failovers",
                        "{'group': '%s', 'kind': 'live', 'point': '1'}".formatted(group));
        assertThat(refused.text("remedy")).contains("from number 2 on");
        String live =
                region.done(
                        region.post(
                                "/v1/failovers",
                                "{'group': '%s', 'kind': 'live'}".formatted(group)));
        assertThat(region.get("/v1/failovers/" + live).body().path("machines").size()).isEqualTo(2);
        assertThat(add().text("cause")).isEqualTo("not-now");
        assertThat(remove(machineOfOther).text("cause")).isEqualTo("not-now");
    }

    @Test
    void what_makes_no_group_is_refused() throws Exception {
        Api.Answer last = remove(machineOfOne);
        assertThat(last.status()).isEqualTo(409);
        assertThat(last.text("cause")).isEqualTo("last-member");
        assertThat(remove(machineOfOther).status()).isEqualTo(404);
        assertThat(remove("nobody").status()).isEqualTo(404);
        Api.Answer elsewhere =
                region.post(
                        path() + "/machines",
                        "{'machines': ['%s']}".formatted(region.machine("b")));
        assertThat(elsewhere.text("cause")).isEqualTo("bad-members");
        assertThat(region.post(path() + "/machines", "{'machines': []}").status()).isEqualTo(400);
    }
}

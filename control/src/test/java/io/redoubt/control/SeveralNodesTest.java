// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.ProtectedVolume;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// One group whose machines run on two nodes of a zone.
class SeveralNodesTest {
    @Test
    void each_node_is_told_its_own_volumes_and_where_the_other_one_is() throws Exception {
        try (var scene = new TwoSources()) {
            assertThat(scene.told(scene.one).getSourceNode()).isEqualTo(scene.one.id);
            assertThat(scene.peersOf(scene.one)).containsExactly(TwoSources.peer(scene.other));
            assertThat(scene.peersOf(scene.other)).containsExactly(TwoSources.peer(scene.one));
            List<String> ofOne = volumes(scene.told(scene.one).getVolumesList());
            List<String> ofOther = volumes(scene.told(scene.other).getVolumesList());
            assertThat(ofOne).hasSize(2).isSubsetOf(scene.one.volumes.keySet());
            assertThat(ofOther).hasSize(2).isSubsetOf(scene.other.volumes.keySet());
            Command receiver =
                    scene.receiver.heard.stream()
                            .filter(Command::hasProtectReceiver)
                            .reduce((_, last) -> last)
                            .orElseThrow();
            assertThat(receiver.getProtectReceiver().getSourceNodesList())
                    .containsExactlyInAnyOrder(scene.one.id, scene.other.id);
            assertThat(volumes(receiver.getProtectReceiver().getVolumesList()))
                    .containsExactlyInAnyOrderElementsOf(
                            Stream.concat(ofOne.stream(), ofOther.stream()).toList());
            Api.await(
                    "both have spoken", () -> scene.get().path("bytesBehind").asLong() == 2 * 4096);
            JsonNode sources = scene.get().path("sourceNodes");
            assertThat(sources.valueStream().map(one -> one.path("node").asString()))
                    .containsExactlyInAnyOrder(scene.one.id, scene.other.id);
            assertThat(
                            sources.valueStream()
                                    .filter(one -> one.path("makesCuts").asBoolean())
                                    .map(one -> one.path("name").asString()))
                    .containsExactly(scene.one.name);
        }
    }

    private static List<String> volumes(List<ProtectedVolume> volumes) {
        return volumes.stream().map(ProtectedVolume::getVolume).toList();
    }

    @Test
    void machines_of_two_zones_are_no_group() throws Exception {
        TestRegion region = TestRegion.shared();
        try (FakeNode here = region.node("a");
                FakeNode there = region.node("b")) {
            String one = region.machine("a");
            String other = region.machine("b");
            assertThat(here.machines).containsOnlyKeys(one);
            assertThat(there.machines).containsOnlyKeys(other);
            region.done(
                    region.post("/v1/zones", "{'name': 'c-%s'}".formatted(one.substring(0, 5))));
            Api.Answer refused =
                    region.post(
                            "/v1/protection-groups",
                            "{'name': 'g', 'machines': ['%s', '%s'], 'targetZone': 'c-%s'}"
                                    .formatted(one, other, one.substring(0, 5)));
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.text("cause")).isEqualTo("bad-members");
            assertThat(refused.text("detail")).contains("in zone 'b' and", "in zone 'a'");
            assertThat(refused.text("remedy")).contains("each zone");
        }
    }

    /// Rule 18: degraded, never blocked.
    @Test
    void a_source_that_is_silent_is_named_and_the_other_goes_on() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            Api.await(
                    "it is protected",
                    () -> scene.get().path("state").asString().equals("protected"));
            scene.other.die();
            Api.await(
                    "it is degraded",
                    () -> scene.get().path("state").asString().equals("degraded"));
            assertThat(scene.get().path("reason").asString())
                    .isEqualTo("no word from the source, node " + scene.other.name);
            Thread.sleep(7000); // longer than a grant
            assertThat(scene.granted(scene.one)).isTrue();
            assertThat(scene.granted(scene.other)).isFalse();
            scene.other.connect();
            scene.publish(2);
            Api.await(
                    "it is protected again",
                    () -> scene.get().path("state").asString().equals("protected"));
            Api.await("it is granted again", () -> scene.granted(scene.other));
        }
    }

    @Test
    void a_node_that_comes_back_elsewhere_is_found_by_its_peer_also_by_one_that_was_away()
            throws Exception {
        try (var scene = new TwoSources()) {
            scene.other.die();
            scene.other.takesStreamsAt = "127.0.0.1:22";
            scene.other.connect();
            Api.await(
                    "the peer knows it",
                    () -> scene.peersOf(scene.one).equals(List.of(TwoSources.peer(scene.other))));
            scene.one.die();
            for (FakeNode moved : List.of(scene.other, scene.receiver)) {
                moved.die();
                moved.takesStreamsAt = "127.0.0.1:33";
                moved.connect();
            }
            Api.await(
                    "the other source follows the receiver",
                    () ->
                            scene.told(scene.other)
                                    .getReceiverAddress()
                                    .equals(scene.receiver.takesStreamsAt));
            scene.one.connect();
            Api.await(
                    "whoever was away follows both",
                    () ->
                            scene.told(scene.one)
                                            .getReceiverAddress()
                                            .equals(scene.receiver.takesStreamsAt)
                                    && scene.peersOf(scene.one)
                                            .equals(List.of(TwoSources.peer(scene.other))));
            assertThat(scene.get().path("term").asLong()).isEqualTo(1);
        }
    }

    @Test
    void two_releases_make_a_failover_quick() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            long began = System.nanoTime();
            String id = scene.region.done(scene.failover());
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isLessThan(Duration.ofSeconds(6));
            JsonNode failover = scene.failover(id);
            assertThat(failover.path("sourceReleased").asBoolean()).isTrue();
            assertThat(released(failover))
                    .containsOnly(Map.entry(scene.one.id, true), Map.entry(scene.other.id, true));
            assertThat(failover.path("releasedVseqs").size()).isEqualTo(4);
            assertThat(scene.receiver.machines.get(scene.machineOfOne))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            assertThat(scene.receiver.machines.get(scene.machineOfOther))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            requireFenced(scene, scene.one, scene.machineOfOne);
            requireFenced(scene, scene.other, scene.machineOfOther);
        }
    }

    /// Rules 1 and 2: the one that lives gives its right up at once, the one that is dead costs the expiry of its grants.
    @Test
    void one_release_is_not_enough_and_the_dead_source_is_waited_for() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            scene.other.die();
            long lastGrant = System.nanoTime();
            Api.Answer accepted = scene.failover();
            Api.await(
                    "the living one releases",
                    () -> scene.one.standing(scene.group) == GrantHolder.Standing.HELD);
            assertThat(Duration.ofNanos(System.nanoTime() - lastGrant))
                    .isLessThan(Duration.ofSeconds(4));
            assertThat(scene.receiver.heard(Command.CommandCase.PROMOTE_RECEIVER)).isFalse();
            assertThat(scene.other.standing(scene.group)).isEqualTo(GrantHolder.Standing.GRANTED);
            String id = scene.region.done(accepted);
            assertThat(Duration.ofNanos(System.nanoTime() - lastGrant))
                    .isGreaterThan(Duration.ofSeconds(6));
            assertThat(scene.other.standing(scene.group)).isEqualTo(GrantHolder.Standing.HELD);
            JsonNode failover = scene.failover(id);
            assertThat(failover.path("sourceReleased").asBoolean()).isFalse();
            assertThat(released(failover))
                    .containsOnly(Map.entry(scene.one.id, true), Map.entry(scene.other.id, false));
            assertThat(failover.path("releasedVseqs").size()).isEqualTo(2);
            assertThat(
                            scene.receiver.heard.stream()
                                    .filter(Command::hasPromoteReceiver)
                                    .map(command -> command.getPromoteReceiver())
                                    .allMatch(promote ->
                                            !promote.getSourceReleased()
                                                    && promote.getReleasedVseqsCount() == 2))
                    .isTrue();
            // It is fenced while the other one is away, and the other one when it comes back.
            requireFenced(scene, scene.one, scene.machineOfOne);
            assertThat(scene.other.machines.get(scene.machineOfOther))
                    .isEqualTo(MachineState.MACHINE_RUNNING);
            scene.other.connect();
            requireFenced(scene, scene.other, scene.machineOfOther);
        }
    }

    private static Map<String, Boolean> released(JsonNode failover) {
        return failover.path("sources")
                .valueStream()
                .collect(
                        java.util.stream.Collectors.toMap(
                                one -> one.path("node").asString(),
                                one -> one.path("released").asBoolean()));
    }

    private static void requireFenced(TwoSources scene, FakeNode node, String machine)
            throws Exception {
        Api.await(
                "node " + node.name + " is fenced",
                () -> node.standing(scene.group) == GrantHolder.Standing.FENCED);
        Api.await(
                "its guest is paused",
                () -> node.machines.get(machine) == MachineState.MACHINE_PAUSED);
        Api.await(
                "its volumes are fenced",
                () ->
                        node.volumes.values().stream()
                                .allMatch(volume -> volume.getAttachment().getNumber() == 2));
    }

    @Test
    void a_decision_that_is_taken_back_lets_every_source_write_again() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            scene.receiver.refused = Map.of(Command.CommandCase.OPEN_VIEW, "no-room");
            JsonNode fault = scene.region.failed(scene.failover());
            assertThat(fault.path("message").asString()).contains("no-room");
            scene.receiver.refused = Map.of();
            assertThat(scene.get().path("term").asLong()).isEqualTo(3);
            for (FakeNode node : List.of(scene.one, scene.other)) {
                Api.await(
                        node.name + " writes again under the later term",
                        () ->
                                scene.granted(node)
                                        && scene.told(node).getTerm() == 3
                                        && scene.peersOf(node).size() == 1);
            }
            scene.region.done(scene.failover());
        }
    }

    @Test
    void a_point_is_taken_by_whoever_makes_the_cuts_and_only_by_it() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            scene.one.makesCuts = false;
            scene.other.makesCuts = true;
            scene.other.nextCut.set(500);
            Api.Answer taken =
                    scene.region.post(
                            scene.path() + "/recovery-points", "{'name': 'before-upgrade'}");
            scene.receiver.publish(scene.group, 500, System.currentTimeMillis(), "before-upgrade");
            scene.region.done(taken);
            assertThat(scene.other.nextCut).hasValue(501);
            assertThat(scene.one.nextCut).hasValue(1000);

            scene.other.makesCuts = false; // the receiver has not named another one yet
            Api.Answer later =
                    scene.region.post(scene.path() + "/recovery-points", "{'name': 'later'}");
            Api.await(
                    "both were asked",
                    () ->
                            Stream.of(scene.one, scene.other)
                                    .allMatch(node ->
                                            node.heard.stream()
                                                    .anyMatch(command ->
                                                            command.getTakePoint()
                                                                    .getName()
                                                                    .equals("later"))));
            scene.one.makesCuts = true;
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "later");
            scene.region.done(later);
            assertThat(scene.one.nextCut).hasValue(1001);
        }
    }

    /// Whoever heard the order and did not answer may have cut: it is asked again, and no other one in its place.
    @Test
    void a_source_that_does_not_answer_is_not_overtaken_by_another() throws Exception {
        try (var scene = new TwoSources()) {
            scene.publish(1);
            scene.one.deaf = Command::hasTakePoint;
            Api.await(
                    "the coordinator is known",
                    () ->
                            scene.get()
                                    .path("sourceNodes")
                                    .valueStream()
                                    .anyMatch(one -> one.path("makesCuts").asBoolean()));
            Api.Answer taken =
                    scene.region.post(scene.path() + "/recovery-points", "{'name': 'once'}");
            Api.await("the order", () -> scene.one.heard(Command.CommandCase.TAKE_POINT));
            scene.one.deaf = _ -> false; // it hears the repetition
            scene.receiver.publish(scene.group, 1000, System.currentTimeMillis(), "once");
            scene.region.done(taken);
            assertThat(scene.other.heard(Command.CommandCase.TAKE_POINT)).isFalse();
        }
    }

    @Test
    void a_group_is_deleted_at_every_source_also_when_one_comes_back_later() throws Exception {
        try (var scene = new TwoSources()) {
            scene.other.die();
            Api.Answer accepted = scene.region.delete(scene.path());
            Api.await("the one that is there is free", () -> scene.one.sources.isEmpty());
            assertThat(scene.get().path("state").asString()).isEqualTo("deleting");
            assertThat(scene.receiver.receivers).isNotEmpty();
            assertThat(scene.other.sources).isNotEmpty();
            scene.other.connect();
            scene.region.done(accepted);
            assertThat(scene.other.sources).isEmpty();
            assertThat(scene.receiver.receivers).isEmpty();
            assertThat(scene.region.get(scene.path()).status()).isEqualTo(404);
            scene.region.done(scene.protect(TestRegion.unique("again")));
        }
    }

    @Test
    void a_group_that_one_source_refuses_leaves_nothing_behind_at_any() throws Exception {
        try (var scene = new TwoSources()) {
            scene.region.done(scene.region.delete(scene.path()));
            for (FakeNode refusing : List.of(scene.one, scene.other)) {
                refusing.refused = Map.of(Command.CommandCase.PROTECT_SOURCE, "too-many-groups");
                Api.Answer accepted = scene.protect(TestRegion.unique("group"));
                assertThat(scene.region.failed(accepted).path("cause").asString())
                        .isEqualTo("refused");
                refusing.refused = Map.of();
                assertThat(scene.one.sources).isEmpty();
                assertThat(scene.other.sources).isEmpty();
                assertThat(scene.receiver.receivers).isEmpty();
            }
            scene.region.done(scene.protect(TestRegion.unique("group")));
        }
    }

    /// It has heard of the group, not of its end: its guests' writes would be held for ever.
    @Test
    void a_source_that_is_away_when_the_making_is_undone_is_told_when_it_comes_back()
            throws Exception {
        try (var scene = new TwoSources()) {
            scene.region.done(scene.region.delete(scene.path()));
            boolean order = scene.one.name.compareTo(scene.other.name) < 0; // they are told by name
            FakeNode first = order ? scene.one : scene.other;
            FakeNode second = order ? scene.other : scene.one;
            first.deaf = command -> diesOf(first, command);
            second.refused = Map.of(Command.CommandCase.PROTECT_SOURCE, "too-many-groups");
            var _ = scene.region.failed(scene.protect(TestRegion.unique("group")));
            assertThat(first.sources).hasSize(1);
            assertThat(scene.receiver.receivers).as("it still grants").hasSize(1);
            first.deaf = _ -> false;
            second.refused = Map.of();
            first.connect();
            Api.await("it lets go", () -> first.sources.isEmpty());
            Api.await("the journal goes after it", () -> scene.receiver.receivers.isEmpty());
            scene.region.done(scene.protect(TestRegion.unique("group")));
        }
    }

    private static boolean diesOf(FakeNode node, Command command) {
        if (command.hasUnprotect()) {
            node.die();
        }
        return command.hasUnprotect();
    }

    /// The database may be an old backup: what it has never heard of is not its to end.
    @Test
    void a_group_that_nobody_knows_is_left_alone_and_one_that_ended_is_ended_again()
            throws Exception {
        try (var scene = new TwoSources()) {
            FakeNode.Source late = scene.one.sources.get(scene.group);
            FakeNode.Receiver journal = scene.receiver.receivers.get(scene.group);
            scene.region.done(scene.region.delete(scene.path()));
            String unknown = TestRegion.unique("unknown");
            scene.one.sources.put(unknown, late);
            scene.receiver.receivers.put(unknown, journal);
            scene.one.sources.put(scene.group, late); // a word of before that was slow
            Api.await("it lets go again", () -> !scene.one.takesPart(scene.group));
            assertThat(scene.one.takesPart(unknown)).isTrue();
            assertThat(scene.receiver.takesPart(unknown)).isTrue();
        }
    }
}

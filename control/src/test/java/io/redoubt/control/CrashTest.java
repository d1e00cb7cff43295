// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.MachineState;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// The real process, killed; the real database, killed.
class CrashTest {
    private final Path base = TestRegion.newHome();
    private final Path home = base.resolve("home");
    private final ControlProcess control = ControlProcess.startedBefore(home);

    CrashTest() throws Exception {}

    /// The control plane is killed while a dead source's grants run, that is before the point of no return, with view and machine
    /// prepared. Its restart waits for what the earlier life may have granted, and finishes.
    @Test
    void a_failover_whose_control_plane_is_killed_is_finished_after_the_restart() throws Exception {
        int grpcPort = ControlProcess.freePort();
        Process process = control.start(grpcPort);
        FakeNode source = null;
        FakeNode receiver = null;
        try {
            var first = control.new Client();
            source = first.node("a", grpcPort);
            receiver = first.node("b", grpcPort);
            FakeNode before = source;
            FakeNode after = receiver;
            String machine = first.machine("m");
            String group = first.group(machine);
            Api.await("a grant", () -> before.standing(group) == GrantHolder.Standing.GRANTED);
            after.publish(group, 1, System.currentTimeMillis(), "");
            Api.await(
                    "the point",
                    () ->
                            first.get("/v1/protection-groups/" + group + "/recovery-points/1")
                                            .status()
                                    == 200);
            before.die();
            Api.Answer accepted =
                    first.post(
                            "/v1/failovers",
                            "{\"group\":\"%s\",\"kind\":\"live\"}".formatted(group));
            assertThat(accepted.status()).isEqualTo(202);
            Api.await(
                    "the machine is prepared",
                    () -> after.machines.get(machine) == MachineState.MACHINE_PAUSED);
            process.destroyForcibly().waitFor();
            assertThat(after.heard(Command.CommandCase.PROMOTE_RECEIVER)).isFalse();
            Files.deleteIfExists(home.resolve("control.json"));

            process = control.start(grpcPort);
            var second = control.new Client();
            after.die();
            after.connect();
            Api.await(
                    "the failover is finished",
                    () ->
                            second.get("/v1/operations/" + accepted.text("id"))
                                    .text("state")
                                    .equals("succeeded"));
            assertThat(after.machines.get(machine)).isEqualTo(MachineState.MACHINE_RUNNING);
            assertThat(second.get("/v1/machines/" + machine).text("zone")).isEqualTo("b");
            JsonNode rto =
                    second.get("/v1/failovers/" + accepted.text("target")).body().path("rto");
            assertThat(rto.path("grantsMillis").asLong()).isGreaterThan(6000);
            first.api.close();
            second.api.close();
        } finally {
            if (source != null) {
                source.close();
            }
            if (receiver != null) {
                receiver.close();
            }
            ControlProcess.stop(process);
            TestRegion.delete(base);
        }
    }

    /// Of two sources one is dead, the other has released: that is known after the restart without asking it again, and it alone is not
    /// enough then either.
    @Test
    void a_release_that_was_heard_before_the_kill_counts_after_the_restart_and_no_other_does()
            throws Exception {
        int grpcPort = ControlProcess.freePort();
        Process process = control.start(grpcPort);
        try (var nodes = new Nodes(grpcPort)) {
            nodes.other.die();
            long lastGrant = System.nanoTime();
            Api.Answer accepted = nodes.failover();
            Api.await(
                    "the living source has released",
                    () ->
                            nodes.client
                                    .get("/v1/failovers/" + accepted.text("target"))
                                    .body()
                                    .path("sources")
                                    .valueStream()
                                    .anyMatch(source -> source.path("released").asBoolean()));
            process.destroyForcibly().waitFor();
            assertThat(nodes.receiver.heard(Command.CommandCase.PROMOTE_RECEIVER)).isFalse();
            Files.deleteIfExists(home.resolve("control.json"));
            process = control.start(grpcPort);
            nodes.one.die(); // it is asked nothing any more
            JsonNode failover = nodes.finish(accepted);
            assertThat(Duration.ofNanos(System.nanoTime() - lastGrant))
                    .isGreaterThan(Duration.ofSeconds(7));
            assertThat(failover.path("sourceReleased").asBoolean()).isFalse();
            assertThat(failover.path("sources").valueStream())
                    .allMatch(source ->
                            source.path("released").asBoolean()
                                    == source.path("node").asString().equals(nodes.one.id));
            assertThat(failover.path("releasedVseqs").size()).isEqualTo(1);
            nodes.one.connect();
            nodes.other.connect();
            for (FakeNode source : List.of(nodes.one, nodes.other)) {
                Api.await(
                        "it is fenced",
                        () -> source.standing(nodes.group) == GrantHolder.Standing.FENCED);
            }
        } finally {
            ControlProcess.stop(process);
            TestRegion.delete(base);
        }
    }

    /// The decision is past the point of no return: nothing has to expire any more, although this life may have granted just now.
    @Test
    @Tag("long") // of its kind, with one source, in EveryStepTest
    void two_releases_count_after_the_restart_without_a_wait() throws Exception {
        int grpcPort = ControlProcess.freePort();
        Process process = control.start(grpcPort);
        try (var nodes = new Nodes(grpcPort)) {
            nodes.receiver.deaf = Command::hasPromoteReceiver;
            Api.Answer accepted = nodes.failover();
            Api.await(
                    "both have released, and the receiver is told",
                    () -> nodes.receiver.heard(Command.CommandCase.PROMOTE_RECEIVER));
            process.destroyForcibly().waitFor();
            nodes.receiver.deaf = _ -> false;
            Files.deleteIfExists(home.resolve("control.json"));
            process = control.start(grpcPort);
            JsonNode failover = nodes.finish(accepted);
            assertThat(failover.path("sourceReleased").asBoolean()).isTrue();
            assertThat(nodes.receiver.heard.stream().filter(Command::hasPromoteReceiver))
                    .hasSizeGreaterThan(1)
                    .allMatch(command ->
                            command.getPromoteReceiver().getSourceReleased()
                                    && command.getPromoteReceiver().getReleasedVseqsCount() == 2);
        } finally {
            ControlProcess.stop(process);
            TestRegion.delete(base);
        }
    }

    /// The machines are down, the last cut is made and not published, nothing is decided: the restarted control plane makes no second cut and
    /// asks no machine twice, and nothing is lost.
    @Test
    @Tag("long") // the move's other moments in EveryStepTest
    void a_move_whose_control_plane_is_killed_goes_on_where_it_stood() throws Exception {
        int grpcPort = ControlProcess.freePort();
        Process process = control.start(grpcPort);
        try (var nodes = new Nodes(grpcPort)) {
            Api.await("it is protected", () -> nodes.protectedNow(nodes.client));
            nodes.other.makesCuts = false;
            Api.Answer accepted = nodes.failover("move");
            Api.await("the last cut", () -> nodes.one.heard(Command.CommandCase.TAKE_POINT));
            Api.await(
                    "it is waited for",
                    () ->
                            nodes.client
                                    .get("/v1/operations/" + accepted.text("id"))
                                    .body()
                                    .path("steps")
                                    .get(2)
                                    .path("state")
                                    .asString()
                                    .equals("running"));
            process.destroyForcibly().waitFor();
            assertThat(nodes.one.heard(Command.CommandCase.RELEASE_SOURCE)).isFalse();
            Files.deleteIfExists(home.resolve("control.json"));
            process = control.start(grpcPort);
            nodes.receiver.publish(nodes.group, 1000, System.currentTimeMillis(), "");
            nodes.one.die();
            nodes.one.connect();
            nodes.other.die();
            nodes.other.connect();
            JsonNode moved = nodes.finish(accepted);
            assertThat(moved.path("rpoSeconds").asDouble()).isZero();
            assertThat(moved.path("point").path("number").asLong()).isEqualTo(1000);
            assertThat(moved.path("machines").valueStream())
                    .hasSize(2)
                    .allMatch(machine -> machine.path("stopped").asString().equals("guest"));
            assertThat(nodes.one.heard.stream().filter(Command::hasTakePoint)).hasSize(1);
            assertThat(nodes.one.heard.stream().filter(Command::hasStopMachine)).hasSize(1);
        } finally {
            ControlProcess.stop(process);
            TestRegion.delete(base);
        }
    }

    /// The group is gone for its user while a source of it is away; another life of the control plane knows whom it still has to tell.
    @Test
    void a_source_that_was_away_when_its_group_ended_is_told_after_the_restart() throws Exception {
        int grpcPort = ControlProcess.freePort();
        Process process = control.start(grpcPort);
        try (var nodes = new Nodes(grpcPort)) {
            String path = "/v1/protection-groups/" + nodes.group;
            nodes.other.die();
            nodes.client.done(nodes.client.delete(path + "?evenIfAway=true"));
            assertThat(nodes.client.get(path).status()).isEqualTo(404);
            assertThat(nodes.one.takesPart(nodes.group)).isFalse();
            assertThat(nodes.other.takesPart(nodes.group)).isTrue();
            process.destroyForcibly().waitFor();
            Files.deleteIfExists(home.resolve("control.json"));
            process = control.start(grpcPort);
            nodes.receiver.die();
            nodes.receiver.connect();
            nodes.one.die();
            nodes.one.connect();
            Thread.sleep(2000); // several reports
            assertThat(nodes.receiver.takesPart(nodes.group)).as("it still grants").isTrue();
            nodes.other.connect();
            Api.await("it is told", () -> !nodes.other.takesPart(nodes.group));
            Api.await("so is the receiver", () -> !nodes.receiver.takesPart(nodes.group));
        } finally {
            ControlProcess.stop(process);
            TestRegion.delete(base);
        }
    }

    /// Two sources and a receiver of the real process, with a group and a point.
    private final class Nodes implements AutoCloseable {
        final ControlProcess.Client client = control.new Client();
        final FakeNode one;
        final FakeNode other;
        final FakeNode receiver;
        final String group;

        Nodes(int grpcPort) throws Exception {
            one = client.node("a", grpcPort);
            String machine = client.machine("m1");
            other = client.join("a", "node-a2", grpcPort);
            receiver = client.node("b", grpcPort);
            String second = client.machine("m2");
            assertThat(other.machines).containsOnlyKeys(second);
            group = client.group(machine, second);
            for (FakeNode source : List.of(one, other)) {
                Api.await("a grant", () -> source.standing(group) == GrantHolder.Standing.GRANTED);
            }
            receiver.publish(group, 1, System.currentTimeMillis(), "");
            Api.await(
                    "the point",
                    () ->
                            client.get("/v1/protection-groups/" + group + "/recovery-points/1")
                                            .status()
                                    == 200);
        }

        Api.Answer failover() {
            return failover("live");
        }

        Api.Answer failover(String kind) {
            return client.post(
                    "/v1/failovers", "{\"group\":\"%s\",\"kind\":\"%s\"}".formatted(group, kind));
        }

        boolean protectedNow(ControlProcess.Client asked) {
            return asked.get("/v1/protection-groups/" + group).text("state").equals("protected");
        }

        /// @return the failover, when the operation has ended under the restarted control plane
        JsonNode finish(Api.Answer accepted) throws Exception {
            var second = control.new Client();
            receiver.die();
            receiver.connect();
            Api.await(
                    "the failover is finished",
                    () ->
                            second.get("/v1/operations/" + accepted.text("id"))
                                    .text("state")
                                    .equals("succeeded"));
            return second.get("/v1/failovers/" + accepted.text("target")).body();
        }

        @Override
        public void close() {
            one.close();
            other.close();
            receiver.close();
            client.api.close();
        }
    }

    @Test
    void a_killed_database_is_a_503_with_a_remedy_and_comes_back_by_itself() throws Exception {
        TestRegion region = TestRegion.shared();
        TestRegion.delete(base);
        try (FakeNode node = region.node("a")) {
            String datastore = region.datastore("a");
            ProcessHandle.of(region.plane.postgres().pid()).orElseThrow().destroyForcibly();
            boolean away = false;
            for (int i = 0; i < 200 && !away; i++) {
                Api.Answer answer = region.get("/v1/datastores/" + datastore);
                away = answer.status() == 503;
                if (away) {
                    assertThat(answer.contentType()).isEqualTo("application/problem+json");
                    assertThat(answer.text("cause")).isEqualTo("database-away");
                    assertThat(answer.text("remedy")).contains("started again by itself");
                }
            }
            assertThat(away).as("a request during the gap was refused").isTrue();
            Api.await(
                    "it is back", () -> region.get("/v1/datastores/" + datastore).status() == 200);
            assertThat(node.volumes).containsKey(region.volume(datastore));
        }
    }

    @Test
    void a_second_control_plane_in_the_same_home_is_refused() throws Exception {
        TestRegion region = TestRegion.shared();
        TestRegion.delete(base);
        Process second = ControlProcess.run(region.base.resolve("home"), "--http-port=0");
        String said =
                new String(
                        second.getErrorStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
        assertThat(said).contains("another control plane runs in", "redoubt down");
    }

    @Test
    void a_port_in_use_is_named_before_anything_is_touched() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path untouched = base.resolve("untouched");
            Process process = ControlProcess.run(untouched, "--grpc-port=" + taken.getLocalPort());
            String said =
                    new String(
                            process.getErrorStream().readAllBytes(),
                            java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(said).contains("port " + taken.getLocalPort() + " for the nodes is in use");
            assertThat(untouched).doesNotExist();
        } finally {
            TestRegion.delete(base);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder.Standing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/// Rules 3 and 4: the real control plane over a real database that is older than what it decided. The database is copied while it is down and
/// put back later; the nodes know what happened in between. It is stopped and started in this JVM: nothing of one life is left to the next but its
/// home, and no case waits for a process to load its classes.
@Timeout(240)
class RestoreTest {
    private final Path base = TestRegion.newHome();
    private final Path home = base.resolve("home");
    private final ControlProcess control = ControlProcess.startedBefore(home);
    private final int port = ControlProcess.freePort();
    private ControlPlane plane;
    private ControlProcess.Client client;
    private final FakeNode source;
    private final FakeNode receiver;
    private final String machine;
    private final String group;

    RestoreTest() throws Exception {
        plane = start();
        client = control.new Client();
        source = client.node("a", port);
        receiver = client.node("b", port);
        machine = client.machine("m");
        group = client.group(machine);
        Api.await("a grant", () -> source.standing(group) == Standing.GRANTED);
        receiver.publish(group, 1, System.currentTimeMillis(), "");
        Api.await(
                "the point",
                () ->
                        client.get("/v1/protection-groups/" + group + "/recovery-points/1").status()
                                == 200);
    }

    @AfterEach
    void end() throws Exception {
        source.close();
        receiver.close();
        client.api.close();
        plane.close();
        TestRegion.delete(base);
    }

    private void down() throws Exception {
        source.die();
        receiver.die();
        client.api.close();
        plane.close();
    }

    private void up() throws Exception {
        plane = start();
        client = control.new Client();
    }

    private ControlPlane start() throws IOException {
        return ControlPlane.start(new ControlSettings(home, "127.0.0.1", 0, port, "nobody"));
    }

    /// The database alone: the number outside of it stays.
    private Path database() {
        return home.resolve("postgres");
    }

    private JsonNode group() {
        return client.get("/v1/protection-groups/" + group).body();
    }

    private void failOver() throws Exception {
        client.done(
                client.post(
                        "/v1/failovers", "{\"group\":\"%s\",\"kind\":\"live\"}".formatted(group)));
    }

    /// The old database knows nothing of a live failover: it grants nothing beside the promoted side, and takes the failover over, so that it can be
    /// rolled back as if it had been decided here.
    @Test
    void a_failover_that_the_database_does_not_know_is_taken_over_and_nothing_is_granted_beside_it()
            throws Exception {
        down();
        ControlProcess.copy(database(), base.resolve("backup"));
        up();
        source.connect();
        receiver.connect();
        Api.await("it is granted again", () -> source.standing(group) == Standing.GRANTED);
        source.die(); // it hears of no decision, so nothing but the control plane keeps it from
        // writing
        failOver();
        long term = group().path("term").asLong();
        down();
        ControlProcess.copy(base.resolve("backup"), database());
        up();
        assertThat(group().path("term").asLong()).isLessThan(term);
        source.connect();
        Thread.sleep(2500);
        assertThat(source.standing(group)).isNotEqualTo(Standing.GRANTED);
        assertThat(client.get("/v1/control-plane").body().path("unconfirmed").toString())
                .contains(group);

        receiver.connect();
        Api.await("it is known", () -> group().path("state").asString().equals("failed-over"));
        assertThat(group().path("term").asLong()).isEqualTo(term);
        Api.await("the old side is fenced", () -> source.standing(group) == Standing.FENCED);
        JsonNode taken = client.get("/v1/failovers").body().path("items").get(0);
        assertThat(taken.path("state").asString()).isEqualTo("active");
        assertThat(taken.path("rpoSeconds").isNull())
                .as("nobody knows when it was decided")
                .isTrue();
        assertThat(taken.path("point").path("number").asLong()).isEqualTo(1);
        assertThat(client.get("/v1/machines/" + machine).text("zone")).isEqualTo("b");

        client.done(
                client.post("/v1/failovers/" + taken.path("id").asString() + "/rollback", "{}"));
        Api.await("it writes again", () -> source.standing(group) == Standing.GRANTED);
        assertThat(client.get("/v1/machines/" + machine).text("zone")).isEqualTo("a");
        assertThat(receiver.views).isEmpty();
    }

    /// A machine left, and came back after the backup: the database knows only the leaving, and its node goes on replicating all the same.
    @Test
    void a_node_that_came_back_to_a_group_after_the_backup_goes_on_replicating() throws Exception {
        try (FakeNode other = client.join("a", "node-a2", port)) {
            other.makesCuts = false;
            String more = client.machine("n");
            assertThat(other.machines).containsOnlyKeys(more);
            change(more, true);
            change(more, false);
            down();
            other.die();
            ControlProcess.copy(database(), base.resolve("backup"));
            up();
            source.connect();
            receiver.connect();
            other.connect();
            change(more, true);
            assertThat(other.takesPart(group)).isTrue();
            down();
            other.die();
            ControlProcess.copy(base.resolve("backup"), database());
            up();
            source.connect();
            receiver.connect();
            other.connect();
            Api.await(
                    "it is known that it came back",
                    () ->
                            client.get("/v1/control-plane")
                                    .body()
                                    .path("returned")
                                    .toString()
                                    .contains(other.id));
            Thread.sleep(2000); // several reports
            assertThat(other.takesPart(group)).isTrue();
            Api.Answer refused = client.post(members(), "{\"machines\":[\"%s\"]}".formatted(more));
            assertThat(refused.text("cause")).isEqualTo("newer-members");
            client.done(client.delete("/v1/protection-groups/" + group));
            Api.await("its end is told whatever came since", () -> !other.takesPart(group));
        }
    }

    private String members() {
        return "/v1/protection-groups/" + group + "/machines";
    }

    private void change(String member, boolean joins) throws Exception {
        client.done(
                joins
                        ? client.post(members(), "{\"machines\":[\"%s\"]}".formatted(member))
                        : client.delete(members() + "/" + member));
    }

    /// The number outside is lost, too: no node hears this control plane until a person has said that the other one is over.
    @Test
    void a_control_plane_on_another_host_is_obeyed_only_after_a_recorded_word() throws Exception {
        down();
        ControlProcess.copy(database(), base.resolve("backup"));
        Path number = home.resolve("incarnation");
        byte[] then = Files.readAllBytes(number);
        up();
        source.connect();
        receiver.connect();
        Api.await("it is granted again", () -> source.standing(group) == Standing.GRANTED);
        down();
        ControlProcess.copy(base.resolve("backup"), database());
        Files.write(number, then);
        up();
        assertThat(takeOver("the old host is off, seen in the rack").status()).isEqualTo(409);
        source.connect();
        receiver.connect();
        Api.await(
                "it is rivalled",
                () -> client.get("/v1/control-plane").body().path("rivalled").asBoolean(false));
        Api.await(
                "what the life before granted is over",
                () -> source.standing(group) != Standing.GRANTED);
        Thread.sleep(1000);
        assertThat(source.standing(group)).isNotEqualTo(Standing.GRANTED);
        assertThat(takeOver("yes").status()).isEqualTo(400);
        assertThat(takeOver("the old host is off, seen in the rack").status()).isEqualTo(200);
        source.die();
        receiver.die();
        source.connect();
        receiver.connect();
        Api.await("it is granted again", () -> source.standing(group) == Standing.GRANTED);
        assertThat(client.get("/v1/control-plane").body().path("rivalled").asBoolean(true))
                .isFalse();
    }

    private Api.Answer takeOver(String word) {
        return client.post(
                "/v1/control-plane/take-over", "{\"controlIsOff\":\"%s\"}".formatted(word));
    }

    /// What a person decided at the receiver's node while there was no control plane.
    @Test
    void a_promotion_made_without_a_control_plane_is_taken_over_with_its_word() throws Exception {
        String disk =
                client.get("/v1/machines/" + machine)
                        .body()
                        .path("disks")
                        .get(0)
                        .path("id")
                        .asString();
        down();
        receiver.breakGlass(group, disk, 1_000_001, "the control plane burnt down with its rack");
        up();
        receiver.connect();
        source.connect();
        Api.await("it is known", () -> group().path("state").asString().equals("failed-over"));
        Api.await("the old side is fenced", () -> source.standing(group) == Standing.FENCED);
        JsonNode words =
                client.get("/v1/protection-groups/" + group + "/words").body().path("items");
        assertThat(words).hasSize(1);
        assertThat(words.get(0).path("word").asString()).contains("burnt down");
        assertThat(words.get(0).path("saidBy").asString()).contains(receiver.id);
    }

    /// A decision that came to nothing is ended under a later term, and the source goes on.
    @Test
    void a_decision_without_a_promotion_is_ended() throws Exception {
        down();
        Objects.requireNonNull(receiver.receivers.get(group)).grantor.stop(9);
        up();
        receiver.connect();
        source.connect();
        Api.await("it goes on", () -> group().path("term").asLong() == 10);
        Api.await("it is granted", () -> source.standing(group) == Standing.GRANTED);
        assertThat(group().path("state").asString()).isNotEqualTo("failed-over");
    }

    /// A new boot of the source needs the receiver; when that is lost for good, a person says so.
    @Test
    void a_new_boot_beside_a_lost_receiver_is_granted_to_after_a_recorded_word() throws Exception {
        down();
        up();
        source.bootId = "another boot";
        source.forgetGrants(group);
        source.connect();
        Thread.sleep(2000);
        assertThat(source.standing(group)).isEqualTo(Standing.HELD);
        String path = "/v1/protection-groups/" + group + "/receiver-lost";
        assertThat(client.post(path, "{\"word\":\"gone\"}").status()).isEqualTo(400);
        Api.await(
                "the receiver is silent",
                () ->
                        client.post(path, "{\"word\":\"its disks are broken, all of them\"}")
                                        .status()
                                == 200);
        Api.await("it is granted", () -> source.standing(group) == Standing.GRANTED);
    }
}

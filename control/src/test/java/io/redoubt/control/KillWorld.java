// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.TakePoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A control plane of its own process with two played nodes in zone a and one in zone b, and many groups on them at a time.
final class KillWorld implements AutoCloseable {
    private static final Pattern TEXT = Pattern.compile("\"([^\"]+)\"");

    private final Path base = TestRegion.newHome();
    private final Path home = base.resolve("home");
    private final ControlProcess control = ControlProcess.startedBefore(home);
    private final int grpcPort = ControlProcess.freePort();
    private final Map<String, KillScene> owners = new ConcurrentHashMap<>(); // by ids in commands
    private Process process;
    private ControlProcess.Client client;
    private KillTraps traps;
    private final String store;
    private final String secondStore;

    /// Has the first machine of each group.
    final FakeNode source;

    /// Has the second machines, and makes no cuts.
    final FakeNode second;

    final FakeNode receiver;

    KillWorld() throws Exception {
        process = control.start(grpcPort);
        client = control.new Client();
        source = client.node("a", grpcPort);
        store = datastore("store");
        second = client.join("a", "second", grpcPort);
        second.makesCuts = false;
        secondStore = datastore("second-store");
        receiver = client.node("b", grpcPort);
        traps = new KillTraps(home);
        traps.make();
        for (FakeNode node : nodes()) {
            node.deaf =
                    command ->
                            owner(command)
                                    .filter(scene -> scene.isUnheard(node.name, command))
                                    .isPresent();
            node.mute =
                    command ->
                            owner(command).filter(scene -> scene.isUnanswered(command)).isPresent();
            node.cuts = this::publish;
            node.reportsEvery = 4;
            node.hydrates = HydrationState.HYDRATION_COMPLETE;
        }
    }

    List<FakeNode> nodes() {
        return List.of(source, second, receiver);
    }

    KillTraps traps() {
        return traps;
    }

    /// Commands about it are its own.
    void own(KillScene scene) {
        for (String id : List.of(scene.group, scene.failover)) {
            if (!id.isEmpty()) {
                owners.put(id, scene);
            }
        }
    }

    /// What is left in the database of what failovers of its group made.
    List<String> copies(KillScene scene) {
        return traps.copies(scene.group);
    }

    private String datastore(String name) throws Exception {
        return done(
                ask(
                        "POST",
                        "/v1/datastores",
                        "{'name': '%s', 'zone': 'a', 'sizeBytes': 21474836480}".formatted(name)));
    }

    // ---- what is asked for

    JsonNode get(String path) {
        return ask("GET", path, "").body();
    }

    int status(String path) {
        return ask("GET", path, "").status();
    }

    /// @param body JSON with single quotes, or empty for none
    Api.Answer ask(String method, String path, String body) {
        return ask(method, path, body, null);
    }

    Api.Answer ask(String method, String path, String body, @Nullable String key) {
        String sent = body.isEmpty() ? null : body.replace('\'', '"');
        String repeatable = key == null ? UUID.randomUUID().toString() : key;
        while (true) {
            Api.Answer answer = client.api.call(method, path, client.token, repeatable, sent);
            if (answer.status() != 503) {
                return answer;
            }
            pause(); // as its remedy says
        }
    }

    private static void pause() {
        try {
            Thread.sleep(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// Waits for the operation's end.
    JsonNode ended(Api.Answer accepted) throws Exception {
        assertThat(accepted.status()).as(accepted.body().toString()).isEqualTo(202);
        var last = new JsonNode[] {accepted.body()};
        Api.await(
                "the end of %s, which is %s".formatted(accepted.text("kind"), last[0]),
                () -> {
                    last[0] = get("/v1/operations/" + accepted.text("id") + "?waitSeconds=5");
                    return !last[0].path("endedAt").isNull();
                });
        return last[0];
    }

    /// @return the id of what it made
    String done(Api.Answer accepted) throws Exception {
        JsonNode ended = ended(accepted);
        assertThat(ended.path("state").asString()).as(ended.toString()).isEqualTo("succeeded");
        return ended.path("target").asString();
    }

    // ---- what is there before

    /// A running machine of one disk.
    void machine(KillScene scene) throws Exception {
        traps.watch(scene.name("group"), scene.wish);
        scene.machine = machine(scene, "machine", store);
        assertThat(source.machines).containsKey(scene.machine);
    }

    /// A second one at the second node.
    void secondMachine(KillScene scene) throws Exception {
        scene.secondMachine = machine(scene, "second", secondStore);
        assertThat(second.machines).containsKey(scene.secondMachine);
    }

    private String machine(KillScene scene, String name, String datastore) throws Exception {
        String volume =
                done(
                        ask(
                                "POST",
                                "/v1/volumes",
                                "{'name': '%s', 'datastore': '%s', 'sizeBytes': 67108864}"
                                        .formatted(scene.name("disk-of-" + name), datastore)));
        String machine =
                done(
                        ask(
                                "POST",
                                "/v1/machines",
                                "{'name': '%s', 'zone': 'a', 'memoryBytes': 67108864, 'vcpus': 1, 'disks': ['%s']}"
                                        .formatted(scene.name(name), volume)));
        for (String id : List.of(volume, machine)) {
            owners.put(id, scene);
            traps.watch(id, scene.wish);
        }
        return machine;
    }

    Api.Answer askForGroup(KillScene scene, @Nullable String key) {
        return ask(
                "POST",
                "/v1/protection-groups",
                "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                        .formatted(scene.name("group"), scene.machine),
                key);
    }

    /// A group of the first machine, with a point.
    void protect(KillScene scene) throws Exception {
        machine(scene);
        scene.group = done(askForGroup(scene, null));
        own(scene);
        publish(scene);
    }

    /// Of both machines.
    void protectBoth(KillScene scene) throws Exception {
        protect(scene);
        secondMachine(scene);
        done(askForMember(scene, null));
        publish(scene);
    }

    Api.Answer askForMember(KillScene scene, @Nullable String key) {
        return ask(
                "POST",
                scene.path() + "/machines",
                "{'machines': ['%s']}".formatted(scene.secondMachine),
                key);
    }

    /// A point of the group as it is now.
    void publish(KillScene scene) throws Exception {
        Api.await("a grant", () -> granted(source, scene));
        long number = numberOfNext(scene);
        receiver.publish(scene.group, number, System.currentTimeMillis(), "");
        Api.await("the point", () -> status(scene.path() + "/recovery-points/" + number) == 200);
        Api.await(
                "it is protected",
                () -> get(scene.path()).path("state").asString().equals("protected"));
    }

    private long numberOfNext(KillScene scene) {
        var points = Objects.requireNonNull(receiver.receivers.get(scene.group)).points;
        synchronized (points) {
            return points.isEmpty() ? 1 : points.lastKey() + 1;
        }
    }

    /// A cut that the source has made is published, unless its order has a point already.
    private void publish(TakePoint cut, long number) {
        FakeNode.Receiver journal = Objects.requireNonNull(receiver.receivers.get(cut.getGroup()));
        synchronized (journal.points) {
            if (journal.points.values().stream()
                    .anyMatch(point -> point.getOrder().equals(cut.getOrder()))) {
                return;
            }
            Map<String, Long> held = new HashMap<>();
            journal.told.getVolumesList().forEach(v -> held.put(v.getVolume(), source.written));
            journal.points.put(
                    number,
                    Point.newBuilder()
                            .setNumber(number)
                            .setOrder(cut.getOrder())
                            .putAllVseqs(held)
                            .setStampMillis(System.currentTimeMillis())
                            .setPublishedAtMillis(System.currentTimeMillis())
                            .build());
        }
    }

    Api.Answer askForFailover(KillScene scene, String kind, @Nullable String key) {
        return ask(
                "POST",
                "/v1/failovers",
                "{'group': '%s', 'kind': '%s'}".formatted(scene.group, kind),
                key);
    }

    /// One that has ended.
    void failOver(KillScene scene, String kind) throws Exception {
        scene.failover = done(askForFailover(scene, kind, null));
    }

    Api.Answer askOfFailover(KillScene scene, String what, @Nullable String key) {
        return ask("POST", "/v1/failovers/" + scene.failover + "/" + what, "{}", key);
    }

    /// Failed over live, its old side fenced.
    void protectedAndFailedOver(KillScene scene) throws Exception {
        protect(scene);
        failOver(scene, "live");
        Api.await("the old side is fenced", () -> !KillFinding.runs(source, scene.machine));
    }

    void committed(KillScene scene) throws Exception {
        protectedAndFailedOver(scene);
        done(askOfFailover(scene, "commit", null));
    }

    Api.Answer askToReverse(KillScene scene, @Nullable String key) {
        return ask("POST", scene.path() + "/reverse", "{}", key);
    }

    static boolean granted(FakeNode node, KillScene scene) {
        FakeNode.Source source = node.sources.get(scene.group);
        return source != null
                && source.holder().standing(System.nanoTime()) == GrantHolder.Standing.GRANTED;
    }

    // ---- the kill

    void set(KillScene scene) {
        KillMoment moment = scene.moment;
        if (moment instanceof KillMoment.Unrecorded unrecorded) {
            traps.set(scene.number, scene.wish, unrecorded);
        } else if (moment instanceof KillMoment.Unwritten unwritten) {
            traps.set(scene.number, scene.wish, unwritten);
        } else if (moment instanceof KillMoment.Told told
                && told.kind() == Command.CommandCase.RELEASE_SOURCE) {
            // It is waited for two seconds only: nothing goes on behind it before the kill.
            for (String step : List.of("ask-release", "require-releases")) {
                for (var change : List.of(KillMoment.Change.DONE, KillMoment.Change.FAILED)) {
                    traps.set(scene.number, scene.wish, new KillMoment.Unrecorded(step, change));
                }
            }
        }
    }

    /// SIGKILL, and a new life on the same home. The nodes come back as they stand.
    void killAndRestart() throws Exception {
        process.destroyForcibly().waitFor();
        client.api.close();
        traps.close();
        owners.clear();
        Files.deleteIfExists(home.resolve("control.json"));
        process = control.start(grpcPort);
        client = control.new Client();
        traps = new KillTraps(home);
        traps.clear();
        for (FakeNode node : nodes()) {
            node.die();
            node.connect();
        }
    }

    /// Operations that have not ended.
    List<String> running() {
        return get("/v1/operations?limit=500")
                .path("items")
                .valueStream()
                .filter(operation -> operation.path("endedAt").isNull())
                .map(JsonNode::toString)
                .toList();
    }

    /// By the ids in it. What a view is made of belongs to its group's scene, too.
    private Optional<KillScene> owner(Command command) {
        Optional<KillScene> found =
                TEXT.matcher(command.toString())
                        .results()
                        .map(match -> owners.get(match.group(1)))
                        .filter(Objects::nonNull)
                        .findFirst();
        if (found.isPresent() && command.hasOpenView()) {
            owners.put(command.getOpenView().getView(), found.get());
            command.getOpenView()
                    .getVolumesList()
                    .forEach(volume -> {
                        owners.put(volume.getViewVolume(), found.get());
                        owners.put(volume.getHolder(), found.get());
                    });
        }
        return found;
    }

    @Override
    public void close() {
        nodes().forEach(FakeNode::close);
        client.api.close();
        traps.close();
        try {
            ControlProcess.stop(process);
            TestRegion.delete(base);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

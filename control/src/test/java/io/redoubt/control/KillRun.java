// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Command.CommandCase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.databind.JsonNode;

/// Operations begun, held each at a moment of its own, killed with their control plane, and what became of each.
final class KillRun {
    /// Operations that stand at their moments when a kill comes.
    private static final int AT_ONCE_MAX = 30;

    /// Scenes that are prepared or looked at, at the same time.
    private static final int HANDS = 6;

    /// A control plane is away for longer than a move waits for what was released; then it is taken back. Any other operation that fails, and that
    /// no node refused, has met a step that cannot be done twice.
    private static final Set<String> TOO_LATE = Set.of("not-released");

    private final KillWorld world;
    private final boolean refused;
    private final Map<KillScene, String> wrong = new ConcurrentHashMap<>();
    private long numbers;

    /// @param refused a node refuses each operation, until it has ended
    KillRun(KillWorld world, boolean refused) {
        this.world = world;
        this.refused = refused;
    }

    private KillScene scene(KillMoment moment) {
        return new KillScene(++numbers, moment);
    }

    /// Every moment of an operation: carries it out once without a kill, and looks what it records, tells and writes.
    List<KillMoment> momentsOf(KillAct act) throws Exception {
        var model = new KillScene(++numbers, null);
        act.prepare(world, model);
        refuse(List.of(act));
        begin(act, model);
        JsonNode ended = world.ended(Objects.requireNonNull(model.accepted));
        refuse(List.of());
        var moments = new ArrayList<KillMoment>(recordsOf(ended));
        for (KillMoment.Told told : model.heard()) {
            moments.add(new KillMoment.Told(told.node(), told.kind(), told.nth(), false));
            moments.add(told);
        }
        List<String> written = world.traps().written(model.wish);
        for (int n = 0; n < written.size(); n++) {
            moments.add(new KillMoment.Unwritten(written.get(n), n + 1));
        }
        finish(act, model, ended);
        return moments;
    }

    /// Of a step that was taken back, whether it had been done is not to be seen any more.
    private List<KillMoment> recordsOf(JsonNode ended) {
        var moments = new ArrayList<KillMoment>();
        for (JsonNode step : ended.path("steps")) {
            String name = step.path("name").asString();
            String state = step.path("state").asString();
            if (!state.equals("waiting")) {
                moments.add(new KillMoment.Unrecorded(name, KillMoment.Change.RUNNING));
                moments.add(
                        new KillMoment.Unrecorded(
                                name,
                                state.equals("undone")
                                        ? KillMoment.Change.UNDONE
                                        : KillMoment.Change.DONE));
            }
        }
        if (refused) {
            moments.add(new KillMoment.Unrecorded("", KillMoment.Change.UNDOING));
        }
        moments.add(
                new KillMoment.Unrecorded(
                        "", refused ? KillMoment.Change.FAILED : KillMoment.Change.SUCCEEDED));
        return moments;
    }

    /// One kill for each thirty of them.
    void through(KillAct act, List<KillMoment> moments) throws Exception {
        for (int from = 0; from < moments.size(); from += AT_ONCE_MAX) {
            var scenes = new LinkedHashMap<KillScene, KillAct>();
            moments.subList(from, Math.min(moments.size(), from + AT_ONCE_MAX))
                    .forEach(moment -> scenes.put(scene(moment), act));
            through(scenes);
        }
    }

    /// One kill for all of them.
    void through(Map<KillScene, KillAct> scenes) throws Exception {
        long began = System.nanoTime();
        each(scenes, (scene, act) -> act.prepare(world, scene));
        requireNothingWrong();
        Set<KillAct> acts = Set.copyOf(scenes.values());
        refuse(refused ? acts : Set.of());
        long prepared = System.nanoTime();
        try (var finding = new KillFinding(world, List.copyOf(scenes.keySet()))) {
            scenes.keySet().forEach(world::set);
            each(scenes, this::begin);
            requireNothingWrong();
            List<KillScene> early = awaitMoments(scenes.keySet());
            long met = System.nanoTime();
            world.killAndRestart();
            long alive = System.nanoTime();
            Map<KillScene, JsonNode> ends = new ConcurrentHashMap<>();
            each(
                    scenes,
                    (scene, _) ->
                            ends.put(scene, world.ended(Objects.requireNonNull(scene.accepted))));
            long ended = System.nanoTime();
            refuse(Set.of());
            each(
                    scenes,
                    (scene, act) -> {
                        if (ends.containsKey(scene)) {
                            finish(act, scene, ends.get(scene));
                        }
                        assertThat(finding.of(scene)).isEmpty();
                    });
            scenes.forEach((scene, act) ->
                    System.out.printf(
                            "%-15s %-62s %s%s%s%n",
                            act,
                            scene,
                            ends.containsKey(scene)
                                    ? ends.get(scene).path("state").asString()
                                    : "hangs",
                            early.contains(scene) ? ", its moment did not come" : "",
                            wrong.containsKey(scene) ? ", WRONG" : ""));
            System.out.printf(
                    "%d at once: prepared in %d ms, at their moments in %d, alive again in %d, ended in %d, all seen in %d%n",
                    scenes.size(),
                    (prepared - began) / 1_000_000,
                    (met - prepared) / 1_000_000,
                    (alive - met) / 1_000_000,
                    (ended - alive) / 1_000_000,
                    (System.nanoTime() - ended) / 1_000_000);
            // A node that reports what it was told to leave is told again, once more or less.
            assertThat(early)
                    .as("moments that did not come")
                    .hasSizeLessThan(1 + scenes.size() / 10);
        }
        requireNothingWrong();
        assertThat(world.running()).as("operations that have not ended").isEmpty();
    }

    private void begin(KillAct act, KillScene scene) throws Exception {
        begin(scene, act);
    }

    private void begin(KillScene scene, KillAct act) throws Exception {
        scene.begin();
        Api.Answer accepted = act.ask(world, scene, scene.wish);
        assertThat(accepted.status()).as(accepted.body().toString()).isEqualTo(202);
        act.began(world, scene, accepted);
    }

    /// @return those whose operation ended without
    private List<KillScene> awaitMoments(Set<KillScene> scenes) throws Exception {
        var waiting = new ArrayList<>(scenes);
        var early = new ArrayList<KillScene>();
        long until = System.nanoTime() + Api.PATIENCE.toNanos();
        while (true) {
            Set<Long> met = world.traps().met();
            waiting.removeIf(scene -> scene.met || met.contains(scene.number));
            for (KillScene scene : List.copyOf(waiting)) {
                String operation = Objects.requireNonNull(scene.accepted).text("id");
                JsonNode now = world.get("/v1/operations/" + operation);
                if (!now.path("endedAt").isNull()) {
                    waiting.remove(scene);
                    early.add(scene);
                } else {
                    assertThat(System.nanoTime())
                            .as("%s does not come, of %s", scene, now)
                            .isLessThan(until);
                }
            }
            if (waiting.isEmpty()) {
                return early;
            }
            Thread.sleep(20);
        }
    }

    /// It ended in success, or in a named refusal that left all as it was; then a second try succeeds. What comes next works, too.
    private void finish(KillAct act, KillScene scene, JsonNode ended) throws Exception {
        if (ended.path("state").asString().equals("failed")) {
            JsonNode fault = ended.path("fault");
            for (String part : List.of("cause", "message", "remedy")) {
                assertThat(fault.path(part).asString("")).as("the fault's " + part).isNotEmpty();
            }
            assertThat(refused || TOO_LATE.contains(fault.path("cause").asString()))
                    .as("fails for nobody's refusal: %s", fault)
                    .isTrue();
            act.requireTakenBack(world, scene);
            scene.end();
            Api.Answer again = act.ask(world, scene, scene.wish + "-again");
            act.began(world, scene, again);
            world.done(again);
        } else {
            assertThat(refused).as("a refused operation succeeds").isFalse();
        }
        act.requireDone(world, scene);
        act.tidyUp(world, scene);
    }

    private void refuse(Iterable<KillAct> acts) {
        world.nodes().forEach(node -> node.refused = Map.of());
        if (refused) {
            var refusals = new LinkedHashMap<FakeNode, Map<CommandCase, String>>();
            for (KillAct act : acts) {
                refusals.computeIfAbsent(act.refuser(world), _ -> new LinkedHashMap<>())
                        .put(act.refusable, "not-now");
            }
            refusals.forEach((node, cases) -> node.refused = Map.copyOf(cases));
        }
    }

    private interface Deed {
        void with(KillScene scene, KillAct act) throws Exception;
    }

    /// All at once; what goes wrong with one keeps no other from its own.
    private void each(Map<KillScene, KillAct> scenes, Deed deed) throws Exception {
        try (var threads = Executors.newFixedThreadPool(HANDS)) {
            Map<KillScene, Future<?>> done = new LinkedHashMap<>();
            scenes.forEach((scene, act) ->
                    done.put(
                            scene,
                            threads.submit(() -> {
                                deed.with(scene, act);
                                return null;
                            })));
            for (var entry : done.entrySet()) {
                try {
                    entry.getValue().get();
                } catch (java.util.concurrent.ExecutionException e) {
                    String what = String.valueOf(e.getCause());
                    wrong.merge(entry.getKey(), what, (before, now) -> before + "\n" + now);
                }
            }
        }
    }

    private void requireNothingWrong() {
        assertThat(wrong).isEmpty();
    }
}

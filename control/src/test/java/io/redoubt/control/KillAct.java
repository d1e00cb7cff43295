// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.Command.CommandCase;
import io.redoubt.protocol.OpenView;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;

/// Every operation of recovery that takes steps: what stands before it, how it is asked for, and how the world looks when it was done, or was taken
/// back.
enum KillAct {
    CREATE(CommandCase.PROTECT_SOURCE) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.machine(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askForGroup(scene, key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            assertThat(world.receiver.takesPart(scene.group)).isTrue();
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireGone(world, scene);
        }
    },

    DELETE(CommandCase.UNPROTECT) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protectBoth(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.ask("DELETE", scene.path(), "", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireGone(world, scene);
            assertThat(KillFinding.runs(world.source, scene.machine)).isTrue();
            assertThat(KillFinding.runs(world.second, scene.secondMachine)).isTrue();
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) {
            // On its way out it stays.
            assertThat(state(world, scene)).isEqualTo("deleting");
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            scene.group = world.done(world.askForGroup(scene, null)); // its machines are free
            super.tidyUp(world, scene);
        }
    },

    ADD(CommandCase.PROTECT_SOURCE) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protect(scene);
            world.secondMachine(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askForMember(scene, key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            Api.await("the second one is granted", () -> KillWorld.granted(world.second, scene));
            requireMembers(world, scene, 2);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            assertThat(world.second.takesPart(scene.group)).isFalse();
            requireMembers(world, scene, 1);
        }
    },

    REMOVE(CommandCase.PROTECT_RECEIVER) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protectBoth(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.ask("DELETE", scene.path() + "/machines/" + scene.secondMachine, "", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            assertThat(world.second.takesPart(scene.group)).isFalse();
            assertThat(KillFinding.runs(world.second, scene.secondMachine)).isTrue();
            requireMembers(world, scene, 1);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            // It stays leaving until it is asked for again.
            requireHome(world, scene);
            assertThat(KillFinding.runs(world.second, scene.secondMachine)).isTrue();
        }
    },

    TEST(CommandCase.ENSURE_MACHINE) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protect(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askForFailover(scene, "test", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            OpenView view = requireView(world, scene);
            String copy = view.getVolumes(0).getHolder();
            assertThat(copy).isNotEqualTo(scene.machine);
            assertThat(KillFinding.runs(world.receiver, copy)).isTrue();
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("active");
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireNoView(world, scene);
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            world.done(world.ask("DELETE", "/v1/failovers/" + scene.failover, ""));
            super.tidyUp(world, scene);
        }
    },

    TEAR_DOWN(CommandCase.CLOSE_VIEW) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protect(scene);
            world.failOver(scene, "test");
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.ask("DELETE", "/v1/failovers/" + scene.failover, "", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireNoView(world, scene);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireView(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("active");
        }
    },

    LIVE(CommandCase.ENSURE_MACHINE) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protect(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askForFailover(scene, "live", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("active");
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireNoView(world, scene);
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            world.done(world.askOfFailover(scene, "rollback", null));
            requireHome(world, scene);
            super.tidyUp(world, scene);
        }
    },

    MOVE(CommandCase.LIST_POINTS) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protect(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) throws Exception {
            return world.askForFailover(scene, "move", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            JsonNode moved = failover(world, scene);
            assertThat(moved.path("rpoSeconds").asDouble(1)).as("nothing is lost").isZero();
            assertThat(moved.path("state").asString()).isEqualTo("active");
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireNoView(world, scene);
            world.publish(scene); // the next one begins when it is in step only
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            world.done(world.askOfFailover(scene, "commit", null));
            super.tidyUp(world, scene);
        }
    },

    ROLLBACK(CommandCase.RELEASE_SOURCE) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protectedAndFailedOver(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askOfFailover(scene, "rollback", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireHome(world, scene);
            requireNoView(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("rolled-back");
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("active");
        }
    },

    COMMIT(CommandCase.COMMIT_RECEIVER) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.protectedAndFailedOver(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askOfFailover(scene, "commit", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("committed");
            assertThat(journal(world.receiver, scene).journal.committed).isEqualTo(1);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(failover(world, scene).path("state").asString()).isEqualTo("active");
        }
    },

    REVERSE(CommandCase.PROTECT_RECEIVER) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.committed(scene);
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.askToReverse(scene, key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireReversed(world, scene);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(world.get(scene.path() + "/reversal").path("state").asString())
                    .isEqualTo("refused");
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            Api.await("it comes off the old journal", () -> nothingCopied(world, scene));
            super.tidyUp(world, scene);
        }
    },

    GIVE_UP(CommandCase.DROP_JOURNAL) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.committed(scene);
            world.source.refused = Map.of(CommandCase.PROTECT_RECEIVER, "cannot-adopt");
            JsonNode refused = world.ended(world.askToReverse(scene, null));
            assertThat(refused.path("state").asString()).isEqualTo("failed");
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.ask("DELETE", scene.path() + "/reversal", "", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(world.status(scene.path() + "/reversal")).isEqualTo(404);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireThere(world, scene);
            assertThat(world.get(scene.path() + "/reversal").path("state").asString())
                    .isEqualTo("refused");
        }

        @Override
        void tidyUp(KillWorld world, KillScene scene) throws Exception {
            world.done(world.askToReverse(scene, null)); // it begins anew
            requireReversed(world, scene);
            Api.await("it comes off the old journal", () -> nothingCopied(world, scene));
            super.tidyUp(world, scene);
        }
    },

    FORGET_JOURNALS(CommandCase.DROP_JOURNAL) {
        @Override
        void prepare(KillWorld world, KillScene scene) throws Exception {
            world.committed(scene);
            world.done(world.askToReverse(scene, null));
            Api.await("it comes off the old journal", () -> nothingCopied(world, scene));
        }

        @Override
        Api.Answer ask(KillWorld world, KillScene scene, String key) {
            return world.ask("DELETE", scene.path() + "/former-journals", "", key);
        }

        @Override
        void requireDone(KillWorld world, KillScene scene) throws Exception {
            requireReversed(world, scene);
            assertThat(former(world, scene)).isZero();
            assertThat(world.receiver.receivers).doesNotContainKey(scene.group);
        }

        @Override
        void requireTakenBack(KillWorld world, KillScene scene) throws Exception {
            requireReversed(world, scene);
            assertThat(former(world, scene)).isEqualTo(1);
        }
    };

    /// What a node answers with a refusal when the operation is to be taken back.
    final CommandCase refusable;

    KillAct(CommandCase refusable) {
        this.refusable = refusable;
    }

    /// The node that refuses it.
    FakeNode refuser(KillWorld world) {
        return switch (this) {
            case CREATE, DELETE, ROLLBACK, REVERSE, GIVE_UP -> world.source;
            case ADD -> world.second;
            case REMOVE, TEST, TEAR_DOWN, LIVE, MOVE, COMMIT, FORGET_JOURNALS -> world.receiver;
        };
    }

    abstract void prepare(KillWorld world, KillScene scene) throws Exception;

    /// @param key its idempotency key
    abstract Api.Answer ask(KillWorld world, KillScene scene, String key) throws Exception;

    abstract void requireDone(KillWorld world, KillScene scene) throws Exception;

    abstract void requireTakenBack(KillWorld world, KillScene scene) throws Exception;

    /// What comes next works, too; in the end nothing is left of the group.
    void tidyUp(KillWorld world, KillScene scene) throws Exception {
        world.done(world.ask("DELETE", scene.path(), ""));
        requireGone(world, scene);
    }

    /// The operation's target, as soon as it was asked for.
    void began(KillWorld world, KillScene scene, Api.Answer accepted) {
        scene.accepted = accepted;
        switch (this) {
            case CREATE -> scene.group = accepted.text("target");
            case TEST, LIVE, MOVE -> scene.failover = accepted.text("target");
            default -> {}
        }
        world.own(scene);
    }

    private static String state(KillWorld world, KillScene scene) {
        return world.get(scene.path()).path("state").asString();
    }

    private static JsonNode failover(KillWorld world, KillScene scene) {
        return world.get("/v1/failovers/" + scene.failover);
    }

    private static FakeNode.Receiver journal(FakeNode node, KillScene scene) {
        return Objects.requireNonNull(node.receivers.get(scene.group));
    }

    /// The machine runs in zone a alone, and that writes.
    private static void requireHome(KillWorld world, KillScene scene) throws Exception {
        Api.await("zone a is granted", () -> KillWorld.granted(world.source, scene));
        Api.await("it runs in zone a", () -> KillFinding.runs(world.source, scene.machine));
        assertThat(world.receiver.machines).doesNotContainKey(scene.machine);
        assertThat(journal(world.receiver, scene).grantor.promoted()).isFalse();
        assertThat(world.get("/v1/machines/" + scene.machine).path("zone").asString())
                .isEqualTo("a");
        assertThat(state(world, scene)).isIn("protected", "syncing", "degraded");
    }

    /// The machine runs in zone b alone, and that writes.
    private static void requireThere(KillWorld world, KillScene scene) throws Exception {
        Api.await("it runs in zone b", () -> KillFinding.runs(world.receiver, scene.machine));
        Api.await("not in zone a", () -> !KillFinding.runs(world.source, scene.machine));
        assertThat(journal(world.receiver, scene).grantor.promoted()).isTrue();
        FakeNode.Source old = world.source.sources.get(scene.group);
        Api.await(
                "zone a is fenced",
                () ->
                        old == null
                                || world.source.standing(scene.group)
                                        == GrantHolder.Standing.FENCED);
        assertThat(world.get("/v1/machines/" + scene.machine).path("zone").asString())
                .isEqualTo("b");
        assertThat(state(world, scene)).isEqualTo("failed-over");
        assertThat(
                        world.receiver.heard.stream()
                                .filter(Command::hasRollBackReceiver)
                                .map(Command::getRollBackReceiver)
                                .filter(told -> told.getGroup().equals(scene.group)))
                .as("a promotion that was taken back")
                .allMatch(told -> told.getPreview());
    }

    private static void requireReversed(KillWorld world, KillScene scene) throws Exception {
        Api.await("zone b is granted", () -> KillWorld.granted(world.receiver, scene));
        assertThat(KillFinding.runs(world.receiver, scene.machine)).isTrue();
        assertThat(world.source.machines).doesNotContainKey(scene.machine);
        assertThat(world.source.sources).doesNotContainKey(scene.group);
        assertThat(journal(world.source, scene).grantor.promoted()).isFalse();
        JsonNode group = world.get(scene.path());
        assertThat(group.path("sourceZone").asString()).isEqualTo("b");
        assertThat(group.path("receiverNode").asString()).isEqualTo(world.source.id);
        assertThat(group.path("state").asString()).isIn("protected", "syncing", "degraded");
    }

    private static OpenView requireView(KillWorld world, KillScene scene) {
        return world.receiver.views.values().stream()
                .filter(view -> view.getGroup().equals(scene.group))
                .reduce((one, other) -> {
                    throw new AssertionError("two views: " + one + other);
                })
                .orElseThrow();
    }

    /// Nor what runs on it, nor a name that it took.
    private static void requireNoView(KillWorld world, KillScene scene) {
        assertThat(world.receiver.views.values())
                .noneMatch(view -> view.getGroup().equals(scene.group));
        assertThat(world.copies(scene)).as("copies and volumes in the database").isEmpty();
    }

    private static void requireMembers(KillWorld world, KillScene scene, int members)
            throws Exception {
        assertThat(world.get(scene.path()).path("machines").size()).isEqualTo(members);
        Api.await(
                "the receiver counts %d".formatted(members),
                () -> journal(world.receiver, scene).told.getVolumesCount() == members);
        Api.await(
                "the source knows its %d peers".formatted(members - 1),
                () ->
                        Objects.requireNonNull(world.source.sources.get(scene.group))
                                        .told()
                                        .getPeersCount()
                                == members - 1);
    }

    private static void requireGone(KillWorld world, KillScene scene) throws Exception {
        assertThat(world.status(scene.path())).isEqualTo(404);
        for (FakeNode node : world.nodes()) {
            Api.await("%s is told".formatted(node.name), () -> !node.takesPart(scene.group));
        }
    }

    private static int former(KillWorld world, KillScene scene) {
        return world.get(scene.path() + "/former-journals").path("items").size();
    }

    private static boolean nothingCopied(KillWorld world, KillScene scene) {
        return world.get(scene.path())
                .path("volumes")
                .valueStream()
                .allMatch(each ->
                        world.get("/v1/volumes/" + each.path("volume").asString())
                                .path("view")
                                .isNull());
    }
}

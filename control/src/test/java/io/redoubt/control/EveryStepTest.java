// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static io.redoubt.control.KillAct.ADD;
import static io.redoubt.control.KillAct.COMMIT;
import static io.redoubt.control.KillAct.CREATE;
import static io.redoubt.control.KillAct.DELETE;
import static io.redoubt.control.KillAct.GIVE_UP;
import static io.redoubt.control.KillAct.LIVE;
import static io.redoubt.control.KillAct.MOVE;
import static io.redoubt.control.KillAct.REMOVE;
import static io.redoubt.control.KillAct.REVERSE;
import static io.redoubt.control.KillAct.ROLLBACK;
import static io.redoubt.control.KillAct.TEAR_DOWN;
import static io.redoubt.control.KillAct.TEST;
import static io.redoubt.protocol.Command.CommandCase.CLOSE_VIEW;
import static io.redoubt.protocol.Command.CommandCase.COMMIT_RECEIVER;
import static io.redoubt.protocol.Command.CommandCase.DROP_JOURNAL;
import static io.redoubt.protocol.Command.CommandCase.ENSURE_MACHINE;
import static io.redoubt.protocol.Command.CommandCase.PROMOTE_RECEIVER;
import static io.redoubt.protocol.Command.CommandCase.PROTECT_RECEIVER;
import static io.redoubt.protocol.Command.CommandCase.PROTECT_SOURCE;
import static io.redoubt.protocol.Command.CommandCase.ROLL_BACK_RECEIVER;
import static io.redoubt.protocol.Command.CommandCase.STOP_MACHINE;
import static io.redoubt.protocol.Command.CommandCase.TAKE_POINT;
import static io.redoubt.protocol.Command.CommandCase.UNPROTECT;

import io.redoubt.protocol.Command.CommandCase;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The control plane's real process, killed with SIGKILL at every step of every operation of recovery (I34).
class EveryStepTest {
    @ParameterizedTest
    @EnumSource(KillAct.class)
    @Tag("long")
    void an_operation_goes_on_to_its_end_whenever_its_control_plane_is_killed(KillAct act)
            throws Exception {
        everyMomentOf(act, false);
    }

    @ParameterizedTest
    @EnumSource(KillAct.class)
    @Tag("long")
    void a_refused_operation_leaves_all_as_it_was_whenever_its_control_plane_is_killed(KillAct act)
            throws Exception {
        everyMomentOf(act, true);
    }

    /// Of each operation the moments around its points of no return, in one life and one kill.
    @Test
    void what_cannot_be_taken_back_is_finished_and_all_else_is_taken_up_after_a_kill()
            throws Exception {
        try (var world = new KillWorld()) {
            var scenes = new LinkedHashMap<KillScene, KillAct>();
            MOST_DANGEROUS.forEach((act, moments) ->
                    moments.forEach(
                            moment -> scenes.put(new KillScene(scenes.size(), moment), act)));
            new KillRun(world, false).through(scenes);
        }
    }

    private static final Map<KillAct, List<KillMoment>> MOST_DANGEROUS =
            new EnumMap<>(
                    Map.ofEntries(
                            Map.entry(CREATE, List.of(unrecorded("connect-sources"))),
                            Map.entry(DELETE, List.of(unanswered("node-a", UNPROTECT))),
                            Map.entry(
                                    ADD,
                                    List.of(
                                            unrecorded("tell-receiver"),
                                            unanswered("second", PROTECT_SOURCE))),
                            Map.entry(REMOVE, List.of(unanswered("second", UNPROTECT))),
                            Map.entry(TEST, List.of(unanswered("node-b", ENSURE_MACHINE))),
                            Map.entry(TEAR_DOWN, List.of(unanswered("node-b", CLOSE_VIEW))),
                            Map.entry(
                                    LIVE,
                                    List.of(
                                            unheard("node-b", PROMOTE_RECEIVER),
                                            unanswered("node-b", PROMOTE_RECEIVER))),
                            Map.entry(
                                    MOVE,
                                    List.of(
                                            unanswered("node-a", STOP_MACHINE),
                                            unanswered("node-a", TAKE_POINT),
                                            unheard("node-b", PROMOTE_RECEIVER))),
                            Map.entry(
                                    ROLLBACK,
                                    List.of(
                                            unheard("node-b", ROLL_BACK_RECEIVER),
                                            unheard("node-a", PROTECT_SOURCE))),
                            Map.entry(COMMIT, List.of(unanswered("node-b", COMMIT_RECEIVER))),
                            Map.entry(
                                    REVERSE,
                                    List.of(
                                            unanswered("node-a", PROTECT_RECEIVER),
                                            unheard("node-b", PROTECT_SOURCE))),
                            Map.entry(GIVE_UP, List.of(unanswered("node-a", DROP_JOURNAL)))));

    /// The step has done what it does, and nobody knows.
    private static KillMoment unrecorded(String step) {
        return new KillMoment.Unrecorded(step, KillMoment.Change.DONE);
    }

    private static KillMoment unheard(String node, CommandCase kind) {
        return new KillMoment.Told(node, kind, 1, false);
    }

    private static KillMoment unanswered(String node, CommandCase kind) {
        return new KillMoment.Told(node, kind, 1, true);
    }

    private static void everyMomentOf(KillAct act, boolean refused) throws Exception {
        try (var world = new KillWorld()) {
            var run = new KillRun(world, refused);
            List<KillMoment> moments = run.momentsOf(act);
            run.through(act, moments);
        }
    }
}

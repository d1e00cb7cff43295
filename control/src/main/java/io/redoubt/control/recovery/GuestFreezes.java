// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.ThawGuests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.springframework.stereotype.Component;

/// The guests of a group, frozen on all of their nodes around one cut (rule 21).
///
/// The cut is ordered after each node has said that its guests are frozen, and each is told to thaw after the answer that the cut is made; then it
/// says whether they were frozen without a break. So no clock is needed, and nothing is believed but what was said in this order to this process:
/// a freeze has an id of its own, which nobody asks for a second time. Whoever dies in between, each node thaws by itself when its lease is over.
@Component
class GuestFreezes {
    /// Until a cut is made that began with frozen guests; then they are thawed, whatever comes.
    static final Duration CUT_MAX = Duration.ofSeconds(5);

    private static final Duration ANSWER_MAX = Duration.ofSeconds(2);
    private static final Duration THAW_MAX = Duration.ofSeconds(8);
    private static final String NOT_YET =
            "whether it was frozen until the cut is made is not known yet";

    private final Nodes nodes;
    private final Machines machines;

    GuestFreezes(Nodes nodes, Machines machines) {
        this.nodes = nodes;
        this.machines = machines;
    }

    /// @param machines by node
    /// @param failures why a machine is not frozen, by machine
    record Frozen(String id, Map<String, List<String>> machines, Map<String, String> failures) {
        /// What the point says until the truth is known.
        List<FreezeFailure> beforeTheCut() {
            var said = new TreeMap<String, String>();
            machines.values().forEach(all -> all.forEach(machine -> said.put(machine, NOT_YET)));
            said.putAll(failures);
            return told(said);
        }
    }

    /// Asks all nodes at once; one that does not answer costs no more than the time that was given.
    ///
    /// @param id never used before
    Frozen freeze(Group group, String id, Duration within) {
        Map<String, String> failures = new ConcurrentHashMap<>();
        var byNode = new TreeMap<String, List<String>>();
        for (String machine : group.machines()) {
            Optional<Machine> found = machines.find(machine);
            if (found.isPresent()) {
                byNode.computeIfAbsent(found.get().node(), _ -> new ArrayList<>()).add(machine);
            } else {
                failures.put(machine, "it is gone");
            }
        }
        together(
                byNode,
                failures,
                (node, asked) ->
                        nodes.ask(
                                        node,
                                        Command.newBuilder()
                                                .setFreezeGuests(
                                                        FreezeGuests.newBuilder()
                                                                .setId(id)
                                                                .addAllMachines(asked)
                                                                .setWithinMillis(
                                                                        (int) within.toMillis())
                                                                .setLeaseMillis(
                                                                        (int)
                                                                                within.plus(CUT_MAX)
                                                                                        .plus(
                                                                                                ANSWER_MAX)
                                                                                        .plus(
                                                                                                ANSWER_MAX)
                                                                                        .toMillis())),
                                        within.plus(ANSWER_MAX))
                                .getGuestsFrozen()
                                .getFailuresList());
        return new Frozen(id, byNode, Map.copyOf(failures));
    }

    /// Also those that were not frozen, or did not say so.
    ///
    /// @return why it is not sure that a machine was frozen from before the cut until now, in the order of the machines; empty when it is of all
    List<FreezeFailure> thaw(Frozen frozen) {
        Map<String, String> failures = new ConcurrentHashMap<>();
        together(
                frozen.machines(),
                failures,
                (node, asked) ->
                        nodes.ask(
                                        node,
                                        Command.newBuilder()
                                                .setThawGuests(
                                                        ThawGuests.newBuilder()
                                                                .setId(frozen.id())
                                                                .addAllMachines(asked)),
                                        THAW_MAX)
                                .getGuestsThawed()
                                .getFailuresList());
        failures.putAll(frozen.failures()); // the first reason is the better one
        return told(failures);
    }

    private static List<FreezeFailure> told(Map<String, String> failures) {
        return new TreeMap<>(failures)
                .entrySet().stream()
                        .map(failure ->
                                FreezeFailure.newBuilder()
                                        .setMachine(failure.getKey())
                                        .setReason(failure.getValue())
                                        .build())
                        .toList();
    }

    private static void together(
            Map<String, List<String>> machines,
            Map<String, String> failures,
            BiFunction<String, List<String>, List<FreezeFailure>> ask) {
        var threads = new ArrayList<Thread>();
        machines.forEach((node, asked) -> {
            asked.forEach(machine -> failures.putIfAbsent(machine, "its node was not asked"));
            threads.add(
                    Thread.ofVirtual()
                            .name("freeze-" + node)
                            .start(() -> {
                                try {
                                    List<FreezeFailure> answer = ask.apply(node, asked);
                                    asked.forEach(failures::remove);
                                    answer.forEach(failure ->
                                            failures.put(
                                                    failure.getMachine(), failure.getReason()));
                                } catch (FaultException e) {
                                    asked.forEach(
                                            machine -> failures.put(machine, e.fault().message()));
                                }
                            }));
        });
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

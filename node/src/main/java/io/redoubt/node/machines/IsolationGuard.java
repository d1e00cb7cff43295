// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.core.fault.FaultException;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.StopMachine;
import io.redoubt.protocol.StopMode;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.ToLongFunction;

/// Halts the guests whose right to write runs out, and lets them go on when a grantor is heard again (rule 3): a guest that stands still
/// notices nothing, one whose disk hangs may give it up.
///
/// A QEMU halts only when its writes in execution are answered, so it is halted while they still are; whoever comes too late leaves it
/// alone. That this guard halted a machine is durable before it does: the next process of the node lets it go on.
public final class IsolationGuard {
    private static final Logger LOG = System.getLogger(IsolationGuard.class.getName());
    private static final String KIND = "isolated";

    /// Grants are renewed every second; what is left is below this only when several requests in a row went unanswered.
    private static final long HALT_BELOW_NANOS = Duration.ofSeconds(2).toNanos();

    private static final long GO_ON_ABOVE_NANOS = Duration.ofSeconds(3).toNanos();

    private final Told told;
    private final Guests guests;
    private final ToLongFunction<String> left;
    private final Executor beside;
    private final Set<String> halted = ConcurrentHashMap.newKeySet();
    private final Set<String> busy = ConcurrentHashMap.newKeySet();

    /// The machines of the node.
    interface Guests {
        /// The volumes of each.
        Map<String, List<String>> volumes();

        boolean runs(String machine);

        /// @param why for people
        void halt(String machine, String why);

        /// Unless somebody else wants it to stand still, too.
        void goOn(String machine);
    }

    /// @param left   nanoseconds for which a volume's writes are answered without another word of a grantor
    /// @param beside for what may take long: one machine must not wait for another
    IsolationGuard(Told told, Guests guests, ToLongFunction<String> left, Executor beside) {
        this.told = told;
        this.guests = guests;
        this.left = left;
        this.beside = beside;
        told.all(KIND, StopMachine.parser()).forEach(each -> halted.add(each.getMachine()));
    }

    /// Over the machines of a node.
    public IsolationGuard(Told told, Machines machines, ToLongFunction<String> left) {
        this(told, machines, left, task -> Thread.ofVirtual().name("isolation").start(task));
    }

    /// To be called several times a second.
    public void look() {
        Map<String, List<String>> all = guests.volumes();
        all.forEach((machine, volumes) -> {
            long least = volumes.stream().mapToLong(left).min().orElse(Long.MAX_VALUE);
            boolean stands = halted.contains(machine);
            if (!stands && least > 0 && least < HALT_BELOW_NANOS) {
                inHand(machine, () -> halt(machine));
            } else if (stands && least > GO_ON_ABOVE_NANOS) {
                inHand(machine, () -> goOn(machine));
            }
        });
        halted.stream().filter(machine -> !all.containsKey(machine)).forEach(this::forget);
    }

    private void inHand(String machine, Runnable what) {
        if (busy.add(machine)) {
            beside.execute(() -> {
                try {
                    what.run();
                } catch (FaultException e) {
                    LOG.log(
                            Level.WARNING,
                            "isolated machine {0}: {1}; tried again",
                            machine,
                            e.getMessage());
                } finally {
                    busy.remove(machine);
                }
            });
        }
    }

    private void halt(String machine) {
        if (!guests.runs(machine)) {
            return;
        }
        LOG.log(Level.WARNING, "machine {0} stands still: no grantor answers its node", machine);
        told.put(
                KIND,
                machine,
                StopMachine.newBuilder().setMachine(machine).setMode(StopMode.PAUSE).build());
        halted.add(machine);
        guests.halt(
                machine,
                "isolated: neither the control plane nor the recovery zone answers; it goes on by itself when one does");
    }

    private void goOn(String machine) {
        guests.goOn(machine);
        forget(machine);
        LOG.log(Level.INFO, "machine {0} goes on: a grantor answers again", machine);
    }

    private void forget(String machine) {
        told.remove(KIND, machine);
        halted.remove(machine);
    }
}

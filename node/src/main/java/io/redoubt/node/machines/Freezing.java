// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.compute.host.Pause;
import io.redoubt.core.fault.FaultException;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.MachineState;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Freezes the file systems of guests for the instant of a cut, by their agents, and thaws them whatever happens (rule 21).
///
/// **What a crash leaves.** Before an agent is asked to freeze, that is on disk, and it is taken away once the agent said that nothing is frozen.
/// A cut that fails thaws like one that does not. A node that is told to end thaws first. One that is killed in between leaves guests whose
/// writes wait inside of them until its next start, which thaws them before anything else is asked of them; nothing is lost by it. A freeze that
/// was not answered in time may still come about: the guest is thawed until its agent says that it is, or until the guest has ended.
public final class Freezing implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Freezing.class.getName());
    private static final String KIND = "frozen";
    private static final Duration WITHIN_MAX = Duration.ofSeconds(10);
    private static final Duration ANSWER_MAX = Duration.ofSeconds(3);
    private static final String STOPPING = "its node is being stopped";

    /// How long a cut takes at most that began with frozen guests.
    private static final Duration CUT_MAX = Duration.ofSeconds(3);

    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    /// So often an agent that does not answer is asked to thaw; after that the node's next start asks again.
    private static final int THAWS_MAX = 600;

    /// A guest with a process.
    record Guest(MachineState state, Path agent) {}

    private final Told told;
    private final Function<String, Optional<Guest>> guests;
    private final Set<String> held = ConcurrentHashMap.newKeySet(); // by a Frozen
    private final Set<String> thawing = ConcurrentHashMap.newKeySet();
    private volatile boolean ended;

    public Freezing(Told told, Machines machines) {
        this(told, machines::guest);
    }

    /// @param guests by machine; empty for one without a process
    Freezing(Told told, Function<String, Optional<Guest>> guests) {
        this.told = told;
        this.guests = guests;
    }

    /// What is frozen now; to close it is to thaw.
    public final class Frozen implements AutoCloseable {
        private final Map<String, Integer> asked;
        private final Map<String, String> failures;
        private @Nullable Map<String, String> doubtful;

        /// @param asked how many file systems each has frozen, as far as it said so
        Frozen(Map<String, Integer> asked, Map<String, String> failures) {
            this.asked = asked;
            this.failures = failures;
        }

        /// Why a machine is not frozen; empty when all are.
        public Map<String, String> failures() {
            return failures;
        }

        /// Once: what is frozen afterwards is somebody else's.
        ///
        /// @return why it is not sure that a machine was frozen until now; empty when it is sure of all. Also of those that were not frozen at all
        public synchronized Map<String, String> thaw() {
            Map<String, String> known = doubtful;
            if (known == null) {
                var found = new TreeMap<>(thawAll(asked));
                found.putAll(failures);
                known = Map.copyOf(found);
                doubtful = known;
            }
            return known;
        }

        @Override
        public void close() {
            Map<String, String> _ = thaw();
        }
    }

    /// Asks all at once.
    ///
    /// @param within for all together, at most 10 s
    public Frozen freeze(FreezeGuests wanted, Duration within) {
        long end = System.nanoTime() + min(within, WITHIN_MAX).toNanos();
        Map<String, String> failures = new ConcurrentHashMap<>();
        Map<String, Integer> asked = new ConcurrentHashMap<>();
        together(
                wanted.getMachinesList(),
                machine -> {
                    failures.put(machine, "it could not be asked"); // until the opposite is known
                    freezeOne(machine, end, asked)
                            .ifPresentOrElse(
                                    reason -> failures.put(machine, reason),
                                    () -> failures.remove(machine));
                });
        return new Frozen(Map.copyOf(asked), new TreeMap<>(failures));
    }

    /// @return why not
    private Optional<String> freezeOne(String machine, long end, Map<String, Integer> asked) {
        Optional<Guest> guest = guests.apply(machine);
        if (guest.isEmpty()) {
            return Optional.of("it does not run on the node where it is to be");
        }
        if (guest.get().state() != MachineState.MACHINE_RUNNING) {
            return Optional.of("it is not running");
        }
        if (ended) {
            return Optional.of(STOPPING);
        }
        if (!held.add(machine)) {
            return Optional.of("it is frozen for another point at this moment");
        }
        if (thawing.contains(machine)) { // asked while it is held: who lets go of one begins first
            held.remove(machine);
            return Optional.of("it is still being thawed after an earlier point");
        }
        asked.put(machine, 0);
        told.put(KIND, machine, FreezeGuests.newBuilder().addMachines(machine).build());
        try (GuestAgent agent = GuestAgent.connect(guest.get().agent(), left(end))) {
            int frozen = agent.freeze(left(end));
            asked.put(machine, frozen);
            if (frozen == 0) {
                return Optional.of("its agent found no file system to freeze");
            }
            return ended ? Optional.of(STOPPING) : Optional.empty(); // it may be thawed at once
        } catch (FaultException e) {
            return Optional.of(e.fault().message());
        }
    }

    /// Thaws what a process before this one left frozen.
    public void thawLeft() {
        told.all(KIND, FreezeGuests.parser()).forEach(left -> begin(left.getMachines(0)));
    }

    /// What answers at once is thawed when this returns; whom nobody hears is asked on and on, beside everything else.
    ///
    /// A guest that ended its freeze by itself has nothing to thaw, and an agent that says otherwise than before is not believed.
    ///
    /// @param machines and how many file systems each had frozen
    /// @return why it is not sure that one was frozen until now
    private Map<String, String> thawAll(Map<String, Integer> machines) {
        Map<String, String> doubtful = new ConcurrentHashMap<>();
        together(
                machines.keySet(),
                machine -> {
                    doubtful.put(machine, "it could not be asked"); // until the opposite is known
                    int frozen = Objects.requireNonNull(machines.get(machine));
                    switch (thaw(machine)) {
                        case NotThawed why -> {
                            doubtful.put(machine, why.reason());
                            begin(machine);
                        }
                        case Thawed now when now.fileSystems() != frozen ->
                                doubtful.put(
                                        machine,
                                        "%d file systems were frozen, and %d were when it was thawed"
                                                .formatted(frozen, now.fileSystems()));
                        case Thawed _ -> doubtful.remove(machine);
                    }
                    held.remove(machine);
                });
        return doubtful;
    }

    private void begin(String machine) {
        if (!thawing.add(machine)) {
            return;
        }
        Thread.ofVirtual()
                .name("thaw-" + machine)
                .start(() -> {
                    try {
                        for (int i = 0; i < THAWS_MAX && !ended; i++) {
                            if (thaw(machine) instanceof Thawed) {
                                return;
                            }
                            Pause.of(AGAIN);
                        }
                        LOG.log(
                                Level.ERROR,
                                "machine {0} may still be frozen: its agent does not answer; the next start of this node asks it again",
                                machine);
                    } finally {
                        thawing.remove(machine);
                    }
                });
    }

    private sealed interface Answer {}

    /// @param fileSystems that were frozen until now; 0 without a process
    private record Thawed(int fileSystems) implements Answer {}

    /// Something may be held still: its agent does not answer, or a hook in the guest failed, which may be better the next time.
    private record NotThawed(String reason) implements Answer {}

    private Answer thaw(String machine) {
        Optional<Guest> guest = guests.apply(machine);
        int thawed = 0;
        try {
            if (guest.isPresent() && guest.get().state() != MachineState.MACHINE_STOPPED) {
                try (GuestAgent agent = GuestAgent.connect(guest.get().agent(), ANSWER_MAX)) {
                    thawed = agent.thaw(ANSWER_MAX);
                    LOG.log(Level.DEBUG, "machine {0}: {1} file systems thawed", machine, thawed);
                }
            }
            told.remove(KIND, machine);
            return new Thawed(thawed);
        } catch (FaultException e) {
            LOG.log(Level.WARNING, "machine {0} is not thawed yet: {1}", machine, e.getMessage());
            return new NotThawed("when it was thawed: " + e.fault().message());
        }
    }

    private static void together(Collection<String> machines, Consumer<String> work) {
        var threads = new ArrayList<Thread>();
        for (String machine : machines) {
            threads.add(
                    Thread.ofVirtual().name("freeze-" + machine).start(() -> work.accept(machine)));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static Duration left(long end) {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    /// Freezes nobody any more, lets a cut end that stands on what is frozen, and thaws.
    @Override
    public void close() {
        ended = true;
        long end = System.nanoTime() + CUT_MAX.toNanos();
        while (!held.isEmpty() && System.nanoTime() < end) {
            Pause.of(LOOK);
        }
        List<String> left =
                told.all(KIND, FreezeGuests.parser()).stream()
                        .map(frozen -> frozen.getMachines(0))
                        .toList();
        together(
                left,
                machine -> {
                    Answer _ = thaw(machine); // the next start asks those again that do not answer
                });
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.compute.host.Pause;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.GuestsFrozen;
import io.redoubt.protocol.GuestsThawed;
import io.redoubt.protocol.ThawGuests;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the control plane has frozen on this node for a cut that may be made elsewhere, each with a lease of its own: whoever froze may die, and no
/// guest stands still for longer than that.
///
/// The answer to a thaw is what makes a point consistent for applications. So it says yes only of what this process froze, held without a break and
/// thawed because it was told to: not of what a lease ended, nor of an id that it does not know, and for no id a second time in another way.
public final class FreezeLeases {
    private static final Duration LEASE_MAX = Duration.ofSeconds(30);

    /// Ids that are remembered; a forgotten one is not known.
    private static final int KEPT_MAX = 256;

    private final Freezing freezing;

    @SuppressWarnings("serial") // it travels nowhere
    private final Map<String, Lease> leases =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Lease> eldest) {
                    return size() > KEPT_MAX; // its own thread still ends it
                }
            };

    public FreezeLeases(Freezing freezing) {
        this.freezing = freezing;
    }

    public GuestsFrozen freeze(FreezeGuests wanted) {
        return GuestsFrozen.newBuilder()
                .addAllFailures(told(lease(wanted.getId()).freeze(wanted)))
                .build();
    }

    public GuestsThawed thaw(ThawGuests wanted) {
        return GuestsThawed.newBuilder()
                .addAllFailures(told(lease(wanted.getId()).thaw(wanted.getMachinesList())))
                .build();
    }

    private Lease lease(String id) {
        synchronized (leases) {
            return leases.computeIfAbsent(id, _ -> new Lease());
        }
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

    private static Map<String, String> all(Collection<String> machines, String reason) {
        return machines.stream()
                .distinct()
                .collect(Collectors.toMap(Function.identity(), _ -> reason));
    }

    /// One freeze and its end. A thaw that overtakes its freeze leaves nothing to freeze.
    private final class Lease {
        private Freezing.@Nullable Frozen frozen;
        private @Nullable Map<String, String> ended;

        synchronized Map<String, String> freeze(FreezeGuests wanted) {
            if (ended != null) {
                return all(wanted.getMachinesList(), "it was to be thawed before it was frozen");
            }
            Freezing.Frozen held = frozen;
            if (held == null) {
                long end =
                        System.nanoTime()
                                + Math.min(
                                        LEASE_MAX.toNanos(),
                                        Duration.ofMillis(wanted.getLeaseMillis()).toNanos());
                held = freezing.freeze(wanted, Duration.ofMillis(wanted.getWithinMillis()));
                frozen = held;
                Thread.ofVirtual()
                        .name("freeze-lease")
                        .start(() -> {
                            Pause.of(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
                            expire(wanted.getMachinesList());
                        });
            }
            return held.failures();
        }

        synchronized Map<String, String> thaw(List<String> machines) {
            Map<String, String> known = ended;
            if (known == null) {
                Freezing.Frozen held = frozen;
                known =
                        held == null
                                ? all(machines, "its node does not know of having frozen it")
                                : held.thaw();
                ended = known;
            }
            return known;
        }

        private synchronized void expire(List<String> machines) {
            Freezing.Frozen held = frozen;
            if (ended == null && held != null) {
                held.close();
                ended =
                        all(
                                machines,
                                "it was thawed because nobody said in time that the cut is made");
            }
        }
    }
}

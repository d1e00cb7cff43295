// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.StopMachine;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// A node that answered a command knows it after every crash.
class ToldCrashTest {
    private static final int SEEDS = 300;
    private static final int CRASHES = 6;
    private static final String KIND = "machine";

    @Test
    void what_was_answered_or_believed_once_survives_every_crash() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(run(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 30; seed++) {
            run(seed, ledger);
        }
        assertThat(ledger.sites()).hasSizeGreaterThanOrEqualTo(4);
        var needless = new TreeSet<String>();
        for (String site : ledger.sites()) {
            boolean noticed = false;
            for (long seed = 0; seed < SEEDS && !noticed; seed++) {
                noticed = !run(seed, new SyncLedger(site)).isEmpty();
            }
            if (!noticed) {
                needless.add(site);
            }
        }
        assertThat(needless).as("syncs whose absence no seed noticed").isEmpty();
    }

    /// @return what broke, or nothing
    private static String run(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        var known = new TreeMap<String, StopMachine>();
        var open = new TreeMap<String, Optional<StopMachine>>();
        for (int crash = 0; crash < CRASHES; crash++) {
            if (random.nextBoolean()) {
                host.killAtSync(1 + random.nextInt(6));
            } else {
                host.killAfter(1 + random.nextInt(25));
            }
            try {
                var told = new Told(host.disk("told"));
                String broken = differs(told, known, open);
                if (!broken.isEmpty()) {
                    return broken;
                }
                work(told, random, known, open);
            } catch (ProcessKilled _) {
                // as drawn
            } catch (RuntimeException e) {
                return "refused: " + e;
            }
            if (random.nextBoolean()) {
                host.powerLoss();
            } else {
                host.restartProcess();
            }
        }
        return "";
    }

    /// Compares, and takes over which way a command went in whose middle the process died.
    private static String differs(
            Told told, Map<String, StopMachine> known, Map<String, Optional<StopMachine>> open) {
        for (int i = 0; i < 3; i++) {
            String id = "m" + i;
            Optional<StopMachine> found = told.find(KIND, id, StopMachine.parser());
            boolean settled = found.equals(Optional.ofNullable(known.get(id)));
            if (!settled && !(open.containsKey(id) && open.get(id).equals(found))) {
                return "%s: found %s, known %s".formatted(id, found, known.get(id));
            }
            found.ifPresentOrElse(f -> known.put(id, f), () -> known.remove(id));
        }
        open.clear();
        return "";
    }

    private static void work(
            Told told,
            SplittableRandom random,
            Map<String, StopMachine> known,
            Map<String, Optional<StopMachine>> open) {
        for (int step = 0; step < 20; step++) {
            String id = "m" + random.nextInt(3);
            if (random.nextInt(4) == 0) {
                open.put(id, Optional.empty());
                told.remove(KIND, id);
                known.remove(id);
            } else {
                StopMachine next =
                        StopMachine.newBuilder()
                                .setMachine(id)
                                .setGraceMillis(1 + random.nextInt(1_000_000))
                                .build();
                open.put(id, Optional.of(next));
                told.put(KIND, id, next);
                known.put(id, next);
            }
            open.remove(id);
        }
    }
}

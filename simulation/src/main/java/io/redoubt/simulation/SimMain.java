// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation;

import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.replication.GroupWorld;
import io.redoubt.simulation.volume.VolumeWorld;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/// `redoubt sim --seeds N [--from S]` runs seeds, `--seed S` replays one; `--world` says of what.
public final class SimMain {
    private static final String USAGE =
            """
            Usage: redoubt sim --seeds N [--from S]   run N seeds, starting at S (default 1)
                   redoubt sim --seed S               replay one seed
              --world group    a protected group, its network and its other site (the default)
              --world volume   one volume with all of its layers on a disk that loses what was not synced
            Runs the storage code on simulated disks, clocks and networks; a failing seed is printed and replays exactly.
            """;

    /// What can be run.
    private enum World {
        GROUP,
        VOLUME;

        /// @param telling prints what happens, where a world can tell it
        long run(long seed, boolean telling) {
            return switch (this) {
                case GROUP -> new GroupWorld(seed, new SyncLedger()).run();
                case VOLUME ->
                        new VolumeWorld(
                                        seed,
                                        new SyncLedger(),
                                        telling ? System.out::println : _ -> {})
                                .run();
            };
        }

        static Optional<World> find(String name) {
            return Arrays.stream(values())
                    .filter(w -> w.name().toLowerCase(Locale.ROOT).equals(name))
                    .findFirst();
        }
    }

    private static final Logger LOG = Logger.getLogger("io.redoubt.storage");

    private SimMain() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String[] args) {
        long seeds = 0;
        long from = 1;
        World world = World.GROUP;
        for (int i = 0; i < args.length; i += 2) {
            if (args[i].equals("--help") || args[i].equals("-h")) {
                System.out.print(USAGE);
                return 0;
            }
            if (args[i].equals("--world") && i + 1 < args.length) {
                Optional<World> found = World.find(args[i + 1]);
                if (found.isEmpty()) {
                    System.err.print("'" + args[i + 1] + "' is not a world.\n" + USAGE);
                    return 2;
                }
                world = found.get();
                continue;
            }
            Long value = i + 1 < args.length ? number(args[i + 1]) : null;
            if (value == null) {
                System.err.print("'" + args[i] + "' wants a number.\n" + USAGE);
                return 2;
            }
            switch (args[i]) {
                case "--seeds" -> seeds = value;
                case "--from" -> from = value;
                case "--seed" -> {
                    from = value;
                    seeds = 1;
                }
                default -> {
                    System.err.print("'" + args[i] + "' is not an option.\n" + USAGE);
                    return 2;
                }
            }
        }
        if (seeds <= 0) {
            System.err.print("Say how many seeds to run.\n" + USAGE);
            return 2;
        }
        return run(world, from, seeds);
    }

    private static int run(World world, long from, long seeds) {
        // A seed's story is its trace; what the code would tell an operator only costs time here.
        LOG.setLevel(Level.OFF);
        long start = System.nanoTime();
        int failed = 0;
        for (long seed = from; seed < from + seeds; seed++) {
            try {
                long trace = world.run(seed, seeds == 1);
                if (seeds == 1) {
                    System.out.printf("seed %d: trace %016x%n", seed, trace);
                }
            } catch (RuntimeException e) {
                failed++;
                System.out.printf(
                        "seed %d: %s%n  replay: redoubt sim --world %s --seed %d%n",
                        seed, e.getMessage(), world.name().toLowerCase(Locale.ROOT), seed);
                if (seeds == 1) {
                    e.printStackTrace(System.out);
                }
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%d seeds from %d: %d failed, %.1f s, %.0f ms a seed%n",
                seeds, from, failed, seconds, 1000 * seconds / seeds);
        return failed == 0 ? 0 : 1;
    }

    private static @Nullable Long number(String text) {
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException _) {
            return null;
        }
    }
}

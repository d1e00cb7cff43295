// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation;

import io.redoubt.simulation.planted.Hunt;
import io.redoubt.simulation.planted.PlantedBug;
import java.io.IOException;
import java.nio.file.Path;
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
                   redoubt sim --planted [NAME]       plant known bugs, one by one, and count the seeds until each is found
              --world group    a protected group, its network and its other site (the default)
              --world writers  a group whose writers overlap: every step of one beside every step of another
              --world journal  a journal that is kept small: sweeps, pins, a ladder, a quota
              --world volume   one volume with all of its layers on a disk that loses what was not synced
            Runs the storage code on simulated disks, clocks and networks; a failing seed is printed and replays exactly.
            """;

    private static final Logger LOG = Logger.getLogger("io.redoubt.storage");

    private SimMain() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String[] args) {
        long seeds = 0;
        long from = 1;
        World world = World.GROUP;
        if (args.length > 0 && args[0].equals("--planted")) {
            return planted(args.length > 1 ? args[1] : "");
        }
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
                        seed, e.getMessage(), world.word(), seed);
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

    /// @param wanted a part of the names, empty for all
    /// @return 1 when a bug escapes
    private static int planted(String wanted) {
        LOG.setLevel(Level.OFF);
        Path root = Path.of(System.getProperty("redoubt.root", "."));
        int planted = 0;
        int escaped = 0;
        try {
            for (PlantedBug bug : PlantedBug.all(root)) {
                if (!bug.name().contains(wanted)) {
                    continue;
                }
                planted++;
                long start = System.nanoTime();
                Hunt hunt = Hunt.of(bug, root);
                escaped += hunt.caught() ? 0 : 1;
                System.out.printf(
                        "%-50s %-8s %s  (%.1f s)%n",
                        bug.name(),
                        bug.world(),
                        hunt.caught()
                                ? "seed %d of %d: %s"
                                        .formatted(hunt.seed(), bug.seeds(), hunt.symptom())
                                : "ESCAPED, %d seeds".formatted(bug.seeds()),
                        (System.nanoTime() - start) / 1e9);
            }
        } catch (IOException | IllegalStateException e) {
            System.err.println("Planting needs Redoubt's source tree and a JDK: " + e.getMessage());
            return 2;
        }
        if (planted == 0) {
            System.err.println(
                    "No planted bug has '" + wanted + "' in its name; `--planted` runs all.");
            return 2;
        }
        System.out.printf("%d bugs planted, %d escaped%n", planted, escaped);
        return escaped == 0 ? 0 : 1;
    }

    private static @Nullable Long number(String text) {
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException _) {
            return null;
        }
    }
}

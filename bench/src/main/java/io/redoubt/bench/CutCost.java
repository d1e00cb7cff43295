// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.bench.group.Percentiles;
import io.redoubt.bench.group.ReceiverMain;
import java.nio.file.Path;

/// How long writes wait for a cut of a group of four volumes in one process.
final class CutCost {
    static final String BARRIER = "barrier";
    private static final int MEMBERS = 4;
    private static final long MEMBER_BYTES = 16 << 20;
    private static final int EVERY_MILLIS = 10;
    private static final double NANOS_OF_A_MILLI = 1e6;

    private CutCost() {}

    static void measure(Figures figures, Path directory, Path journal, long millis) {
        Path keys = ServedPair.keys(directory);
        try (Peer receiver =
                        Peer.start(
                                "cut-receiver",
                                ReceiverMain.class,
                                "1g",
                                directory,
                                journal,
                                keys);
                Peer source =
                        ServedPair.source(
                                "cut-source", directory, MEMBER_BYTES, MEMBERS, keys.toString())) {
            String[] _ = source.ask("go", receiver.ready()[0]);
            String[] _ = source.ask("drain");
            String[] _ = source.ask(BARRIER, millis, EVERY_MILLIS); // warm
            String[] said = source.ask(BARRIER, millis, EVERY_MILLIS);
            Percentiles cuts = Percentiles.parse(said, 1);
            Percentiles waits = Percentiles.parse(said, 5);
            figures.add(Figure.of(BARRIER, "cuts"), (double) cuts.count());
            figures.add(Figure.of(BARRIER, "cuts given up"), Double.parseDouble(said[0]));
            figures.add(Figure.of(BARRIER, "a cut, p99, ms"), cuts.p99() / NANOS_OF_A_MILLI);
            figures.add(Figure.of(BARRIER, "writes that met a cut"), (double) waits.count());
            figures.add(Figure.of(BARRIER, "their wait, p50, ms"), waits.p50() / NANOS_OF_A_MILLI);
            figures.add(
                    Figure.atMost(BARRIER, "their wait, p99, ms", 5),
                    waits.p99() / NANOS_OF_A_MILLI);
            figures.add(
                    Figure.atMost(BARRIER, "their wait, greatest, ms", 50),
                    waits.max() / NANOS_OF_A_MILLI);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.bench.group.Percentiles;
import io.redoubt.bench.group.ViewMain;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// What a view costs over journals of so many records: until it is open, and a random read of 4 KiB beside the plain volume.
///
/// @param name     under which it is chosen
/// @param content  `data`, or `zeros`: records of a header alone, of which more fit
record ViewCost(String name, String content, long records, boolean isLarge) {
    static final List<ViewCost> ALL =
            List.of(
                    new ViewCost("view-data-1e5", "data", 100_000, false),
                    new ViewCost("view-data-1e6", "data", 1_000_000, false),
                    new ViewCost("view-zeros-1e6", "zeros", 1_000_000, false),
                    new ViewCost("view-data-5e6", "data", 5_000_000, true),
                    new ViewCost("view-zeros-1e7", "zeros", 10_000_000, true),
                    new ViewCost("view-zeros-1e8", "zeros", 100_000_000, true));

    private static final String HEAP = "2g";
    private static final int RECORD = 4_300;
    private static final int HEADER = 200;
    private static final long PLAIN = 3L << 29;

    static Stream<ViewCost> all(boolean large) {
        return ALL.stream().filter(v -> large || !v.isLarge);
    }

    /// On disk.
    long bytes() {
        return records * (content.equals("data") ? RECORD : HEADER) + PLAIN;
    }

    void measure(Figures figures, Path directory, int rounds, long millis) {
        Path own = directory.resolve(name);
        try (Peer views = Peer.start(name, ViewMain.class, HEAP, directory, own)) {
            String[] _ = views.ask("make", content, records);
            for (int round = 0; round < rounds; round++) {
                String[] said = views.ask("measure", millis);
                Percentiles view = Percentiles.parse(said, 3);
                Percentiles plain = Percentiles.parse(said, 7);
                figures.add(
                        Figure.of(name, "opening the journal, s"), Long.parseLong(said[1]) / 1e9);
                figures.add(
                        Figure.atMost(name, "opening a view, up to its first block, s", 2),
                        Long.parseLong(said[2]) / 1e9);
                figures.add(Figure.of(name, "a random read, p50, µs"), view.p50() / 1e3);
                figures.add(Figure.of(name, "a random read, p99, µs"), view.p99() / 1e3);
                figures.add(
                        Figure.of(name, "a random read, p50, × the plain volume"),
                        (double) view.p50() / plain.p50());
            }
        }
        if (Files.exists(own)) {
            Workplace.delete(own);
        }
    }
}

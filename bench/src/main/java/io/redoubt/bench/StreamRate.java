// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.bench.group.IngestMain;
import io.redoubt.bench.group.Percentiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/// How much a second travels from the source's spool to the receiver's disk, and how old the newest point is on a slow link.
final class StreamRate {
    static final String FULL_PASS = "full-pass";
    static final String STREAM_4K = "stream-4k";
    static final String STREAM_64K = "stream-64k";
    static final String INGEST_4K = "ingest-4k";
    static final String INGEST_64K = "ingest-64k";
    static final String LINK_RANDOM = "link-random";
    static final String LINK_HALF = "link-half";
    static final List<String> AGES = List.of("rpo-25", "rpo-50", "rpo-70");

    private static final int SMALL = 4 << 10;
    private static final int LARGE = 64 << 10;
    private static final long SPOOLED_MAX = 192L << 20; // of a quota of 256 MiB
    private static final int LINK_SECONDS = 8;
    private static final int RANDOM = 100;
    private static final int HALF = 50;
    private static final double MEGA = 1e6;
    private static final long SETTLE_MILLIS = 3_000;
    private static final int AGE_CELLS = 10; // of a cell's length: some points must come and go

    private final Figures figures;
    private final long millis;

    StreamRate(Figures figures, long millis) {
        this.figures = figures;
        this.millis = millis;
    }

    /// The first contact of a full volume with an empty journal. Opens the link.
    void fullPass(ServedPair pair, boolean wanted) {
        pair.go(pair.port());
        double seconds = pair.drain().seconds();
        if (wanted) {
            figures.add(Figure.of(FULL_PASS, "MB/s"), pair.bytes() / MEGA / seconds);
        }
    }

    void streams(ServedPair pair, Predicate<String> wanted) {
        if (wanted.test(STREAM_4K)) {
            stream(pair, Figure.atLeast(STREAM_4K, "MB/s", 200), SMALL);
        }
        if (wanted.test(STREAM_64K)) {
            stream(pair, Figure.atLeast(STREAM_64K, "MB/s", 400), LARGE);
        }
    }

    private void stream(ServedPair pair, Figure figure, int block) {
        travel(pair, pair.port(), figure, block, Math.min(SPOOLED_MAX, 4 * pair.bytes()), RANDOM);
    }

    /// What comes through a slow link of data that cannot be compressed, and of data that half can.
    ///
    /// @param bytesPerSecond of the link
    void throughLink(ServedPair pair, long bytesPerSecond, Predicate<String> wanted) {
        travelLinked(pair, bytesPerSecond, LINK_RANDOM, RANDOM, wanted);
        travelLinked(pair, bytesPerSecond, LINK_HALF, HALF, wanted);
    }

    private void travelLinked(
            ServedPair pair,
            long bytesPerSecond,
            String name,
            int randomPercent,
            Predicate<String> wanted) {
        if (wanted.test(name)) {
            long amount =
                    Math.min(
                            Math.min(SPOOLED_MAX, 4 * pair.bytes()), bytesPerSecond * LINK_SECONDS);
            try (var link = new SlowLink(pair.port(), bytesPerSecond)) {
                Figure figure = Figure.of(name, "MB/s of writes of 64 KiB");
                travel(pair, link.port(), figure, LARGE, amount, randomPercent);
                pair.hold();
            }
            pair.go(pair.port());
            var _ = pair.drain();
        }
    }

    private void travel(
            ServedPair pair, int port, Figure figure, int block, long bytes, int randomPercent) {
        long amount = bytes / LARGE * LARGE;
        pair.hold();
        pair.spool(block, amount, randomPercent);
        pair.go(port);
        ServedPair.Drained drained = pair.drain();
        if (!drained.mode().equals("STREAM")) {
            throw new IllegalStateException("the spool was too small for " + amount + " bytes");
        }
        figures.add(figure, amount / MEGA / drained.seconds());
    }

    /// @param bytesPerSecond of the link
    void ages(ServedPair pair, Fio fio, long bytesPerSecond, Predicate<String> wanted)
            throws InterruptedException {
        for (String name : AGES) {
            if (wanted.test(name)) {
                int percent = Integer.parseInt(name.substring("rpo-".length()));
                pair.hold();
                try (var link = new SlowLink(pair.port(), bytesPerSecond)) {
                    pair.go(link.port());
                    var _ = pair.drain();
                    tell(name, ages(pair, fio, bytesPerSecond * percent / 100));
                    pair.hold();
                }
                pair.go(pair.port());
                var _ = pair.drain();
            }
        }
    }

    private Percentiles ages(ServedPair pair, Fio fio, long rate) throws InterruptedException {
        long length = millis * AGE_CELLS;
        var load = new Profile("rpo", "randwrite", SMALL, 8, 1, 0, 0, 0);
        Thread writing =
                Thread.ofPlatform()
                        .start(() -> {
                            Fio.Result _ =
                                    fio.overNbd(
                                            load,
                                            pair.uri(true),
                                            pair.bytes(),
                                            length + SETTLE_MILLIS,
                                            List.of("--rate=" + rate));
                        });
        Thread.sleep(SETTLE_MILLIS);
        Percentiles ages = Percentiles.parse(pair.receiver().ask("age", length), 0);
        writing.join();
        return ages;
    }

    private void tell(String name, Percentiles millis) {
        figures.add(Figure.atMost(name, "age of the newest point, p50, s", 6), millis.p50() / 1e3);
        figures.add(Figure.atMost(name, "age of the newest point, p99, s", 10), millis.p99() / 1e3);
        figures.add(Figure.of(name, "age of the newest point, greatest, s"), millis.max() / 1e3);
    }

    /// The receiver's core and its journal without a network.
    void ingest(Path logs, Path journal, Predicate<String> wanted) {
        if (!wanted.test(INGEST_4K) && !wanted.test(INGEST_64K)) {
            return;
        }
        try (Peer ingest = Peer.start("ingest", IngestMain.class, "1g", logs, journal)) {
            String[] _ = ingest.ask("ingest", SMALL, millis / 2); // warm
            ingest(ingest, INGEST_4K, SMALL, wanted);
            ingest(ingest, INGEST_64K, LARGE, wanted);
        }
    }

    private void ingest(Peer ingest, String name, int block, Predicate<String> wanted) {
        if (wanted.test(name)) {
            String[] said = ingest.ask("ingest", block, millis);
            double rate = Long.parseLong(said[0]) * 1e3 / Long.parseLong(said[1]);
            figures.add(Figure.of(name, "MB/s"), rate);
        }
    }

    static String describe(long bytesPerSecond) {
        return String.format(Locale.ROOT, "%.0f MB/s", bytesPerSecond / MEGA);
    }
}

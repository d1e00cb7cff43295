// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `bench replication`: a protected volume beside the same volume unprotected, and the parts of the way to the receiver alone.
@Command(
        name = "replication",
        description = {
            "Measures a protected volume beside an unprotected one under fio, the stream to the receiver's disk, the age of points on a slow"
                    + " link, the wait for a cut, and views over long journals.",
            "",
            "Source and receiver are processes of this host, with TLS between them. A target that is missed is said and changes no exit"
                    + " status; nothing else should run meanwhile.",
            ""
        })
final class ReplicationBench implements Callable<Integer> {
    private static final long JOURNAL_OF_SIZE = 20; // what a round writes, in volumes

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description =
                    "how often each profile is measured, default ${DEFAULT-VALUE}; the table has medians")
    private int rounds = 3;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "3",
            description =
                    "of each cell, default ${DEFAULT-VALUE}; rpo profiles take ten times as long")
    private double seconds = 3;

    @Option(
            names = "--only",
            paramLabel = "PROFILE",
            split = ",",
            description = "profiles whose names begin so, such as fixed, stream-4k or view")
    private List<String> only = List.of();

    @Option(
            names = "--large",
            description = "also views over 5 million records with data and 100 million without")
    private boolean large;

    @Option(
            names = "--in",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description =
                    "where volumes and spools are made, default ${DEFAULT-VALUE} (tmpfs: no noise of a disk)")
    private Path in = Path.of("/dev/shm");

    @Option(
            names = "--journal",
            paramLabel = "DIR",
            description = "where the receiver writes, best a disk; default the temporary directory")
    private Path journal = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = "512MiB",
            description = "of each volume, default ${DEFAULT-VALUE}")
    private String size = "512MiB";

    @Option(
            names = "--link",
            paramLabel = "MB/S",
            defaultValue = "20",
            description = "of the slow link of the link and rpo profiles, default ${DEFAULT-VALUE}")
    private int linkMegabytes = 20;

    @Option(names = "--json", paramLabel = "FILE", description = "all figures of all rounds")
    private @Nullable Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "the table")
    private @Nullable Path markdown;

    private final Figures figures = new Figures();

    @Override
    public Integer call() throws InterruptedException {
        requireKnown();
        long bytes = Bytes.parse(size).value();
        try (Workplace volumes = Workplace.in(in, 4 * bytes);
                Workplace journals = Workplace.in(journal, needed(bytes))) {
            Map<String, String> facts = Host.describe(volumes.directory());
            facts.put("journal", Host.fileSystem(journals.directory()));
            facts.put("slow link", StreamRate.describe(linkBytes()));
            facts.put(
                    "run",
                    "%d rounds of %s s, volumes of %s, load %s at the start"
                            .formatted(rounds, seconds, size, Host.load()));
            for (int round = 1; round <= rounds; round++) {
                round(round, volumes.directory(), journals.directory(), bytes);
            }
            ViewCost.all(large)
                    .filter(v -> wants(v.name()))
                    .forEach(v -> view(v, journals.directory()));
            tell(facts);
            return 0;
        }
    }

    private void round(int round, Path volumes, Path journals, long bytes)
            throws InterruptedException {
        var rates = new StreamRate(figures, millis());
        Path of = volumes.resolve("round-" + round);
        Path to = journals.resolve("round-" + round);
        try {
            Files.createDirectories(of);
            Files.createDirectories(to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (served().anyMatch(this::wants)) {
            progress(round, "a protected and a plain volume");
            try (ServedPair pair = ServedPair.start(of, to.resolve("pair"), bytes)) {
                rates.fullPass(pair, wants(StreamRate.FULL_PASS));
                var fio = new Fio(of);
                var guests = new GuestCost(fio, pair, figures, millis());
                guests.warm();
                guests.measure(this::wants, round);
                progress(round, "the stream");
                rates.streams(pair, this::wants);
                rates.throughLink(pair, linkBytes(), this::wants);
                rates.ages(pair, fio, linkBytes(), this::wants);
            }
        }
        progress(round, "ingest and cuts");
        rates.ingest(of, to.resolve("ingest"), this::wants);
        if (wants(CutCost.BARRIER)) {
            CutCost.measure(figures, of, to.resolve("cuts"), millis());
        }
        Workplace.delete(of);
        Workplace.delete(to);
    }

    private void view(ViewCost view, Path journals) {
        System.err.printf("  %s%n", view.name());
        view.measure(figures, journals, rounds, millis());
    }

    /// Profiles that need the two served volumes.
    private static Stream<String> served() {
        return Stream.of(
                        Stream.of(GuestCost.FIXED, GuestCost.PACED),
                        GuestCost.SATURATED.stream().map(Profile::name),
                        Stream.of(
                                StreamRate.FULL_PASS,
                                StreamRate.STREAM_4K,
                                StreamRate.STREAM_64K,
                                StreamRate.LINK_RANDOM,
                                StreamRate.LINK_HALF),
                        StreamRate.AGES.stream())
                .flatMap(s -> s);
    }

    private static List<String> known() {
        var known = new ArrayList<>(served().toList());
        known.addAll(List.of(StreamRate.INGEST_4K, StreamRate.INGEST_64K, CutCost.BARRIER));
        ViewCost.ALL.forEach(v -> known.add(v.name()));
        return known;
    }

    private void requireKnown() {
        for (String begin : only) {
            if (known().stream().noneMatch(name -> name.startsWith(begin))) {
                throw new FaultException(new BenchFault.NoProfile(begin, known()));
            }
        }
    }

    private boolean wants(String profile) {
        return only.isEmpty() || only.stream().anyMatch(profile::startsWith);
    }

    private long millis() {
        return Math.round(seconds * 1000);
    }

    private long linkBytes() {
        return linkMegabytes * 1_000_000L;
    }

    private long needed(long bytes) {
        long views =
                ViewCost.all(large)
                        .filter(v -> wants(v.name()))
                        .mapToLong(ViewCost::bytes)
                        .max()
                        .orElse(0);
        return Math.max(JOURNAL_OF_SIZE * bytes, views);
    }

    private void tell(Map<String, String> facts) {
        String table = figures.markdown(facts);
        System.out.print(table);
        try {
            if (markdown != null) {
                Files.writeString(markdown, table);
            }
            if (json != null) {
                Files.writeString(json, figures.json(facts));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void progress(int round, String what) {
        System.err.printf("  round %d of %d: %s%n", round, rounds, what);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `bench block`: our server, `nbdkit file` and `qemu-nbd` on one raw file, one after the other in every cell, under the same client.
@Command(
        name = "block",
        description = {
            "Measures the NBD server beside nbdkit and qemu-nbd on the same raw file, under fio, interleaved in one run.",
            "",
            "The whole takes rounds × profiles × 4 × seconds; nothing else should run meanwhile. Ratios above 1 mean that"
                    + " Redoubt did more; p99 and CPU ratios below 1 that it took less.",
            ""
        })
final class BlockBench implements Callable<Integer> {
    private static final long TOOL_SECONDS = 120;
    private static final long WARM_MILLIS = 500;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description =
                    "how often each cell is measured, default ${DEFAULT-VALUE}; the table has medians")
    private int rounds = 5;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "3",
            description = "of each cell, default ${DEFAULT-VALUE}")
    private double seconds = 3;

    @Option(names = "--quick", description = "3 rounds of 1 s")
    private boolean quick;

    @Option(
            names = "--only",
            paramLabel = "PROFILE",
            split = ",",
            description = "profiles whose names begin so, such as randread or write-1m-q4")
    private List<String> only = List.of();

    @Option(
            names = "--in",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description =
                    "where the volume is made, default ${DEFAULT-VALUE} (tmpfs: no noise of a disk); name a directory of a"
                            + " disk to measure there")
    private Path in = Path.of("/dev/shm");

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = "1GiB",
            description =
                    "of the volume, default ${DEFAULT-VALUE}; it should fit into the page cache")
    private String size = "1GiB";

    @ArgGroup(exclusive = true)
    private Kind kind = new Kind();

    /// Of the volume; plain without.
    static final class Kind {
        @Option(
                names = "--sealed",
                description =
                        "encrypted, with checksums, beside qemu-nbd and nbdkit over a LUKS image, which has none")
        private boolean sealed;

        @Option(
                names = "--after-snapshot",
                description =
                        "each cell right after a snapshot, beside qemu-nbd over a new qcow2 overlay and nbdkit's cow filter; give"
                                + " it --seconds 60 for the minute that follows")
        private boolean afterSnapshot;

        boolean isPlain() {
            return !sealed && !afterSnapshot;
        }

        /// Files of a volume's size.
        int copies() {
            return afterSnapshot ? 5 : sealed ? 2 : 1;
        }
    }

    @Option(names = "--json", paramLabel = "FILE", description = "all cells of all rounds")
    private @Nullable Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "the table")
    private @Nullable Path markdown;

    private final Results results = new Results();

    @Override
    public Integer call() {
        List<Profile> profiles = profiles();
        long bytes = Bytes.parse(size).value();
        if (quick) {
            rounds = 3;
            seconds = 1;
        }
        try (Workplace place = Workplace.in(in, needed(bytes))) {
            Map<String, String> facts = Host.describe(place.directory());
            facts.put(
                    "run",
                    "%d rounds of %s s, volume of %s, load %s at the start"
                            .formatted(rounds, seconds, size, Host.load()));
            measure(place.directory(), profiles, bytes);
            tell(new Report(results, profiles, facts, kind.isPlain()));
            return 0;
        }
    }

    private void measure(Path directory, List<Profile> profiles, long bytes) {
        var fio = new Fio(directory);
        long millis = Math.round(seconds * 1000);
        try (Contest contest = contest(directory, fio, bytes)) {
            warm(fio, contest.servers(), profiles, bytes, Math.min(millis, WARM_MILLIS));
            for (int round = 1; round <= rounds; round++) {
                for (Profile profile : profiles) {
                    progress("round %d of %d: %s".formatted(round, rounds, profile.name()));
                    contest.renew();
                    var servers = new ArrayList<>(contest.servers());
                    Collections.rotate(servers, round); // nobody is always the first after the sync
                    for (Server server : servers) {
                        sync(directory);
                        results.add(
                                profile, server.name(), cell(fio, profile, server, bytes, millis));
                    }
                    if (contest.file().isPresent()) {
                        sync(directory);
                        Fio.Result alone = fio.onFile(profile, contest.file().get(), bytes, millis);
                        results.add(
                                profile, Report.FILE, new Cell(alone.iops(), alone.p99Nanos(), 0));
                    }
                }
            }
        }
    }

    private Contest contest(Path directory, Fio fio, long bytes) {
        if (kind.afterSnapshot) {
            return Contest.afterSnapshot(directory, fio, bytes);
        }
        return kind.sealed
                ? Contest.sealed(directory, fio, bytes)
                : Contest.plain(directory, fio, bytes);
    }

    private static Cell cell(Fio fio, Profile profile, Server server, long bytes, long millis) {
        long before = server.cpuMicros();
        Fio.Result result = fio.overNbd(profile, server.uri(), bytes, millis);
        long used = server.cpuMicros() - before;
        return new Cell(result.iops(), result.p99Nanos(), (double) used / result.operations());
    }

    /// A long-running server has its code compiled; that is what is compared.
    private static void warm(
            Fio fio, List<Server> servers, List<Profile> profiles, long bytes, long millis) {
        progress("warming up");
        for (Server server : servers) {
            for (Profile profile : profiles) {
                fio.overNbd(profile, server.uri(), bytes, millis);
            }
        }
    }

    /// The next cell must not pay for the dirty pages of this one.
    private static void sync(Path directory) {
        Tool.run(directory, TOOL_SECONDS, List.of("sync", "--file-system", directory.toString()));
    }

    private List<Profile> profiles() {
        if (only.isEmpty()) {
            return Profile.ALL;
        }
        for (String begin : only) {
            if (Profile.ALL.stream().noneMatch(profile -> profile.name().startsWith(begin))) {
                throw new FaultException(
                        new BenchFault.NoProfile(
                                begin, Profile.ALL.stream().map(Profile::name).toList()));
            }
        }
        return Profile.ALL.stream()
                .filter(profile -> only.stream().anyMatch(word -> isMeant(profile, word)))
                .toList();
    }

    private static boolean isMeant(Profile profile, String word) {
        boolean isName = Profile.ALL.stream().anyMatch(any -> any.name().equals(word));
        return isName ? profile.name().equals(word) : profile.name().startsWith(word);
    }

    private long needed(long bytes) {
        return kind.copies() * bytes + bytes / 8;
    }

    private void tell(Report report) {
        System.out.print(report.markdown());
        try {
            if (markdown != null) {
                Files.writeString(markdown, report.markdown());
            }
            if (json != null) {
                Files.writeString(json, report.json());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void progress(String what) {
        System.err.printf(Locale.ROOT, "  %s%n", what);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.bench.group.Percentiles;
import java.util.List;
import java.util.function.Predicate;

/// What protection costs the guest: the same load on the protected and on the plain volume, one after the other.
final class GuestCost {
    static final String FIXED = "fixed-15k";
    static final String PACED = "paced-15k";
    private static final int RATE = 15_000;
    private static final int SMALL = 4 << 10;
    private static final double NANOS_OF_A_MICRO = 1_000;
    private static final long WARM_MILLIS = 3_000;

    private static final Profile FIXED_LOAD = load(FIXED, "randwrite", SMALL, 16);
    static final List<Profile> SATURATED =
            List.of(
                    load("randwrite-q1", "randwrite", SMALL, 1),
                    load("randwrite-q32", "randwrite", SMALL, 32),
                    load("mixed-q32", "randrw", SMALL, 32),
                    load("write-1m-q4", "write", 1 << 20, 4));

    private final Fio fio;
    private final ServedPair pair;
    private final Figures figures;
    private final long millis;

    GuestCost(Fio fio, ServedPair pair, Figures figures, long millis) {
        this.fio = fio;
        this.pair = pair;
        this.figures = figures;
        this.millis = millis;
    }

    private static Profile load(String name, String pattern, int block, int depth) {
        return new Profile(name, pattern, block, depth, 1, 0, 0, 0);
    }

    private record Cost(Fio.Result result, double cpuMicros, String mode) {}

    /// A long-running server has its code compiled; that is what is measured.
    void warm() {
        for (Profile load : SATURATED.subList(0, 3)) {
            for (boolean side : new boolean[] {true, false}) {
                Cost _ = run(load, side, Math.min(millis, WARM_MILLIS), List.of());
            }
        }
    }

    /// @param round turns the order of the two
    void measure(Predicate<String> wanted, int round) {
        if (wanted.test(FIXED)) {
            Cost[] costs = both(FIXED_LOAD, round, List.of("--rate_iops=" + RATE));
            tellFixed(costs[0], costs[1]);
        }
        if (wanted.test(PACED)) {
            paced(round);
        }
        for (Profile load : SATURATED) {
            if (wanted.test(load.name())) {
                Cost[] costs = both(load, round, List.of());
                tellSaturated(load, costs[0], costs[1]);
            }
        }
    }

    /// @return protected, plain
    private Cost[] both(Profile load, int round, List<String> more) {
        boolean first = round % 2 == 0;
        Cost one = run(load, first, millis, more);
        Cost other = run(load, !first, millis, more);
        return first ? new Cost[] {one, other} : new Cost[] {other, one};
    }

    private Cost run(Profile load, boolean isProtected, long millis, List<String> more) {
        Peer served = pair.served(isProtected);
        long before = served.cpuMicros();
        Fio.Result result = fio.overNbd(load, pair.uri(isProtected), pair.bytes(), millis, more);
        double cpu = (double) (served.cpuMicros() - before) / result.operations();
        // The next cell begins with both sides equal and nothing on its way.
        String mode = isProtected ? pair.drain().mode() : "";
        return new Cost(result, cpu, mode);
    }

    /// The splitter and the stream without the NBD server, which at this rate spends most of its time looking for the next request: how
    /// long it looks would hide what protection costs.
    private void paced(int round) {
        boolean first = round % 2 == 0;
        Paced one = paced(first);
        Paced other = paced(!first);
        Paced ours = first ? one : other;
        Paced plain = first ? other : one;
        figures.add(Figure.of(PACED, "CPU of a write, plain, µs"), plain.cpuMicros);
        figures.add(
                Figure.atMost(PACED, "CPU of a write more at the source, µs", 1.5),
                ours.cpuMicros - plain.cpuMicros);
        figures.add(Figure.of(PACED, "p50 of the plain volume, µs"), micros(plain.took.p50()));
        figures.add(Figure.of(PACED, "p50 more, µs"), micros(ours.took.p50() - plain.took.p50()));
        figures.add(
                Figure.atMost(PACED, "p99 more, µs", 50),
                micros(ours.took.p99() - plain.took.p99()));
    }

    private record Paced(double cpuMicros, Percentiles took) {}

    private Paced paced(boolean isProtected) {
        Peer served = pair.served(isProtected);
        String[] _ = served.ask("pace", RATE, Math.min(millis, WARM_MILLIS));
        String[] said = served.ask("pace", RATE, millis);
        if (isProtected) {
            var _ = pair.drain();
        }
        return new Paced(micros(Long.parseLong(said[0])), Percentiles.parse(said, 1));
    }

    private void tellFixed(Cost ours, Cost plain) {
        figures.add(
                Figure.atLeast(FIXED, "IOPS that were reached", RATE * 0.99), ours.result.iops());
        figures.add(
                Figure.of(FIXED, "p50 of the plain volume, µs"), micros(plain.result.p50Nanos()));
        figures.add(
                Figure.of(FIXED, "p50 more, µs"),
                micros(ours.result.p50Nanos() - plain.result.p50Nanos()));
        figures.add(
                Figure.of(FIXED, "p99 of the plain volume, µs"), micros(plain.result.p99Nanos()));
        figures.add(
                Figure.atMost(FIXED, "p99 more, µs", 50),
                micros(ours.result.p99Nanos() - plain.result.p99Nanos()));
        figures.add(Figure.of(FIXED, "CPU of a write, plain, µs"), plain.cpuMicros);
        figures.add(
                Figure.of(FIXED, "CPU of a write more at the source, µs"),
                ours.cpuMicros - plain.cpuMicros);
    }

    private void tellSaturated(Profile load, Cost ours, Cost plain) {
        String name = load.name();
        figures.add(Figure.of(name, "IOPS of the plain volume"), plain.result.iops());
        figures.add(
                Figure.atLeast(name, "IOPS, × the plain volume", 0.85),
                ours.result.iops() / plain.result.iops());
        figures.add(
                Figure.of(name, "p99, × the plain volume"),
                ours.result.p99Nanos() / plain.result.p99Nanos());
        figures.add(
                Figure.of(name, "CPU of an operation more, µs"), ours.cpuMicros - plain.cpuMicros);
        figures.add(
                Figure.of(name, "ended in TRACK, share of the rounds"),
                ours.mode.equals("STREAM") ? 0 : 1);
    }

    private static double micros(long nanos) {
        return (double) nanos / NANOS_OF_A_MICRO;
    }

    private static double micros(double nanos) {
        return nanos / NANOS_OF_A_MICRO;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// The cells of all rounds. A ratio is taken within a round, where both were measured in the same minute; then the median of the rounds.
final class Results {
    private final Map<String, Map<String, List<Cell>>> cells =
            new LinkedHashMap<>(); // profile, server

    void add(Profile profile, String server, Cell cell) {
        cells.computeIfAbsent(profile.name(), _ -> new LinkedHashMap<>())
                .computeIfAbsent(server, _ -> new ArrayList<>())
                .add(cell);
    }

    List<Cell> of(Profile profile, String server) {
        return cells.getOrDefault(profile.name(), Map.of()).getOrDefault(server, List.of());
    }

    /// 0 when there is nothing.
    double median(Profile profile, String server, ToDoubleFunction<Cell> what) {
        return median(of(profile, server).stream().mapToDouble(what).toArray());
    }

    /// The median over the rounds of one server's figure as a multiple of another's; 0 when there is nothing.
    double ratio(Profile profile, String server, String other, ToDoubleFunction<Cell> what) {
        List<Cell> ours = of(profile, server);
        List<Cell> theirs = of(profile, other);
        var ratios = new double[Math.min(ours.size(), theirs.size())];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] =
                    what.applyAsDouble(ours.get(round)) / what.applyAsDouble(theirs.get(round));
        }
        return median(ratios);
    }

    static double median(double[] values) {
        if (values.length == 0) {
            return 0;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

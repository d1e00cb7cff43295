// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/// What each round measured, and the table of it: the median over the rounds, the least and the greatest, beside the target.
final class Figures {
    private static final String HEAD =
            """
            | profile | figure | target | measured | over the rounds | |
            |---|---|---|---|---|---|
            """;

    private final Map<Figure, List<Double>> rounds = new LinkedHashMap<>();

    void add(Figure figure, double value) {
        rounds.computeIfAbsent(figure, _ -> new ArrayList<>()).add(value);
    }

    /// @param facts where it was measured
    String markdown(Map<String, String> facts) {
        var text = new StringBuilder();
        facts.forEach((key, value) -> text.append("- **%s** %s%n".formatted(key, value)));
        text.append('\n').append(HEAD);
        rounds.forEach((figure, values) -> text.append(row(figure, values)).append('\n'));
        long missed =
                rounds.entrySet().stream()
                        .filter(e -> e.getKey().verdict(median(e.getValue())).contains("missed"))
                        .count();
        text.append("%n%d of %d targets missed.%n".formatted(missed, targets()));
        return text.toString();
    }

    private long targets() {
        return rounds.keySet().stream().filter(f -> !f.target().isEmpty()).count();
    }

    private static String row(Figure figure, List<Double> values) {
        double[] sorted = sorted(values);
        double median = Results.median(sorted);
        return "| %s | %s | %s | %s | %s | %s |"
                .formatted(
                        figure.profile(),
                        figure.what(),
                        figure.target(),
                        Figure.number(median),
                        sorted.length == 1
                                ? ""
                                : Figure.number(sorted[0])
                                        + " – "
                                        + Figure.number(sorted[sorted.length - 1]),
                        figure.verdict(median));
    }

    private static double median(List<Double> values) {
        return Results.median(sorted(values));
    }

    private static double[] sorted(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    String json(Map<String, String> facts) {
        var rows = new ArrayList<Map<String, Object>>();
        rounds.forEach((figure, values) -> {
            var row = new LinkedHashMap<String, Object>();
            row.put("profile", figure.profile());
            row.put("figure", figure.what());
            row.put("target", figure.target());
            row.put("verdict", figure.verdict(median(values)).replace("*", ""));
            row.put("rounds", values);
            rows.add(row);
        });
        var all = new LinkedHashMap<String, Object>();
        all.put("facts", facts);
        all.put("figures", rows);
        return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/// The table, for people and for programs.
final class Report {
    static final String OURS = "redoubt";
    static final String NBDKIT = "nbdkit";
    static final String QEMU = "qemu-nbd";
    static final String FILE = "file";

    private static final String HEAD =
            """
            | profile | IOPS | × nbdkit | × qemu-nbd | × file | p99 µs | p99 × nbdkit | p99 × qemu-nbd | CPU µs/op: redoubt, nbdkit, qemu-nbd | floor | |
            |---|---|---|---|---|---|---|---|---|---|---|
            """;

    private final Results results;
    private final List<Profile> profiles;
    private final Map<String, String> facts;
    private final boolean plain;

    /// @param plain the floors hold: no encryption, no checksums, no snapshot
    Report(Results results, List<Profile> profiles, Map<String, String> facts, boolean plain) {
        this.results = results;
        this.profiles = profiles;
        this.facts = facts;
        this.plain = plain;
    }

    String markdown() {
        var text = new StringBuilder();
        facts.forEach((key, value) -> text.append("- **%s** %s%n".formatted(key, value)));
        text.append('\n').append(HEAD);
        for (Profile profile : profiles) {
            text.append(row(profile)).append('\n');
        }
        return text.toString();
    }

    String row(Profile profile) {
        return "| %s | %s | %s | %s | %s | %.0f | %s | %s | %s, %s, %s | %s | %s |"
                .formatted(
                        profile.name(),
                        speed(profile),
                        ratio(iops(profile, NBDKIT)),
                        ratio(iops(profile, QEMU)),
                        ratio(iops(profile, FILE)),
                        results.median(profile, OURS, Cell::p99Nanos) / 1000,
                        ratio(results.ratio(profile, OURS, NBDKIT, Cell::p99Nanos)),
                        ratio(results.ratio(profile, OURS, QEMU, Cell::p99Nanos)),
                        micros(profile, OURS),
                        micros(profile, NBDKIT),
                        micros(profile, QEMU),
                        plain ? floors(profile) : "",
                        plain && isBelow(profile) ? "**below**" : "");
    }

    /// Whether a floor is missed.
    boolean isBelow(Profile profile) {
        return iops(profile, NBDKIT) < profile.floorNbdkit()
                || iops(profile, QEMU) < profile.floorQemu();
    }

    private double iops(Profile profile, String other) {
        return results.ratio(profile, OURS, other, Cell::iops);
    }

    private String speed(Profile profile) {
        double iops = results.median(profile, OURS, Cell::iops);
        return profile.isLarge()
                ? String.format(
                        Locale.ROOT, "%.0f (%.0f MB/s)", iops, iops * profile.blockBytes() / 1e6)
                : String.format(Locale.ROOT, "%.0f", iops);
    }

    private String micros(Profile profile, String server) {
        return String.format(Locale.ROOT, "%.1f", results.median(profile, server, Cell::cpuMicros));
    }

    private static String floors(Profile profile) {
        return profile.floorNbdkit() == 0 && profile.floorQemu() == 0
                ? ""
                : floor(profile.floorNbdkit()) + " / " + floor(profile.floorQemu());
    }

    private static String floor(double value) {
        return value == 0 ? "none" : ratio(value);
    }

    private static String ratio(double value) {
        return value == 0 ? "–" : String.format(Locale.ROOT, "%.2f", value);
    }

    String json() {
        var rows = new ArrayList<Map<String, Object>>();
        for (Profile profile : profiles) {
            var row = new LinkedHashMap<String, Object>();
            row.put("profile", profile.name());
            row.put("iopsToNbdkit", iops(profile, NBDKIT));
            row.put("iopsToQemuNbd", iops(profile, QEMU));
            row.put("floorNbdkit", profile.floorNbdkit());
            row.put("floorQemuNbd", profile.floorQemu());
            row.put("below", plain && isBelow(profile));
            for (String server : List.of(OURS, NBDKIT, QEMU, FILE)) {
                row.put(server, results.of(profile, server));
            }
            rows.add(row);
        }
        var all = new LinkedHashMap<String, Object>();
        all.put("facts", facts);
        all.put("profiles", rows);
        return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all);
    }
}

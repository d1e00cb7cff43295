// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a guest found on its two disks when it started: the line `FOUND` of a writer, or `VERIFIED` of a guest that only checks.
///
/// @param word      `FOUND` or `VERIFIED`
/// @param rows      rows in the database on the first disk, the highest of them being `maxId`
/// @param gaps      numbers missing between the lowest and the highest row
/// @param badRows   rows whose checksum is wrong
/// @param integrity the database's own check, `ok` or `none` when there is no database yet
/// @param second    the highest number on the second disk
/// @param missing   files that should be there
/// @param badSums   files whose checksum is wrong
/// @param fsck      `0` when the first disk's file system is clean
/// @param xfs       `0` when the second disk's file system is clean, `none` when there is none
public record Finding(
        String word,
        long rows,
        long minId,
        long maxId,
        long gaps,
        long badRows,
        String integrity,
        long files,
        long second,
        long missing,
        long badSums,
        String fsck,
        String xfs) {
    public static final String FOUND = "FOUND";
    public static final String VERIFIED = "VERIFIED";

    private static final Pattern LINE = Pattern.compile("\\b(FOUND|VERIFIED)((?: [a-z]+=\\S+)+)$");
    private static final List<String> NUMBERS =
            List.of(
                    "rows", "minid", "maxid", "gaps", "badrows", "files", "second", "missing",
                    "badsums");
    private static final List<String> WORDS = List.of("integrity", "fsck", "xfs");
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,18}");

    /// The finding that a whole line holds; noise before it does no harm, a part that is missing or unreadable does.
    static Optional<Finding> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.find()) {
            return Optional.empty();
        }
        Map<String, String> parts = new HashMap<>();
        for (String part : matcher.group(2).strip().split(" ")) {
            int equals = part.indexOf('=');
            parts.put(part.substring(0, equals), part.substring(equals + 1));
        }
        boolean whole =
                parts.keySet().containsAll(WORDS)
                        && NUMBERS.stream()
                                .allMatch(name ->
                                        NUMBER.matcher(parts.getOrDefault(name, "")).matches());
        return whole ? Optional.of(of(matcher.group(1), parts)) : Optional.empty();
    }

    private static Finding of(String word, Map<String, String> parts) {
        return new Finding(
                word,
                number(parts, "rows"),
                number(parts, "minid"),
                number(parts, "maxid"),
                number(parts, "gaps"),
                number(parts, "badrows"),
                parts.getOrDefault("integrity", ""),
                number(parts, "files"),
                number(parts, "second"),
                number(parts, "missing"),
                number(parts, "badsums"),
                parts.getOrDefault("fsck", ""),
                parts.getOrDefault("xfs", ""));
    }

    private static long number(Map<String, String> parts, String name) {
        return Long.parseLong(parts.getOrDefault(name, ""));
    }

    /// For a person, in one line.
    public String words() {
        return "%d rows, highest %d; second disk %d; integrity %s, gaps %d, bad rows %d, missing files %d, bad files %d, fsck %s, xfs %s"
                .formatted(
                        rows, maxId, second, integrity, gaps, badRows, missing, badSums, fsck, xfs);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// A ladder as it is said on a command line: `1h,24h/1m,7d/15m` keeps all points of an hour, one a minute of a day and one a quarter of an
/// hour of a week.
final class Rungs {
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})([smhd])");

    private Rungs() {}

    /// @throws IllegalArgumentException that says what can be said
    static List<Map<String, Object>> parse(String text) {
        var rungs = new ArrayList<Map<String, Object>>();
        for (String rung : text.split(",")) {
            String[] parts = rung.strip().split("/");
            if (parts.length > 2) {
                throw new IllegalArgumentException(
                        "'%s' is no rung: say AGE, or AGE/EVERY, such as 24h/1m".formatted(rung));
            }
            rungs.add(
                    Map.of(
                            "untilSeconds",
                            seconds(parts[0]),
                            "everySeconds",
                            parts.length == 1 ? 0L : seconds(parts[1])));
        }
        return rungs;
    }

    private static long seconds(String text) {
        Matcher time = TIME.matcher(text.strip());
        if (!time.matches()) {
            throw new IllegalArgumentException(
                    "'%s' is no time: say a number and s, m, h or d, such as 24h".formatted(text));
        }
        return Long.parseLong(time.group(1)) * unit(time.group(2));
    }

    private static long unit(String letter) {
        return switch (letter) {
            case "s" -> 1;
            case "m" -> 60;
            case "h" -> 3600;
            default -> 86_400;
        };
    }

    /// As [#parse] reads it.
    static String words(JsonNode ladder) {
        var rungs = new ArrayList<String>();
        for (JsonNode rung : ladder) {
            long every = rung.path("everySeconds").asLong(0);
            String until = time(rung.path("untilSeconds").asLong(0));
            rungs.add(every == 0 ? until : until + "/" + time(every));
        }
        return String.join(",", rungs);
    }

    private static String time(long seconds) {
        for (String letter : List.of("d", "h", "m")) {
            boolean oneDay = seconds == unit("d"); // said as 24h, as everybody does
            if (seconds % unit(letter) == 0 && !(letter.equals("d") && oneDay)) {
                return seconds / unit(letter) + letter;
            }
        }
        return seconds + "s";
    }
}

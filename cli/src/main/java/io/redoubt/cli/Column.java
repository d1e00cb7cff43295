// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.Locale;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// A column of a table.
///
/// @param pointer where the value stands in an item, as a JSON pointer
record Column(String title, String pointer, Function<JsonNode, String> words) {
    private static final String NOTHING = "-";
    private static final int SHORT = "1023 MiB".length();

    static Column text(String title, String pointer) {
        return new Column(title, pointer, Column::plain);
    }

    static Column bytes(String title, String pointer) {
        return new Column(
                title, pointer, value -> value.isNumber() ? size(value.asLong()) : NOTHING);
    }

    /// Says `yes` where it holds and nothing where it does not: the exception shall be seen.
    static Column yes(String title, String pointer) {
        return new Column(title, pointer, value -> value.asBoolean(false) ? "yes" : NOTHING);
    }

    static Column seconds(String title, String pointer) {
        return new Column(
                title,
                pointer,
                value ->
                        value.isNumber()
                                ? String.format(Locale.ROOT, "%.1f s", value.asDouble())
                                : NOTHING);
    }

    static Column millis(String title, String pointer) {
        return new Column(
                title,
                pointer,
                value ->
                        value.isNumber()
                                ? String.format(Locale.ROOT, "%.2f s", value.asDouble() / 1000)
                                : NOTHING);
    }

    /// The names or ids of a list.
    static Column list(String title, String pointer, String field) {
        return new Column(
                title,
                pointer,
                value -> {
                    var names = new StringBuilder();
                    for (JsonNode item : value) {
                        JsonNode shown = field.isEmpty() ? item : item.path(field);
                        names.append(names.isEmpty() ? "" : ", ").append(shown.asString("?"));
                    }
                    return names.isEmpty() ? NOTHING : names.toString();
                });
    }

    String of(JsonNode item) {
        return words.apply(item.at(pointer));
    }

    /// Exact where that is short, else with one decimal.
    static String size(long bytes) {
        String exact = new Bytes(bytes).toString();
        if (exact.length() <= SHORT) {
            return exact;
        }
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    private static String plain(JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return NOTHING;
        }
        if (value.isContainer()) {
            return value.toString();
        }
        String text = value.asString("");
        return text.isEmpty() ? NOTHING : text;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Rows and columns as text, two spaces apart.
final class Table {
    private Table() {}

    /// The title line, then one line for each item.
    static List<String> of(List<Column> columns, List<JsonNode> items) {
        var rows = new ArrayList<List<String>>();
        rows.add(columns.stream().map(Column::title).toList());
        for (JsonNode item : items) {
            rows.add(columns.stream().map(column -> column.of(item)).toList());
        }
        return aligned(rows);
    }

    /// One line for each field of an object; a list or an object in it as JSON.
    static List<String> of(JsonNode object) {
        return of(object, List.of());
    }

    /// @param without fields that are shown in another way
    static List<String> of(JsonNode object, List<String> without) {
        var rows = new ArrayList<List<String>>();
        for (var field : object.properties()) {
            if (!without.contains(field.getKey())) {
                rows.add(List.of(field.getKey(), Column.text("", "").of(field.getValue())));
            }
        }
        return aligned(rows);
    }

    private static List<String> aligned(List<List<String>> rows) {
        int columns = rows.isEmpty() ? 0 : rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        var lines = new ArrayList<String>();
        for (List<String> row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}

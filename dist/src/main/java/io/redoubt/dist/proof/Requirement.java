// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// A row of `docs/requirements.md`: `| id | state | proof or what is missing |`, tests in backticks as `Class` or `Class.method`.
record Requirement(String id, State state, List<String> tests) {
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*Test(?:\\.\\w+)?)`");
    private static final int CELLS = 4;

    enum State {
        DONE,
        PARTIAL,
        OPEN
    }

    /// The rows of the tables whose second column is a state; other tables and text are passed over.
    static List<Requirement> in(Path table) throws IOException {
        var rows = new ArrayList<Requirement>();
        for (String line : Files.readAllLines(table)) {
            String[] cells = line.split("\\|", -1);
            if (cells.length >= CELLS) {
                for (State state : State.values()) {
                    if (cells[2].strip().equalsIgnoreCase(state.name())) {
                        List<String> tests =
                                TEST.matcher(line).results().map(found -> found.group(1)).toList();
                        rows.add(new Requirement(cells[1].strip(), state, tests));
                    }
                }
            }
        }
        return rows;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli.api;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// An operation as the API shows it.
///
/// @param target the id of what it makes or changes
/// @param change rises with every change of the operation
/// @param json   the whole of what the API said
public record Operation(
        String id,
        String kind,
        String target,
        String state,
        long change,
        List<Step> steps,
        JsonNode json) {

    public record Step(String name, String state, long attempts, String note) {}

    static Operation of(JsonNode json) {
        var steps = new ArrayList<Step>();
        for (JsonNode step : json.path("steps")) {
            steps.add(
                    new Step(
                            text(step, "name"),
                            text(step, "state"),
                            step.path("attempts").asLong(0),
                            text(step, "note")));
        }
        return new Operation(
                text(json, "id"),
                text(json, "kind"),
                text(json, "target"),
                text(json, "state"),
                json.path("change").asLong(0),
                List.copyOf(steps),
                json);
    }

    public boolean ended() {
        return state.equals("succeeded") || state.equals("failed");
    }

    public boolean succeeded() {
        return state.equals("succeeded");
    }

    private static String text(JsonNode json, String field) {
        return json.path(field).asString("");
    }
}

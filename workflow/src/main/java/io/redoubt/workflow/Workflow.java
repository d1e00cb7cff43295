// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import java.util.ArrayList;
import java.util.List;

/// A list of stages. A stage is a step, or several branches that run at once; the next stage waits for all of them.
///
/// @param name   the operation's kind, `volume.create`; stays the same as long as operations of it may be on their way
/// @param input  a record; kept as JSON
/// @param stages each a list of branches, each a list of steps
public record Workflow<I>(String name, Class<I> input, List<List<List<Step<I>>>> stages) {
    public static <I> Workflow<I> named(String name, Class<I> input) {
        return new Workflow<>(name, input, List.of());
    }

    public Workflow<I> step(Step<I> step) {
        return with(List.of(List.of(step)));
    }

    /// Branches that run at once.
    public Workflow<I> together(List<Step<I>> one, List<Step<I>> other) {
        return with(List.of(List.copyOf(one), List.copyOf(other)));
    }

    /// In the order of their numbers: stage by stage, branch by branch.
    List<Step<I>> steps() {
        return stages.stream().flatMap(List::stream).flatMap(List::stream).toList();
    }

    private Workflow<I> with(List<List<Step<I>>> stage) {
        var longer = new ArrayList<>(stages);
        longer.add(stage);
        return new Workflow<>(name, input, List.copyOf(longer));
    }
}

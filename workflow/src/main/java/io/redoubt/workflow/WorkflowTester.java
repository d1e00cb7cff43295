// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import java.util.List;

/// For tests: carries a workflow out in memory, every run and every undo twice, as after a crash at the worst moment.
public final class WorkflowTester {
    private WorkflowTester() {}

    /// To the end; each step is run twice.
    public static <I> void complete(Workflow<I> workflow, I input) {
        for (Step<I> step : workflow.steps()) {
            step.run(input);
            step.run(input);
        }
    }

    /// Runs the first `count` steps and walks back; nothing may be left behind.
    public static <I> void breakAfter(int count, Workflow<I> workflow, I input) {
        List<Step<I>> begun = workflow.steps().subList(0, count);
        for (Step<I> step : begun) {
            step.run(input);
            step.run(input);
        }
        for (Step<I> step : begun.reversed()) {
            step.undo(input);
            step.undo(input);
        }
    }

    /// How many ways there are to break: after no step, after each, after the last.
    public static int steps(Workflow<?> workflow) {
        return workflow.steps().size();
    }
}

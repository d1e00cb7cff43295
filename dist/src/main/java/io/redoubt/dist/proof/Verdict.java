// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import io.redoubt.dist.proof.Requirement.State;
import io.redoubt.dist.proof.TestCase.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a run is worth.
///
/// A run that was asked for everything fails when a test failed, when a row that is called done names a test that did not
/// pass in it, and, if it has to be complete, when a test did not run. A run for one name fails when it found nothing.
record Verdict(List<String> lines, boolean passed) {

    /// @param name      the test that was asked for; empty for all
    /// @param longTests classes with long tests that this run left out
    /// @param complete  whether a test that did not run is a failure
    /// @param crashes   what Maven's log says of test processes that died
    record Run(
            String name,
            List<TestCase> cases,
            List<Requirement> requirements,
            List<String> longTests,
            boolean complete,
            List<String> crashes) {}

    static Verdict of(Run run) {
        var lines = new ArrayList<String>();
        List<TestCase> failed = with(Outcome.FAILED, run);
        List<TestCase> skipped = with(Outcome.SKIPPED, run);
        int passed = run.cases().size() - failed.size() - skipped.size();
        failed.forEach(test -> lines.add("FAILED " + test.name() + ": " + test.words()));
        run.crashes().forEach(line -> lines.add("CRASHED " + line));
        List<String> unproven = run.name().isEmpty() ? unproven(run) : List.of();
        lines.addAll(unproven);
        notRun(run, skipped, lines);
        boolean nothing = run.cases().isEmpty();
        if (nothing) {
            lines.add(
                    run.name().isEmpty()
                            ? "No test ran at all."
                            : "No test is named '%s'; names are classes or Class#method."
                                    .formatted(run.name()));
        }
        lines.add(
                "%d passed, %d failed, %d skipped"
                        .formatted(passed, failed.size(), skipped.size()));
        boolean good =
                failed.isEmpty()
                        && run.crashes().isEmpty()
                        && unproven.isEmpty()
                        && !nothing
                        && (skipped.isEmpty() || !run.complete());
        return new Verdict(List.copyOf(lines), good);
    }

    private static void notRun(Run run, List<TestCase> skipped, List<String> lines) {
        if (!skipped.isEmpty() || !run.longTests().isEmpty()) {
            lines.add("Did not run:");
            skipped.forEach(test -> lines.add("  " + test.name() + ": " + test.words()));
            if (!run.longTests().isEmpty()) {
                lines.add(
                        "  long tests in %s: ./redoubt test --long"
                                .formatted(String.join(", ", run.longTests())));
            }
            if (run.complete() && !skipped.isEmpty()) {
                lines.add("CI=true: a test that did not run is a failure.");
            }
        }
    }

    private static List<String> unproven(Run run) {
        Set<String> proven = new HashSet<>();
        for (TestCase test : run.cases()) {
            if (test.outcome() == Outcome.PASSED) {
                proven.add(test.type());
                proven.add(test.name());
            }
        }
        var lines = new ArrayList<String>();
        for (Requirement row : run.requirements()) {
            if (row.state() == State.DONE) {
                if (row.tests().isEmpty()) {
                    lines.add("UNPROVEN " + row.id() + " is called done and names no test");
                }
                for (String test : row.tests()) {
                    if (!proven.contains(test)) {
                        lines.add(
                                "UNPROVEN %s is called done by %s, which did not pass in this run"
                                        .formatted(row.id(), test));
                    }
                }
            }
        }
        return lines;
    }

    private static List<TestCase> with(Outcome outcome, Run run) {
        return run.cases().stream().filter(test -> test.outcome() == outcome).toList();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.dist.proof.Requirement.State;
import io.redoubt.dist.proof.TestCase.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerdictTest {
    private static final TestCase GOOD = new TestCase("JournalTest", "a_cut", Outcome.PASSED, "");
    private static final TestCase BAD =
            new TestCase("FenceTest", "a_number", Outcome.FAILED, "expected 7 but was 8");
    private static final TestCase ABSENT =
            new TestCase("QemuTest", "a_boot", Outcome.SKIPPED, "fio is not installed");

    @Test
    void a_run_where_everything_passed_is_good_and_ends_with_the_counts() {
        Verdict verdict = all(false, List.of(GOOD));
        assertThat(verdict.passed()).isTrue();
        assertThat(verdict.lines()).last().isEqualTo("1 passed, 0 failed, 0 skipped");
    }

    @Test
    void a_failed_test_is_named_with_its_reason() {
        Verdict verdict = all(false, List.of(GOOD, BAD));
        assertThat(verdict.passed()).isFalse();
        assertThat(verdict.lines())
                .contains(
                        "FAILED FenceTest.a_number: expected 7 but was 8",
                        "1 passed, 1 failed, 0 skipped");
    }

    @Test
    void a_test_that_did_not_run_is_listed_and_fails_only_a_complete_run() {
        assertThat(all(false, List.of(GOOD, ABSENT)).passed()).isTrue();
        Verdict complete = all(true, List.of(GOOD, ABSENT));
        assertThat(complete.passed()).isFalse();
        assertThat(complete.lines()).contains("  QemuTest.a_boot: fio is not installed");
    }

    @Test
    void long_tests_are_listed_and_fail_nothing() {
        Verdict verdict =
                Verdict.of(
                        new Verdict.Run(
                                "",
                                List.of(GOOD),
                                List.of(),
                                List.of("SoakTest"),
                                true,
                                List.of()));
        assertThat(verdict.passed()).isTrue();
        assertThat(verdict.lines()).contains("  long tests in SoakTest: ./redoubt test --long");
    }

    @Test
    void a_row_that_is_done_by_a_test_that_did_not_pass_here_fails_the_run() {
        assertThat(row(State.DONE, List.of("JournalTest.a_cut")).passed()).isTrue();
        assertThat(row(State.DONE, List.of("JournalTest")).passed()).isTrue();
        assertThat(row(State.DONE, List.of("JournalTest.gone")).passed()).isFalse();
        assertThat(row(State.DONE, List.of("QemuTest.a_boot")).passed()).isFalse();
        assertThat(row(State.DONE, List.of()).passed()).isFalse();
        assertThat(row(State.PARTIAL, List.of("JournalTest.gone")).passed()).isTrue();
    }

    @Test
    void a_test_process_that_died_fails_the_run() {
        Verdict verdict =
                Verdict.of(
                        new Verdict.Run(
                                "",
                                List.of(GOOD),
                                List.of(),
                                List.of(),
                                false,
                                List.of("[ERROR] The forked VM terminated")));
        assertThat(verdict.passed()).isFalse();
    }

    @Test
    void a_name_that_no_test_has_fails_and_says_so() {
        Verdict verdict =
                Verdict.of(
                        new Verdict.Run(
                                "Jornal", List.of(), List.of(), List.of(), false, List.of()));
        assertThat(verdict.passed()).isFalse();
        assertThat(verdict.lines()).anyMatch(line -> line.contains("'Jornal'"));
    }

    private static Verdict all(boolean complete, List<TestCase> cases) {
        return Verdict.of(new Verdict.Run("", cases, List.of(), List.of(), complete, List.of()));
    }

    private static Verdict row(State state, List<String> tests) {
        return Verdict.of(
                new Verdict.Run(
                        "",
                        List.of(GOOD, ABSENT),
                        List.of(new Requirement("I1", state, tests)),
                        List.of(),
                        false,
                        List.of()));
    }
}

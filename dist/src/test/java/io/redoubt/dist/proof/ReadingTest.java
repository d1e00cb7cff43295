// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.dist.proof.Requirement.State;
import io.redoubt.dist.proof.TestCase.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadingTest {
    @TempDir Path root;

    @Test
    void a_report_gives_its_cases_without_the_arguments_of_parameterized_tests()
            throws IOException {
        Path reports = Files.createDirectories(root.resolve("core/target/surefire-reports"));
        Files.writeString(
                reports.resolve("TEST-io.redoubt.core.BytesTest.xml"),
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuite name="io.redoubt.core.BytesTest" tests="4">
                  <testcase name="a_size(long)[3]" classname="io.redoubt.core.BytesTest" time="0.1"/>
                  <testcase name="a_text" classname="io.redoubt.core.BytesTest" time="0.1">
                    <failure message="&#10;expected: 1&#10; but was: 2" type="x">stack</failure>
                  </testcase>
                  <testcase name="with_root" classname="io.redoubt.core.BytesTest" time="0">
                    <skipped message="Assumption failed: needs root"/>
                  </testcase>
                  <testcase name="" classname="io.redoubt.core.Outer$InnerTest" time="0">
                    <error type="java.lang.Error">java.lang.Error: boom&#10;  at x.Y.z(Y.java:1)</error>
                  </testcase>
                </testsuite>
                """);
        assertThat(TestReports.under(root))
                .containsExactly(
                        new TestCase("BytesTest", "a_size", Outcome.PASSED, ""),
                        new TestCase(
                                "BytesTest", "a_text", Outcome.FAILED, "expected: 1 but was: 2"),
                        new TestCase(
                                "BytesTest",
                                "with_root",
                                Outcome.SKIPPED,
                                "Assumption failed: needs root"),
                        new TestCase("InnerTest", "", Outcome.FAILED, "java.lang.Error: boom"));
    }

    @Test
    void a_torn_report_is_an_error_and_not_a_run_without_tests() throws IOException {
        Path torn = Files.writeString(root.resolve("TEST-x.xml"), "<testsuite><testca");
        assertThatThrownBy(() -> TestReports.read(torn))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("TEST-x.xml");
    }

    @Test
    void rows_have_their_state_and_their_tests() throws IOException {
        Path table =
                Files.writeString(
                        root.resolve("requirements.md"),
                        """
                        | row | state | proof |
                        |---|---|---|
                        | I1 | done | `CutTest.a_view_is_exact`, `OracleTest` in `storage` |
                        | I9 | partial | the map is missing |
                        | A1 | open | |
                        | not a row |
                        """);
        assertThat(Requirement.in(table))
                .containsExactly(
                        new Requirement(
                                "I1", State.DONE, List.of("CutTest.a_view_is_exact", "OracleTest")),
                        new Requirement("I9", State.PARTIAL, List.of()),
                        new Requirement("A1", State.OPEN, List.of()));
    }

    @Test
    void classes_with_a_long_test_are_found_by_their_tag() throws IOException {
        Path sources = Files.createDirectories(root.resolve("node/src/test/java/io/redoubt/node"));
        Files.writeString(sources.resolve("SoakTest.java"), "@Tag(\"long\") class SoakTest {}");
        Files.writeString(sources.resolve("QuickTest.java"), "class QuickTest {}");
        assertThat(LongTests.under(root)).containsExactly("SoakTest");
    }
}

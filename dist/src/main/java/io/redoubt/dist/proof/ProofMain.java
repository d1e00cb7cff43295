// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The last word of `./redoubt test`: reads what Maven left behind and says what it proves.
@Command(name = "proof")
public final class ProofMain implements Callable<Integer> {
    private static final List<String> CRASH_WORDS =
            List.of(
                    "The forked VM terminated",
                    "There was a timeout or other error in the fork",
                    "ExecutionException");

    @Option(names = "--name")
    private String name = "";

    @Option(names = "--long")
    private boolean longToo;

    @Option(names = "--complete")
    private boolean complete;

    @Parameters(arity = "1")
    private Path root = Path.of(".");

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ProofMain()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        Path table = root.resolve("docs/requirements.md");
        Verdict verdict =
                Verdict.of(
                        new Verdict.Run(
                                name,
                                TestReports.under(root),
                                Files.exists(table) ? Requirement.in(table) : List.of(),
                                longToo ? List.of() : LongTests.under(root),
                                complete,
                                crashes(root.resolve("target/build.log"))));
        verdict.lines().forEach(System.out::println);
        return verdict.passed() ? 0 : 1;
    }

    private static List<String> crashes(Path log) throws IOException {
        if (!Files.exists(log)) {
            return List.of();
        }
        // Guests and servers write into this log as well, so not every byte is UTF-8.
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("[ERROR]"))
                    .filter(line -> CRASH_WORDS.stream().anyMatch(line::contains))
                    .distinct()
                    .limit(5)
                    .toList();
        }
    }
}

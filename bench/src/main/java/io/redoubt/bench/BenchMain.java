// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.fault.FaultException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// `redoubt bench`. Exit status 0 measured, 1 refused or failed, 2 asked wrongly. A slow result is a result.
@Command(
        name = "bench",
        description = "Measures Redoubt beside others and beside itself, interleaved in one run.",
        subcommands = {BlockBench.class, ReplicationBench.class})
public final class BenchMain {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "what can be said here")
    boolean help;

    private BenchMain() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new BenchMain())
                .setExecutionExceptionHandler((e, line, _) -> {
                    if (!(e instanceof FaultException refused)) {
                        throw e;
                    }
                    line.getErr().println("redoubt: " + refused.fault().message());
                    line.getErr().println("  " + refused.fault().remedy());
                    return 1;
                });
    }
}

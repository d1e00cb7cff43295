// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import io.redoubt.core.fault.FaultException;
import io.redoubt.node.journal.JournalCommand;
import io.redoubt.node.serve.VolumeCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// The entry of every process on a host: `volume serve`, `journal`, and what a node adds.
///
/// Exit status: 0 done, 1 refused with a fault, 2 a wrong command line.
@Command(
        name = "redoubt",
        description = "The processes of a Redoubt host.",
        subcommands = {
            VolumeCommand.class,
            JournalCommand.class,
            NodeCommand.class,
            BreakGlassCommand.class
        })
public final class NodeMain {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "what can be said here")
    boolean help;

    private NodeMain() {}

    public static void main(String[] args) {
        int status = commandLine().execute(args);
        if (status != 0) {
            System.exit(status);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new NodeMain())
                .setExecutionExceptionHandler((e, commandLine, _) -> {
                    if (!(e instanceof FaultException refused)) {
                        throw e;
                    }
                    commandLine.getErr().println("redoubt: " + refused.fault().message());
                    commandLine.getErr().println("  " + refused.fault().remedy());
                    return 1;
                });
    }
}

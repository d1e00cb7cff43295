// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Who is protected by a group, and the end of its protection.
final class MemberCommands {
    private MemberCommands() {}

    @Command(
            name = "delete",
            description = "Ends the protection; the recovery points go with it.")
    static final class End implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @Option(
                names = "--even-if-away",
                description = {
                    "Wait for no node: one that is away is told when it comes back.",
                    "While a source has not been told, the journal stays and grants it its writes."
                })
        private boolean evenIfAway;

        @Override
        public Integer call() {
            return writes.delete(
                    Nouns.GROUP.path()
                            + "/"
                            + Paths.part(which)
                            + (evenIfAway ? "?evenIfAway=true" : ""),
                    "group " + which + " is gone");
        }
    }
}

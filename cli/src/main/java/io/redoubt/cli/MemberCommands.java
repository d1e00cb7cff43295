// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Who is protected by a group, and the end of its protection.
final class MemberCommands {
    private MemberCommands() {}

    @Command(
            name = "add",
            description = {
                "Protects more machines with a group, from their first complete copy on.",
                "Points until then stay as they are; the guests go on."
            })
    static final class Add implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", index = "0", description = "A name or an id.")
        private String which = "";

        @Parameters(paramLabel = "MACHINE", index = "1..*", arity = "1..*")
        private List<String> machines = List.of();

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.GROUP.path() + "/" + Paths.part(which) + "/machines",
                    Map.of("machines", machines),
                    "group %s protects %s, too".formatted(which, String.join(", ", machines)));
        }
    }

    @Command(
            name = "remove",
            description = {
                "Ends the protection of one machine of a group.",
                "Points until now keep it until they expire. Again when a node was away: it goes on from there."
            })
    static final class Remove implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", index = "0", description = "A name or an id.")
        private String which = "";

        @Parameters(paramLabel = "MACHINE", index = "1", description = "A name or an id.")
        private String machine = "";

        @Override
        public Integer call() {
            return writes.delete(
                    Nouns.GROUP.path()
                            + "/"
                            + Paths.part(which)
                            + "/machines/"
                            + Paths.part(machine),
                    "group %s does not protect %s any more".formatted(which, machine));
        }
    }

    @Command(name = "delete", description = "Ends the protection; the recovery points go with it.")
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

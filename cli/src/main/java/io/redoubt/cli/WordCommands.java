// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What persons give their word for where no machine can know it.
final class WordCommands {
    private static final String CONTROL_PLANE = "/v1/control-plane";

    private WordCommands() {}

    @Command(
            name = "words",
            description = "Lists what persons gave their word for, such as that a source is off.")
    static final class ListWords implements Callable<Integer> {
        private static final Noun WORD =
                new Noun(
                        "word",
                        "words",
                        List.of(
                                Column.text("AT", "/saidAt"),
                                Column.text("ABOUT", "/about"),
                                Column.text("BY", "/saidBy"),
                                Column.text("FAILOVER", "/failover"),
                                Column.text("WORD", "/word")));

        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP", description = "A name or an id.")
        private String which = "";

        @Override
        public Integer call() {
            String path = Nouns.GROUP.path() + "/" + Paths.part(which) + "/" + WORD.path();
            Reads.printList(session, new Noun(WORD.name(), path, WORD.columns()));
            return 0;
        }
    }

    @Command(
            name = "receiver-lost",
            description = {
                "Gives your word that a group's receiver is lost with its journal, and was not promoted.",
                "After it, a source whose host has booted anew may write again; until then it waits for the receiver to confirm its role."
            })
    static final class ReceiverLost implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(index = "0", paramLabel = "GROUP", description = "A name or an id.")
        private String which = "";

        @Parameters(index = "1", paramLabel = "WORD", description = "What you saw; it is recorded.")
        private String word = "";

        @Override
        public Integer call() {
            JsonNode group =
                    session.api()
                            .ask(
                                    Nouns.GROUP.path() + "/" + Paths.part(which) + "/receiver-lost",
                                    Map.of("word", word));
            if (session.json()) {
                session.print(group);
            } else {
                session.tell("The sources of group " + which + " are granted to without it.");
            }
            return 0;
        }
    }

    @Command(
            name = "show",
            description =
                    "Shows which start of the control plane this is, and to which groups nothing is granted yet because its database is older.")
    static final class ShowRegion implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Override
        public Integer call() {
            tell(session, session.api().fetch(CONTROL_PLANE));
            return 0;
        }
    }

    @Command(
            name = "take-over",
            description = {
                "Makes every node obey this control plane, after it was restored elsewhere.",
                "Nodes obey the newest that they met and hear no other. Two that both run would decide against each other: take over only when the one"
                        + " before is off."
            })
    static final class TakeOver implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Option(
                names = "--control-is-off",
                required = true,
                paramLabel = "WORD",
                description =
                        "Your word, which is recorded, that the control plane before this one is off and stays off; say what you saw.")
        private String word = "";

        @Override
        public Integer call() {
            tell(
                    session,
                    session.api().ask(CONTROL_PLANE + "/take-over", Map.of("controlIsOff", word)));
            return 0;
        }
    }

    private static void tell(Session session, JsonNode controlPlane) {
        if (session.json()) {
            session.print(controlPlane);
        } else {
            Table.of(controlPlane).forEach(session::print);
        }
    }
}

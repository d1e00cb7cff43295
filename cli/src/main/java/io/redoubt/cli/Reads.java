// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/// The two questions that every noun answers: which are there, and what about this one.
final class Reads {
    private Reads() {}

    static void printList(Session session, Noun noun) {
        List<JsonNode> items = session.api().fetchAll(noun.path());
        if (session.json()) {
            ArrayNode all = JsonMapper.shared().createArrayNode();
            items.forEach(all::add);
            session.print(all);
        } else {
            Table.of(noun.columns(), items).forEach(session::print);
        }
    }

    static void printOne(Session session, Noun noun, String which) {
        JsonNode item = session.api().fetch(noun.path() + "/" + Paths.part(which));
        if (session.json()) {
            session.print(item);
        } else {
            Table.of(item).forEach(session::print);
        }
    }

    @Command(name = "list", description = "Lists all of them.")
    static final class ListAll implements Callable<Integer> {
        @Mixin private Session session = new Session();
        private final Noun noun;

        ListAll(Noun noun) {
            this.noun = noun;
        }

        @Override
        public Integer call() {
            printList(session, noun);
            return 0;
        }
    }

    @Command(name = "show", description = "Shows one with everything that is known of it.")
    static final class Show implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        private final Noun noun;

        Show(Noun noun) {
            this.noun = noun;
        }

        @Override
        public Integer call() {
            printOne(session, noun, which);
            return 0;
        }
    }
}

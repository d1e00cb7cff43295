// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What is done with recovery points.
final class PointCommands {
    private PointCommands() {}

    @Command(name = "list", description = "Lists the recovery points of a group, newest first.")
    static final class ListPoints implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Override
        public Integer call() {
            Reads.printList(session, Nouns.pointsOf(group));
            return 0;
        }
    }

    @Command(
            name = "show",
            description = "Shows one recovery point, with the last write of each volume in it.")
    static final class ShowPoint implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP", index = "0")
        private String group = "";

        @Parameters(paramLabel = "NUMBER", index = "1", description = "A number, or newest.")
        private String number = "";

        @Override
        public Integer call() {
            JsonNode point =
                    session.api().fetch(Nouns.pointsOf(group).path() + "/" + Paths.part(number));
            if (session.json()) {
                session.print(point);
                return 0;
            }
            Table.of(Nouns.pointsOf(group).columns(), List.of(point)).forEach(session::print);
            var writes = new ArrayList<JsonNode>();
            point.path("writes").forEach(writes::add);
            if (!writes.isEmpty()) {
                session.print("");
                Table.of(Nouns.LAST_WRITE, writes).forEach(session::print);
            }
            return 0;
        }
    }

    @Command(
            name = "create",
            description = {
                "Takes a recovery point now.",
                "A point with a name stays until somebody deletes it; a protected one must be released before that."
            })
    static final class CreatePoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Option(names = "--name", description = "A word to find it by.")
        private @Nullable String name;

        @Option(names = "--protected", description = "It cannot be deleted before it is released.")
        private boolean isProtected;

        @Option(
                names = "--consistent",
                description =
                        "Freeze the file systems of all running guests for the cut, by their agents. When one does not freeze, the point"
                                + " is taken all the same, and says so.")
        private boolean consistent;

        @Option(
                names = "--freeze-seconds",
                paramLabel = "N",
                description = "How long freezing may take, 0.1 to 10; 5 when left out.")
        private @Nullable Double freezeSeconds;

        @Override
        public Integer call() {
            var wish = new HashMap<String, Object>();
            String chosen = name;
            if (chosen != null) {
                wish.put("name", chosen);
            }
            if (isProtected) {
                wish.put("protected", true);
            }
            if (consistent) {
                wish.put("consistent", true);
            }
            Double seconds = freezeSeconds;
            if (seconds != null) {
                wish.put("freezeSeconds", seconds);
            }
            return writes.post(
                    Nouns.pointsOf(group).path(), wish, "a point of group " + group + " was taken");
        }
    }

    /// Which one.
    static final class OnePoint {
        @Parameters(paramLabel = "GROUP", index = "0")
        private String group = "";

        @Parameters(paramLabel = "NUMBER", index = "1")
        private long number;

        String path() {
            return Nouns.pointsOf(group).path() + "/" + number;
        }

        @Override
        public String toString() {
            return "point " + number + " of group " + group;
        }
    }

    @Command(
            name = "protect",
            description = "Keeps one recovery point until it is released and deleted.")
    static final class ProtectPoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();
        @Mixin private OnePoint point = new OnePoint();

        @Override
        public Integer call() {
            return writes.patch(point.path(), Map.of("protected", true), point + " is protected");
        }
    }

    @Command(name = "release", description = "Ends the protection of one recovery point.")
    static final class ReleasePoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();
        @Mixin private OnePoint point = new OnePoint();

        @Override
        public Integer call() {
            return writes.patch(
                    point.path(), Map.of("protected", false), point + " is protected no more");
        }
    }

    @Command(name = "delete", description = "Deletes one recovery point.")
    static final class DeletePoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();
        @Mixin private OnePoint point = new OnePoint();

        @Override
        public Integer call() {
            return writes.delete(point.path(), point + " is gone");
        }
    }
}

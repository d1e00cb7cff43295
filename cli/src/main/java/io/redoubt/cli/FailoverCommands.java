// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What is done with failovers.
final class FailoverCommands {
    private FailoverCommands() {}

    @Command(
            name = "start",
            description = {
                "Recovers a group in its target zone.",
                "test: beside the machines that go on, without network; end it with failover delete.",
                "live: the target zone becomes the only writer, at once; what comes back of the source is refused.",
                "move: planned: the machines are shut down, all that they wrote arrives, then they start in the target zone. Nothing is lost;"
                        + " when anything fails before they could, they start again where they were."
            })
    static final class StartFailover implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Option(names = "--kind", required = true, description = "test, live or move.")
        private String kind = "";

        @Option(
                names = "--point",
                defaultValue = "newest",
                paramLabel = "NUMBER",
                description =
                        "The recovery point (default: ${DEFAULT-VALUE}); a move goes to a last one of its own.")
        private String point = "";

        @Option(
                names = "--source-is-off",
                paramLabel = "WORD",
                description =
                        "Of a live one: your word, which is recorded, that nodes that do not answer are off and stay off; say what you saw. Needed for a"
                                + " group whose machines go on when they are isolated.")
        private @Nullable String sourceIsOff;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("group", group);
            body.put("kind", kind);
            body.put("point", point.matches("\\d{1,18}") ? Long.valueOf(point) : point);
            if (sourceIsOff != null) {
                body.put("sourceIsOff", sourceIsOff);
            }
            return writes.post(
                    Nouns.FAILOVER.path(), body, "group " + group + " runs in its target zone");
        }
    }

    @Command(
            name = "rollback",
            description = {
                "Takes a live failover or a move back: the machines start on their old disks, as these were.",
                "Without --yes it only says what would be lost, and changes nothing."
            })
    static final class Rollback implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "ID")
        private String id = "";

        @Option(
                names = "--yes",
                description = "Do it: what was written in the target zone cannot come back.")
        private boolean yes;

        @Override
        public Integer call() {
            String path = Nouns.FAILOVER.path() + "/" + Paths.part(id);
            JsonNode preview = writes.session().api().ask(path + "/rollback-preview", Map.of());
            tell(preview);
            if (!yes) {
                writes.session().tell("Nothing was changed. Do it with --yes.");
                return 0;
            }
            return writes.post(path + "/rollback", Map.of(), "failover " + id + " was taken back");
        }

        private void tell(JsonNode preview) {
            String machines =
                    preview.path("machines")
                            .valueStream()
                            .map(JsonNode::asString)
                            .collect(Collectors.joining(", "));
            Session session = writes.session();
            if (preview.path("possible").asBoolean(false)) {
                session.tell(
                        "Lost for ever: all that machine %s wrote in the target zone since %s (%s)."
                                .formatted(
                                        machines,
                                        preview.path("writtenSince").asString("its start"),
                                        Column.seconds("", "/writtenSeconds").of(preview)));
            } else {
                session.tell(
                        "It cannot be taken back now: it is %s%s."
                                .formatted(
                                        preview.path("state").asString(""),
                                        nodesAway(preview.path("nodesAway"))));
            }
        }

        private static String nodesAway(JsonNode nodes) {
            return nodes.isEmpty()
                    ? ""
                    : ", and not connected is node "
                            + nodes.valueStream()
                                    .map(JsonNode::asString)
                                    .collect(Collectors.joining(", "));
        }
    }

    @Command(
            name = "commit",
            description = {
                "Makes a live failover or a move final: what the machines wrote in the target zone counts, and there is no rollback any more.",
                "Recovery points above the one that was recovered to become a branch: listed, opened and deleted like others, never the newest."
            })
    static final class Commit implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "ID")
        private String id = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.FAILOVER.path() + "/" + Paths.part(id) + "/commit",
                    Map.of(),
                    "failover " + id + " is final");
        }
    }
}

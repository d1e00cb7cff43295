// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/// What is done with the snapshots of a volume.
final class SnapshotCommands {
    private SnapshotCommands() {}

    private static String path(String volume, String snapshot) {
        return Nouns.snapshotsOf(volume).path() + "/" + Paths.part(snapshot);
    }

    /// A snapshot is named by its volume and its own name.
    private static final class Which {
        @Parameters(paramLabel = "VOLUME", index = "0", description = "A volume by name or id.")
        private String volume = "";

        @Parameters(paramLabel = "SNAPSHOT", index = "1", description = "Its name or id.")
        private String snapshot = "";

        String path() {
            return SnapshotCommands.path(volume, snapshot);
        }
    }

    @Command(name = "create", description = "Keeps a volume as it is now, while it goes on.")
    static final class Create implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "VOLUME", index = "0")
        private String volume = "";

        @Parameters(paramLabel = "NAME", index = "1")
        private String name = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.snapshotsOf(volume).path(),
                    Map.of("name", name),
                    "snapshot %s of volume %s is there".formatted(name, volume));
        }
    }

    @Command(name = "list", description = "Lists the snapshots of a volume, oldest first.")
    static final class ListAll implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "VOLUME")
        private String volume = "";

        @Override
        public Integer call() {
            Reads.printList(session, Nouns.snapshotsOf(volume));
            return 0;
        }
    }

    @Command(name = "show", description = "Shows one snapshot.")
    static final class Show implements Callable<Integer> {
        @Mixin private Session session = new Session();
        @Mixin private Which which = new Which();

        @Override
        public Integer call() {
            Reads.printOne(session, Nouns.snapshotsOf(which.volume), which.snapshot);
            return 0;
        }
    }

    @Command(
            name = "delete",
            description = "Deletes one snapshot. The machine on the volume notices nothing.")
    static final class Delete implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();
        @Mixin private Which which = new Which();

        @Override
        public Integer call() {
            return writes.delete(
                    which.path(),
                    "snapshot %s of volume %s is gone".formatted(which.snapshot, which.volume));
        }
    }

    @Command(
            name = "revert",
            description = {
                "Takes a volume back to a snapshot. Its machine must be stopped.",
                "Without --yes it only says what would be lost, and changes nothing."
            })
    static final class Revert implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();
        @Mixin private Which which = new Which();

        @Option(
                names = "--yes",
                description = "Do it: the present content is overwritten and cannot come back.")
        private boolean yes;

        @Override
        public Integer call() {
            tellWhatIsLost();
            if (!yes) {
                writes.session()
                        .tell(
                                "Nothing was changed. Do it with --yes; to keep the present content, first: ./redoubt volume snapshot create %s NAME"
                                        .formatted(which.volume));
                return 0;
            }
            return writes.post(
                    which.path() + "/revert",
                    Map.of(),
                    "volume %s is what snapshot %s was".formatted(which.volume, which.snapshot));
        }

        private void tellWhatIsLost() {
            Session session = writes.session();
            long since = changedBytes(which.path());
            session.tell(
                    "volume %s goes back to snapshot %s: up to %s were written since."
                            .formatted(which.volume, which.snapshot, new Bytes(since)));
            List<JsonNode> kept = kept();
            String newest = kept.isEmpty() ? "" : name(kept.getLast());
            long lost = newest.isEmpty() ? since : changedBytes(path(which.volume, newest));
            Optional<String> current =
                    kept.stream()
                            .filter(each -> each.path("current").asBoolean(false))
                            .map(Revert::name)
                            .findFirst();
            if (lost == 0) {
                session.tell(
                        "Nothing is lost: snapshot %s holds the present content."
                                .formatted(newest));
            } else if (current.filter(name -> !name.equals(newest)).isPresent()) {
                // What going back wrote counts as written since the newest one.
                session.tell(
                        "Lost for ever: what was written since the volume went back to snapshot %s; with what that overwrote up to %s."
                                .formatted(current.get(), new Bytes(lost)));
            } else {
                session.tell(
                        "Lost for ever: up to %s that were written since the newest snapshot, %s, and that no snapshot holds."
                                .formatted(new Bytes(lost), newest));
            }
        }

        private static String name(JsonNode snapshot) {
            return snapshot.path("name").asString("");
        }

        private long changedBytes(String snapshot) {
            return writes.session()
                    .api()
                    .fetch(snapshot + "/changes?limit=1")
                    .path("changedBytes")
                    .asLong(0);
        }

        /// Those with content, oldest first.
        private List<JsonNode> kept() {
            return writes.session().api().fetchAll(Nouns.snapshotsOf(which.volume).path()).stream()
                    .filter(each -> each.path("state").asString("").equals("ready"))
                    .toList();
        }
    }

    @Command(
            name = "changes",
            description =
                    "Lists what was written since a snapshot, or between two: byte ranges of the volume.")
    static final class Changes implements Callable<Integer> {
        private static final int PAGE = 1000;

        @Mixin private Session session = new Session();
        @Mixin private Which which = new Which();

        @Option(
                names = "--to",
                paramLabel = "SNAPSHOT",
                description = "Up to this snapshot instead of now.")
        private @Nullable String to;

        @Option(
                names = "--limit",
                paramLabel = "N",
                defaultValue = "1000",
                description = "List no more ranges than this (default: ${DEFAULT-VALUE}).")
        private long limit;

        @Override
        public Integer call() {
            ArrayNode ranges = JsonMapper.shared().createArrayNode();
            JsonNode page = page("0", limit);
            long changed = page.path("changedBytes").asLong(0);
            String after = take(page, ranges);
            while (!after.isEmpty() && ranges.size() < limit) {
                after = take(page(after, limit - ranges.size()), ranges);
            }
            if (session.json()) {
                session.print(ranges);
            } else {
                Table.of(Nouns.RANGE, ranges.valueStream().toList()).forEach(session::print);
            }
            session.tell(
                    "%s of %s may differ%s"
                            .formatted(
                                    new Bytes(changed),
                                    new Bytes(page.path("sizeBytes").asLong(0)),
                                    after.isEmpty()
                                            ? ""
                                            : "; there are more ranges than --limit " + limit));
            return 0;
        }

        private JsonNode page(String after, long wanted) {
            String other = to;
            return session.api()
                    .fetch(
                            "%s/changes?limit=%d&after=%s%s"
                                    .formatted(
                                            which.path(),
                                            Math.clamp(wanted, 1, PAGE),
                                            after,
                                            other == null ? "" : "&to=" + Paths.part(other)));
        }

        /// @return where to go on, empty at the end
        private static String take(JsonNode page, ArrayNode into) {
            page.path("items").forEach(into::add);
            return page.path("next").asString("");
        }
    }
}

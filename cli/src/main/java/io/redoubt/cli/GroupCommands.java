// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/// What is done with protection groups.
final class GroupCommands {
    private GroupCommands() {}

    /// How long the journal keeps what; what is left out stays.
    static final class Keeping {
        @Option(
                names = "--ladder",
                paramLabel = "LADDER",
                description =
                        "How many points are kept of each age, as AGE or AGE/EVERY: 1h,24h/1m,7d/15m,30d/1h keeps all of an hour, one a minute"
                                + " of a day, one a quarter of an hour of a week and one an hour of thirty days, and is the usual one.")
        private @Nullable String ladder;

        @Option(
                names = "--journal-quota",
                paramLabel = "SIZE",
                description =
                        "Room for the journal; 0: the usual, three times the size of the volumes and 4 GiB.")
        private @Nullable Bytes quota;

        @Option(
                names = "--stream-limit",
                paramLabel = "SIZE",
                description =
                        "What its streams may take of the links between the zones together, in a second, such as 20MiB; 0: no limit.")
        private @Nullable Bytes streamLimit;

        @Option(
                names = "--when-isolated",
                paramLabel = "pause|continue",
                description =
                        "What its machines do while their nodes hear neither control plane nor target zone. pause (usual): they stand still and"
                                + " go on by themselves. continue: they go on; then a failover without their node's answer needs your word that it is off.")
        private @Nullable String whenIsolated;

        @Option(
                names = "--rpo-alarm",
                paramLabel = "SECONDS",
                description =
                        "At which age of the newest point an alarm is raised; 60 for a new group, two intervals at least.")
        private @Nullable Double rpoAlarm;

        Map<String, Object> wish(@Nullable CommandSpec spec) {
            var wish = new HashMap<String, Object>();
            String wantedLadder = ladder;
            if (wantedLadder != null) {
                wish.put("ladder", rungs(wantedLadder, spec));
            }
            Bytes wantedQuota = quota;
            if (wantedQuota != null) {
                wish.put("journalQuotaBytes", wantedQuota.value());
            }
            Bytes wantedLimit = streamLimit;
            if (wantedLimit != null) {
                wish.put("streamBytesPerSecond", wantedLimit.value());
            }
            if (rpoAlarm != null) {
                wish.put("rpoAlarmSeconds", rpoAlarm);
            }
            if (whenIsolated != null) {
                wish.put("whenIsolated", whenIsolated);
            }
            return wish;
        }

        private static List<Map<String, Object>> rungs(String text, @Nullable CommandSpec spec) {
            try {
                return Rungs.parse(text);
            } catch (IllegalArgumentException e) {
                if (spec == null) {
                    throw e;
                }
                throw new ParameterException(spec.commandLine(), "--ladder: " + e.getMessage(), e);
            }
        }
    }

    @Command(
            name = "create",
            description = "Protects machines: all their disks, into another zone.")
    static final class Protect implements Callable<Integer> {
        @Spec private @Nullable CommandSpec spec;

        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(
                names = "--machine",
                required = true,
                paramLabel = "MACHINE",
                description = "Once for each machine; their points are taken together.")
        private List<String> machines = List.of();

        @Option(names = "--to-zone", required = true, paramLabel = "ZONE")
        private String zone = "";

        @Option(
                names = "--interval",
                defaultValue = "5",
                paramLabel = "SECONDS",
                description = "Time between two recovery points (default: ${DEFAULT-VALUE}).")
        private double seconds;

        @ArgGroup(exclusive = false)
        private Keeping keeping = new Keeping();

        @Override
        public Integer call() {
            Map<String, Object> wish = keeping.wish(spec);
            wish.put("name", name);
            wish.put("machines", machines);
            wish.put("targetZone", zone);
            wish.put("intervalSeconds", seconds);
            return writes.post(Nouns.GROUP.path(), wish, "group " + name + " is protected");
        }
    }

    @Command(
            name = "set",
            description = {
                "Changes how long the journal of a group keeps what, what its streams may take of the links, or what its machines do when they are isolated,"
                        + " without a restart.",
                "With --dry-run nothing changes; it says which points would go."
            })
    static final class Change implements Callable<Integer> {
        private static final int NUMBERS_SHOWN = 20;

        @Spec private @Nullable CommandSpec spec;

        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", description = "A name or an id.")
        private String which = "";

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Keeping keeping = new Keeping();

        @Option(names = "--dry-run", description = "Say what would go, and change nothing.")
        private boolean dryRun;

        @Override
        public Integer call() {
            String path = Nouns.GROUP.path() + "/" + Paths.part(which);
            Map<String, Object> wish = keeping.wish(spec);
            if (!dryRun) {
                return writes.patch(path, wish, "group " + which + " keeps what it was told");
            }
            Session session = writes.session();
            JsonNode preview = session.api().ask(path + "/retention-preview", wish);
            if (session.json()) {
                session.print(preview);
            } else {
                tell(session, preview);
            }
            return 0;
        }

        private static void tell(Session session, JsonNode preview) {
            int going = preview.path("goingPoints").asInt(0);
            session.print(
                    "ladder   %s, at most %d points"
                            .formatted(
                                    Rungs.words(preview.path("ladder")),
                                    preview.path("keepsAtMost").asLong(0)));
            session.print(
                    "journal  %s in use, %d %% of %s"
                            .formatted(
                                    Column.size(preview.path("bytes").asLong(0)),
                                    preview.path("percent").asInt(0),
                                    Column.size(preview.path("journalQuotaBytes").asLong(0))));
            session.print(
                    going == 0
                            ? "no point would go"
                            : "%d points would go: %s".formatted(going, numbers(preview, going)));
        }

        private static String numbers(JsonNode preview, int going) {
            var text = new StringBuilder();
            int shown = 0;
            for (JsonNode number : preview.path("going")) {
                if (shown++ == NUMBERS_SHOWN) {
                    break;
                }
                text.append(text.isEmpty() ? "" : ", ").append(number.asLong());
            }
            return going > NUMBERS_SHOWN ? text.append(", …").toString() : text.toString();
        }
    }

    @Command(
            name = "reverse",
            description = {
                "After a committed failover: protects the machines where they run now towards their old zone.",
                "Their old disks become the base of the journal there, where they lie; what they held alone stays in its first, protected point."
            })
    static final class Reverse implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", description = "A name or an id.")
        private String which = "";

        @Option(
                names = "--abandon",
                description =
                        "Give up a reversal that was refused: what the old node began is taken back, and the next one begins anew.")
        private boolean abandon;

        @Override
        public Integer call() {
            if (abandon) {
                return writes.delete(
                        Nouns.GROUP.path() + "/" + Paths.part(which) + "/reversal",
                        "the refused reversal of group %s is given up".formatted(which));
            }
            int ended =
                    writes.post(
                            Nouns.GROUP.path() + "/" + Paths.part(which) + "/reverse",
                            Map.of(),
                            "group %s protects its machines towards their old zone"
                                    .formatted(which));
            Session session = writes.session();
            String group =
                    session.api()
                            .fetch(Nouns.GROUP.path() + "/" + Paths.part(which))
                            .path("id")
                            .asString("");
            session.api().fetchAll(Nouns.FAILOVER.path()).stream()
                    .filter(failover ->
                            failover.path("group").asString("").equals(group)
                                    && failover.path("state").asString("").equals("reversed"))
                    .findFirst() // the newest
                    .ifPresent(failover -> {
                        tell(session, failover.path("compared"));
                        tellWhole(session, failover.path("copiedWhole"));
                    });
            return ended;
        }

        private static void tellWhole(Session session, JsonNode volumes) {
            if (!volumes.isEmpty()) {
                session.tell(
                        "Disks whose old ones lie on other nodes of the zone are copied whole. The old ones stay there as they were left: "
                                + volumes.valueStream()
                                        .map(volume -> volume.asString(""))
                                        .collect(Collectors.joining(", ")));
            }
        }

        private static void tell(Session session, JsonNode compared) {
            session.tell(
                    compared.isString()
                            ? "All of it is compared, because what differs is not known: "
                                    + compared.asString()
                            : "What differs is known: only that travels.");
        }
    }

    @Command(
            name = "show",
            description = "Shows one: how each volume is replicated, and its journal.")
    static final class Show implements Callable<Integer> {
        private static final List<Column> VOLUMES =
                List.of(
                        Column.text("VOLUME", "/name"),
                        Column.text("STATE", "/state"),
                        Column.text("SINCE", "/since"),
                        Column.bytes("TO COPY", "/bytesToCopy"),
                        Column.seconds("LEFT", "/secondsLeft"),
                        Column.bytes("SPOOL", "/spoolBytes"),
                        Column.bytes("QUOTA", "/spoolQuotaBytes"),
                        Column.seconds("FULL IN", "/spoolFullInSeconds"),
                        Column.text("REASON", "/reason"));

        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @Override
        public Integer call() {
            JsonNode group = session.api().fetch(Nouns.GROUP.path() + "/" + Paths.part(which));
            if (session.json()) {
                session.print(group);
                return 0;
            }
            Table.of(group, List.of("volumes", "journal", "newestPoint")).forEach(session::print);
            session.print("");
            Table.of(VOLUMES, group.path("volumes").valueStream().toList()).forEach(session::print);
            session.print("");
            journal(group.path("journal")).forEach(session::print);
            return 0;
        }

        private static List<String> journal(JsonNode journal) {
            return List.of(
                    "ladder         " + Rungs.words(journal.path("ladder")),
                    "journal        %s of %s in use%s%s"
                            .formatted(
                                    Column.bytes("", "/bytes").of(journal),
                                    Column.bytes("", "/limitBytes").of(journal),
                                    journal.path("percent").isNumber()
                                            ? ", %d %%".formatted(journal.path("percent").asInt())
                                            : "",
                                    journal.path("alarm").isString()
                                            ? ", ALARM: " + journal.path("alarm").asString()
                                            : ""),
                    "quota          " + Column.bytes("", "/quotaBytes").of(journal),
                    "full in        " + Column.seconds("", "/fullInSeconds").of(journal),
                    "held by views  " + Column.bytes("", "/pinnedBytes").of(journal),
                    "cuts given up  %s at the source, %s at the receiver"
                            .formatted(
                                    Column.text("", "/cutsGivenUpSource").of(journal),
                                    Column.text("", "/cutsGivenUpReceiver").of(journal)));
        }
    }
}

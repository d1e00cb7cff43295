// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is done with protection groups, recovery points and failovers.
final class RecoveryCommands {
    private RecoveryCommands() {}

    @Command(
            name = "create",
            description = "Protects machines: all their disks, into another zone.")
    static final class Protect implements Callable<Integer> {
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

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.GROUP.path(),
                    Map.of(
                            "name", name,
                            "machines", machines,
                            "targetZone", zone,
                            "intervalSeconds", seconds),
                    "group " + name + " is protected");
        }
    }

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

    @Command(name = "show", description = "Shows one recovery point.")
    static final class ShowPoint implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP", index = "0")
        private String group = "";

        @Parameters(paramLabel = "NUMBER", index = "1", description = "A number, or newest.")
        private String number = "";

        @Override
        public Integer call() {
            Reads.printOne(session, Nouns.pointsOf(group), number);
            return 0;
        }
    }

    @Command(name = "create", description = "Takes a recovery point now.")
    static final class CreatePoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Option(names = "--name", defaultValue = "", description = "A word to find it by.")
        private String name = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.pointsOf(group).path(),
                    Map.of("name", name),
                    "a point of group " + group + " was taken");
        }
    }

    @Command(name = "delete", description = "Deletes one recovery point.")
    static final class DeletePoint implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", index = "0")
        private String group = "";

        @Parameters(paramLabel = "NUMBER", index = "1")
        private long number;

        @Override
        public Integer call() {
            return writes.delete(
                    Nouns.pointsOf(group).path() + "/" + number,
                    "point " + number + " of group " + group + " is gone");
        }
    }

    @Command(
            name = "start",
            description = {
                "Recovers a group in its target zone.",
                "test: beside the machines that go on, without network; end it with failover delete.",
                "live: the target zone becomes the only writer; the machines of the source are refused for ever."
            })
    static final class StartFailover implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Option(names = "--kind", required = true, description = "test or live.")
        private String kind = "";

        @Option(
                names = "--point",
                defaultValue = "newest",
                paramLabel = "NUMBER",
                description = "The recovery point (default: ${DEFAULT-VALUE}).")
        private String point = "";

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("group", group);
            body.put("kind", kind);
            body.put("point", point.matches("\\d{1,18}") ? Long.valueOf(point) : point);
            return writes.post(
                    Nouns.FAILOVER.path(), body, "group " + group + " runs in its target zone");
        }
    }
}

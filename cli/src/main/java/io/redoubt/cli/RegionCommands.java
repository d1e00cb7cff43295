// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.cli.api.Operation;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What is done with zones, nodes and operations.
final class RegionCommands {
    private RegionCommands() {}

    @Command(name = "create", description = "Makes a zone.")
    static final class CreateZone implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.ZONE.path(), Map.of("name", name), "zone " + name + " is ready");
        }
    }

    @Command(
            name = "invite",
            description =
                    "Prints a token with which one node may join a zone: good once, for an hour.")
    static final class Invite implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "ZONE")
        private String zone = "";

        @Override
        public Integer call() {
            JsonNode token = session.api().newJoinToken(zone);
            if (session.json()) {
                session.print(token);
            } else {
                session.tell("for control plane " + token.path("grpcAddress").asString("?"));
                session.print(token.path("token").asString(""));
            }
            return 0;
        }
    }

    @Command(name = "watch", description = "Watches an operation until it has ended.")
    static final class Watch implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "ID")
        private String id = "";

        @Override
        public Integer call() {
            Operation operation = writes.session().api().fetchOperation(Paths.part(id));
            return writes.follow(operation, operation.kind() + " has ended");
        }
    }
}

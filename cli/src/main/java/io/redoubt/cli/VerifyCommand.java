// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `group verify`: whether the replica is what the volumes are.
@Command(
        name = "verify",
        description = {
            "Compares the volumes of a group with their replica, block by block, while the machines write.",
            "Only hashes travel. Ends with 1 when something differs."
        })
final class VerifyCommand implements Callable<Integer> {
    private static final int BLOCKS_SHOWN = 20;

    @Mixin private Writes writes = new Writes();

    @Parameters(paramLabel = "GROUP", description = "A name or an id.")
    private String which = "";

    @Option(
            names = "--repair",
            description = "Ship what differs once more, so that later points hold it.")
    private boolean repair;

    @Override
    public Integer call() {
        String path = Nouns.GROUP.path() + "/" + Paths.part(which) + "/verifications";
        int status = writes.post(path, Map.of("repair", repair), "group " + which + " is compared");
        Session session = writes.session();
        JsonNode found = session.api().fetch(path).path("items").path(0);
        if (!found.path("endedAt").isString()) {
            return status; // nobody waits for it
        }
        if (!session.json()) {
            tell(session, found);
        }
        return found.path("differentBytes").asLong(0) > 0 ? 1 : status;
    }

    private static void tell(Session session, JsonNode found) {
        long different = found.path("differentBytes").asLong(0);
        long unknown = found.path("unknownBytes").asLong(0);
        session.print(
                "%s compared, %s"
                        .formatted(
                                Column.size(found.path("comparedBytes").asLong(0)),
                                different == 0
                                        ? "all of it is the same"
                                        : Column.size(different) + " differ"));
        if (unknown > 0) {
            session.print(
                    Column.size(unknown)
                            + " could not be compared: the journal has no image there");
        }
        int shown = 0;
        for (JsonNode block : found.path("different")) {
            if (shown++ == BLOCKS_SHOWN) {
                session.print("…");
                break;
            }
            session.print(
                    "  volume %s, %d bytes at %d, as of its write %d"
                            .formatted(
                                    block.path("volume").asString(""),
                                    block.path("length").asLong(0),
                                    block.path("offset").asLong(0),
                                    block.path("vseq").asLong(0)));
        }
    }
}

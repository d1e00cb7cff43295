// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.HashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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

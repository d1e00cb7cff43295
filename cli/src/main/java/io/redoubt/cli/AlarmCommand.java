// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// What is wrong with a group, and was.
@Command(
        name = "alarms",
        description = {
            "Lists the alarms of a group, those that last first, with when they began and ended.",
            "rpo: its newest point is older than its --rpo-alarm. journal: it fills up."
        })
final class AlarmCommand implements Callable<Integer> {
    private static final List<Column> COLUMNS =
            List.of(
                    Column.text("SINCE", "/since"),
                    Column.text("UNTIL", "/endedAt"),
                    Column.text("ABOUT", "/about"),
                    Column.text("WHAT", "/text"));

    @Mixin private Session session = new Session();

    @Parameters(paramLabel = "GROUP", description = "A name or an id.")
    private String which = "";

    @Override
    public Integer call() {
        String path = Nouns.GROUP.path() + "/" + Paths.part(which) + "/alarms";
        Reads.printList(session, new Noun("alarm", path, COLUMNS));
        return 0;
    }
}

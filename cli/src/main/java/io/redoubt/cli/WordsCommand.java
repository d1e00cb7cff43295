// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// What persons gave their word for where no machine could know it.
@Command(
        name = "words",
        description = "Lists what persons gave their word for, such as that a source is off.")
final class WordsCommand implements Callable<Integer> {
    private static final Noun WORD =
            new Noun(
                    "word",
                    "words",
                    List.of(
                            Column.text("AT", "/saidAt"),
                            Column.text("ABOUT", "/about"),
                            Column.text("BY", "/saidBy"),
                            Column.text("FAILOVER", "/failover"),
                            Column.text("WORD", "/word")));

    @Mixin private Session session = new Session();

    @Parameters(paramLabel = "GROUP", description = "A name or an id.")
    private String which = "";

    @Override
    public Integer call() {
        String path = Nouns.GROUP.path() + "/" + Paths.part(which) + "/" + WORD.path();
        Reads.printList(session, new Noun(WORD.name(), path, WORD.columns()));
        return 0;
    }
}

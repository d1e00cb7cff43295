// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// What the entry script knows of the client.
class EntryScriptTest {
    private static final Path ROOT = Path.of(System.getProperty("redoubt.root", ".."));

    /// The script refuses what it does not know, so a noun that is missing there cannot be reached by anybody.
    @Test
    void every_noun_of_the_client_is_a_verb_of_the_entry_script() throws Exception {
        String script = Files.readString(ROOT.resolve("dist/lib/verbs.sh"));
        int begin = script.indexOf("VERBS=(") + "VERBS=(".length();
        String[] verbs = script.substring(begin, script.indexOf(')', begin)).split(" ");
        assertThat(verbs).containsAll(CliMain.commandLine().getSubcommands().keySet());
    }
}

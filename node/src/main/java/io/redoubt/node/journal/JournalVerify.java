// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.Bytes;
import io.redoubt.storage.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `journal verify`: every byte that a point could need, against its checksum.
@Command(
        name = "verify",
        description = {
            "Reads log, kept segments, index and base of a journal in full and checks every checksum.",
            "",
            "Tells file and offset of what is damaged, and of blocks whose they are. Ends with 1 when there is any.",
            ""
        })
final class JournalVerify implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "the journal's directory")
    private Path directory = Path.of(".");

    @Override
    public Integer call() throws IOException {
        var commandLine = Objects.requireNonNull(spec).commandLine();
        PrintWriter out = commandLine.getOut();
        PrintWriter progress = commandLine.getErr();
        try (JournalReader journal = JournalCommand.open(directory, null)) {
            long all =
                    journal.log().stream().mapToLong(JournalReader.Part::bytes).sum()
                            + journal.kept().stream()
                                    .mapToLong(JournalReader.KeptPart::bytes)
                                    .sum();
            JournalReader.Verified verified =
                    journal.verify(read -> {
                        progress.printf("  read %s of %s%n", rounded(read), rounded(all));
                        progress.flush();
                    });
            int status = JournalCommand.tell(out, verified.damage());
            out.printf(
                    "%d records, %d versions of blocks, %d pages of the index, %d blocks of the base, %d points: %s%n",
                    verified.records(),
                    verified.versions(),
                    verified.pages(),
                    verified.blocks(),
                    journal.points().size(),
                    status == 0 ? "in order" : verified.damage().size() + " damaged");
            out.flush();
            return status;
        }
    }

    private static Bytes rounded(long bytes) {
        return new Bytes(bytes >> 20 << 20);
    }
}

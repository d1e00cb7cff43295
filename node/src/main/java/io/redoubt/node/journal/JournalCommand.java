// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/// The group of commands about a journal's files.
@Command(
        name = "journal",
        description = {
            "A journal's files, read without a node and without changing them.",
            "",
            "A journal is a directory below groups in the home of the node that receives the group. Its node must not"
                    + " run meanwhile, or the directory be a copy.",
            ""
        },
        subcommands = {JournalInspect.class, JournalVerify.class, JournalExport.class})
public final class JournalCommand {
    /// @param key the file of a region key; null to look at everything but the blocks of an encrypted journal
    static JournalReader open(Path directory, @Nullable Path key) {
        if (!Files.isDirectory(directory)) {
            throw new FaultException(new JournalFault.NoJournal());
        }
        return JournalReader.open(
                ReadOnlyDisk.of(directory), key == null ? null : FileRegionKey.open(key)::named);
    }

    /// @return the exit status
    static int tell(PrintWriter out, List<JournalFault> damage) {
        damage.forEach(fault -> out.println("damaged: " + fault.message()));
        return damage.isEmpty() ? 0 : 1;
    }
}

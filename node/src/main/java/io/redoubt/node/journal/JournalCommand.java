// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.block.OwnerLock;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalReader;
import java.io.IOException;
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
            "A journal is a directory below groups in the home of the node that receives the group. While a node runs on"
                    + " that home every command here is refused: ask the node, stop it, or read a copy of the directory.",
            ""
        },
        subcommands = {JournalInspect.class, JournalVerify.class, JournalExport.class})
public final class JournalCommand {
    /// HOME/groups/GROUP
    private static final int HOME_ABOVE = 2;

    /// @param key the file of a region key; null to look at everything but the blocks of an encrypted journal
    /// @throws FaultException with [ToolFault.NodeRuns] or a [JournalFault]
    static JournalReader open(Path directory, @Nullable Path key) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new FaultException(new JournalFault.NoJournal());
        }
        requireNoNode(directory.toRealPath());
        return JournalReader.open(
                ReadOnlyDisk.of(directory), key == null ? null : FileRegionKey.open(key)::named);
    }

    /// A node holds the lock of its home as long as it lives.
    private static void requireNoNode(Path journal) {
        Path above = journal;
        for (int i = 0; i <= HOME_ABOVE && above != null; i++) {
            OwnerLock.holder(above)
                    .ifPresent(pid -> {
                        throw new FaultException(new ToolFault.NodeRuns(journal, pid));
                    });
            above = above.getParent();
        }
    }

    /// @return the exit status
    static int tell(PrintWriter out, List<JournalFault> damage) {
        damage.forEach(fault -> out.println("damaged: " + fault.message()));
        return damage.isEmpty() ? 0 : 1;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Walks a run in order, with one page of it in memory.
final class RunCursor {
    private final RunFile run;
    private int page;
    private int index;
    private @Nullable ByteBuffer bytes;
    private @Nullable IndexEntry head;

    RunCursor(RunFile run, int page, IndexEntry from) {
        this.run = run;
        this.page = page - 1;
        do {
            advance();
        } while (head != null && head.compareTo(from) < 0);
    }

    /// The entry it stands at; null at the end.
    @Nullable IndexEntry head() {
        return head;
    }

    /// @throws io.redoubt.core.fault.FaultException with [JournalFault.Damaged]
    void advance() {
        index++;
        while (bytes == null || index >= RunFile.count(bytes)) {
            page++;
            if (page >= run.pages()) {
                head = null;
                return;
            }
            bytes = run.page(page);
            index = 0;
        }
        head = RunFile.entry(bytes, index);
    }
}

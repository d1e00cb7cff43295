// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// Several runs as one sorted sequence, with one page of each in memory. Of a version that two of them hold, the newer run's counts.
final class MergedRuns {
    private record Source(RunCursor cursor, int age) implements Comparable<Source> {
        IndexEntry head() {
            return Objects.requireNonNull(cursor.head());
        }

        @Override
        public int compareTo(Source other) {
            int byEntry = head().compareTo(other.head());
            return byEntry != 0 ? byEntry : Integer.compare(other.age, age);
        }
    }

    private final PriorityQueue<Source> sources = new PriorityQueue<>();

    /// @param runs oldest first
    MergedRuns(List<RunFile> runs) {
        this(runs, 0, 0);
    }

    /// From this version of this place on.
    MergedRuns(List<RunFile> runs, long place, long vseq) {
        for (int i = 0; i < runs.size(); i++) {
            var source = new Source(runs.get(i).from(place, vseq), i);
            if (source.cursor.head() != null) {
                sources.add(source);
            }
        }
    }

    /// The next entry; null at the end.
    @Nullable IndexEntry next() {
        Source first = sources.peek();
        if (first == null) {
            return null;
        }
        IndexEntry entry = first.head();
        for (Source same = sources.peek();
                same != null && same.head().compareTo(entry) == 0;
                same = sources.peek()) {
            sources.remove();
            same.cursor.advance();
            if (same.cursor.head() != null) {
                sources.add(same);
            }
        }
        return entry;
    }
}

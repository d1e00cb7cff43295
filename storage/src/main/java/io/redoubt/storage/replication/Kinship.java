// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/// How the history of a source and that of a journal relate (rule 23, I13). A pure function of where they left each other and how far each
/// went. Only the same history is gone on with; nothing else is ever merged by itself.
public enum Kinship {
    SAME,
    /// The journal's left the source's, and holds all that the source has.
    SOURCE_LEFT_BEHIND,
    /// The journal's left the source's, and the source went on too: a split brain.
    SOURCE_DIVERGED,
    /// The source's left the journal's, and has all that the journal holds.
    JOURNAL_LEFT_BEHIND,
    /// The source's left the journal's, and the journal holds more of its own: a branch.
    JOURNAL_DIVERGED,
    /// Both left the same one.
    SIBLINGS,
    STRANGERS;

    /// @param last    for each volume the source's last number
    /// @param through for each volume how far the journal goes
    public static Kinship decide(
            History source,
            Map<VolumeId, Long> last,
            History journal,
            Map<VolumeId, Long> through) {
        if (source.lineage().equals(journal.lineage())) {
            return SAME;
        }
        if (journal.isChildOf(source)) {
            return beyond(journal, last).isEmpty() ? SOURCE_LEFT_BEHIND : SOURCE_DIVERGED;
        }
        if (source.isChildOf(journal)) {
            return beyond(source, through).isEmpty() ? JOURNAL_LEFT_BEHIND : JOURNAL_DIVERGED;
        }
        return source.isRelatedTo(journal) ? SIBLINGS : STRANGERS;
    }

    /// By volume, how far a parent went on behind the point where its child left it, in numbers.
    static Map<VolumeId, Long> beyond(History child, Map<VolumeId, Long> parent) {
        var more = new TreeMap<VolumeId, Long>(Comparator.comparing(VolumeId::value));
        if (child.left() != null) {
            Map<VolumeId, Long> shared = child.left().vector();
            parent.forEach((volume, last) -> {
                long behind = last - shared.getOrDefault(volume, 0L);
                if (behind > 0) {
                    more.put(volume, behind);
                }
            });
        }
        return more;
    }
}

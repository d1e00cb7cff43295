// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.Fork;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/// What a receiver says to a source whose history is not the journal's: both change sets, and who can decide.
final class Refusals {
    private static final int LISTED_MAX = 10;

    private Refusals() {}

    /// @param last    for each volume the source's last number
    /// @param through for each volume how far the journal goes
    static Frame.Refusal of(
            Kinship kinship,
            History source,
            Map<VolumeId, Long> last,
            History journal,
            Map<VolumeId, Long> through) {
        return switch (kinship) {
            case SAME -> throw new IllegalArgumentException("the same history is resumed");
            case SOURCE_LEFT_BEHIND ->
                    refused(
                            "%s went on from point %d; this source has nothing behind that point."
                                    .formatted(theJournals(journal), left(journal).point()),
                            "Protect in the other direction: this side then receives what the other one writes.");
            case SOURCE_DIVERGED ->
                    refused(
                            "%s went on from point %d, and this source wrote more behind that point: %s."
                                    .formatted(
                                            theJournals(journal),
                                            left(journal).point(),
                                            list(Kinship.beyond(journal, last))),
                            "Choose which history to keep; nothing is overwritten by itself. A side that becomes the journal of the other"
                                    + " keeps what it wrote as a point.");
            case JOURNAL_LEFT_BEHIND ->
                    refused(
                            "%s ended at point %d, where that of this source began."
                                    .formatted(theJournals(journal), left(source).point()),
                            "Protect the group towards a journal of its own history.");
            case JOURNAL_DIVERGED ->
                    refused(
                            "%s has a branch behind point %d, where that of this source began: %s."
                                    .formatted(
                                            theJournals(journal),
                                            left(source).point(),
                                            list(Kinship.beyond(source, through))),
                            "The branch stays readable. Protect the group towards a journal of its own history.");
            case SIBLINGS ->
                    refused(
                            "%s and that of this source, %s, left lineage %s at points %d and %d."
                                    .formatted(
                                            theJournals(journal),
                                            source.lineage(),
                                            left(source).parent(),
                                            left(journal).point(),
                                            left(source).point()),
                            "Choose which history to keep; nothing is overwritten by itself.");
            case STRANGERS ->
                    refused(
                            "The journal holds lineage %s, the source has %s, which it knows nothing of."
                                    .formatted(journal.lineage(), source.lineage()),
                            "Choose which history to keep; nothing is overwritten by itself.");
        };
    }

    private static Fork left(History history) {
        return Objects.requireNonNull(history.left());
    }

    private static String theJournals(History journal) {
        return "The journal's history, lineage %s,".formatted(journal.lineage());
    }

    private static String list(Map<VolumeId, Long> beyond) {
        String listed =
                beyond.entrySet().stream()
                        .limit(LISTED_MAX)
                        .map(e ->
                                "volume %s at most %d KiB"
                                        .formatted(
                                                e.getKey(),
                                                Math.ceilDiv(e.getValue() * Word.UNIT, 1024)))
                        .collect(Collectors.joining(", "));
        return beyond.size() > LISTED_MAX
                ? "%s and %d more volumes".formatted(listed, beyond.size() - LISTED_MAX)
                : listed;
    }

    private static Frame.Refusal refused(String what, String remedy) {
        return new Frame.Refusal(what, remedy, 0);
    }
}

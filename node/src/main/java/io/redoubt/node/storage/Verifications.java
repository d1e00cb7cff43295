// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.protocol.DifferentBlock;
import io.redoubt.protocol.GroupVerified;
import io.redoubt.protocol.VerifyGroup;
import io.redoubt.storage.replication.SourceLink;
import io.redoubt.storage.replication.Verification;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The newest verification of each group that this node writes. Known to the process alone: whoever asks for one after a restart gets a
/// new one.
final class Verifications {
    private final Map<String, Running> running = new ConcurrentHashMap<>();

    /// @param link that it runs over: a link that was made anew has nothing of it
    private record Running(String id, SourceLink link, Verification verification) {}

    /// Begins the one that is asked for, or says how far it is.
    GroupVerified verify(VerifyGroup wanted, SourceLink link) {
        Running now =
                running.compute(
                        wanted.getGroup(),
                        (_, before) ->
                                before != null
                                                && before.id.equals(wanted.getId())
                                                && before.link == link
                                        ? before
                                        : new Running(
                                                wanted.getId(),
                                                link,
                                                link.verify(wanted.getRepair())));
        Verification.Report report = link.report(now.verification);
        var said =
                GroupVerified.newBuilder()
                        .setTotalBytes(report.totalBytes())
                        .setComparedBytes(report.comparedBytes())
                        .setUnknownBytes(report.unknownBytes())
                        .setDifferentBytes(report.differentBytes())
                        .setFinished(report.finished());
        for (Verification.Finding found : report.different()) {
            said.addDifferent(
                    DifferentBlock.newBuilder()
                            .setVolume(found.volume().value())
                            .setOffset(found.offset())
                            .setLength(found.length())
                            .setVseq(found.vseq()));
        }
        return said.build();
    }

    void forget(String group) {
        running.remove(group);
    }
}

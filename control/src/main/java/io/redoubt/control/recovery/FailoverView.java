// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A failover as the API shows it.
///
/// @param sourceReleased whether every source gave its right up; else the failover waited until the grants had expired
/// @param sources        each node that wrote the group; none for a test
/// @param rpoSeconds     how old the point was when the decision fell; of a move 0 once it was compared that its point holds all that was
///                       released, null before
/// @param loss           of a live one, once it was counted: what it gave up, in writes and bytes
/// @param compared       once its group was reversed: why the old side is compared block by block; null when what differs is known
/// @param copiedWhole    once its group was reversed: old volumes that did not lie on the node which keeps the journal now; what replaced them is
///                       copied whole, and they stay as they were left
record FailoverView(
        String id,
        String operation,
        String group,
        String kind,
        String state,
        long term,
        PointView point,
        String view,
        String node,
        Instant decidedAt,
        boolean sourceReleased,
        Map<String, Long> releasedVseqs,
        List<ReleaseView> sources,
        @Nullable Double rpoSeconds,
        Losses.@Nullable Loss loss,
        Failover.Rto rto,
        @Nullable String compared,
        List<String> copiedWhole,
        List<CopyView> machines) {

    record ReleaseView(String node, boolean released) {
        static ReleaseView of(Failover.Release release) {
            return new ReleaseView(release.node(), release.released());
        }
    }

    /// @param copy    what runs: the machine itself in a live failover and in a move
    /// @param stopped of a move: how the machine came to its end: off (it was), guest (it shut itself down), power (it did not in time)
    record CopyView(
            String machine,
            String copy,
            @Nullable String stopped,
            @Nullable Long qemuPid,
            @Nullable String serialLog,
            @Nullable Instant guestReadyAt) {

        static CopyView of(Failover.Copy copy, @Nullable Machine running) {
            if (running == null) {
                return new CopyView(copy.machine(), copy.copy(), copy.stopped(), null, null, null);
            }
            return new CopyView(
                    copy.machine(),
                    copy.copy(),
                    copy.stopped(),
                    running.qemuPid() == 0 ? null : running.qemuPid(),
                    running.serialLog(),
                    running.guestReadyAt());
        }
    }
}

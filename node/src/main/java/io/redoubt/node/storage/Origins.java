// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.JournalOrigin;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.JournalView;
import io.redoubt.storage.replication.HostedReceiver;
import java.time.Duration;

/// What volumes of this node are made from out of its journals.
///
/// Each volume holds its point, or its number, by a pin of its own until all of it is copied or it is deleted. The journal's side of this node
/// makes the lease longer while the volume is open; of one that did not open again it ends by itself.
final class Origins {
    private static final Duration LEASE = Duration.ofDays(1);

    private final Receivers receivers;

    Origins(Receivers receivers) {
        this.receivers = receivers;
    }

    /// What an overlay's metadata calls it.
    static String name(JournalOrigin origin) {
        return origin.getPoint() > 0
                ? "%s@%d".formatted(origin.getGroup(), origin.getPoint())
                : "%s@write-%d".formatted(origin.getGroup(), origin.getVseq());
    }

    /// Holds it and opens it. The same again is the same.
    ///
    /// @throws FaultException with a [NodeFault] or a [io.redoubt.storage.journal.JournalFault] when it cannot be shown
    BlockImage open(VolumeId volume, JournalOrigin origin) {
        HostedReceiver receiver = receivers.require(origin.getGroup());
        var member = new VolumeId(origin.getVolume());
        if (receiver.journal().find(member).isEmpty()) {
            throw new FaultException(
                    new NodeFault.NotAMember(origin.getGroup(), origin.getVolume()));
        }
        if (origin.getPoint() == 0) {
            return receiver.openNumber(member, origin.getVseq(), owner(volume), LEASE);
        }
        JournalView view = receiver.openView(origin.getPoint(), owner(volume), LEASE);
        if (!view.point().vector().containsKey(member)) {
            receiver.closeView(owner(volume));
            throw new FaultException(
                    new NodeFault.NotInPoint(
                            origin.getGroup(), origin.getPoint(), origin.getVolume()));
        }
        return view.volume(member);
    }

    /// The volume does not open, with all that it may have: what it holds stays until its lease ends.
    void leave(VolumeId volume, JournalOrigin origin) {
        receivers.opened(origin.getGroup()).ifPresent(r -> r.leaveView(owner(volume)));
    }

    /// The volume needs it no more. Nothing happens when the journal is gone, or is not open: then the lease ends by itself.
    void release(VolumeId volume, JournalOrigin origin) {
        receivers.opened(origin.getGroup()).ifPresent(r -> r.closeView(owner(volume)));
    }

    private static String owner(VolumeId volume) {
        return "volume " + volume;
    }
}

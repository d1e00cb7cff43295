// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.port.Clock;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ViewOpened;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.journal.Roles;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/// A promotion on a person's word, while the control plane is lost (rule 3).
///
/// The person says that it is off, so what it granted ends a full expiry after the word; this side's own grants end as always, and a source
/// that goes on alone needs a word of its own. The term jumps far ahead: no decision of a control plane that was only out of sight is as
/// high, and whoever comes back over whatever database sees that something was decided without it.
///
/// What a crash leaves: before [#remember], nothing; before the stop, a note that the same order finds; before the promotion, a side that
/// grants nothing, until a control plane ends that under a later term or the order comes again; after it, a promoted side whose view the same
/// order opens.
final class PromotionWithoutControl {
    private static final String KIND = "without-control";

    /// Above every decision that a control plane could make meanwhile.
    private static final long TERM_JUMP = 1L << 20;

    private static final String HOLDER = "a person";

    private final Told told;
    private final Clock clock;
    private final Receivers receivers;
    private final Views views;

    PromotionWithoutControl(Told told, Clock clock, Receivers receivers, Views views) {
        this.told = told;
        this.clock = clock;
        this.receivers = receivers;
        this.views = views;
    }

    /// Returns when the view takes writes; that may take two expiries.
    ///
    /// @throws FaultException of the receiver, of the point, or [io.redoubt.storage.journal.JournalFault.SourceMayGoOn]
    synchronized BreakGlassAnswer promote(BreakGlassOrder order) {
        String group = order.getGroup();
        OpenView wanted = remember(order);
        if (!receivers.require(group).roles().promoted()) {
            receivers.stopGrants(group, wanted.getTerm());
            SourceEnd end =
                    order.getSaid().getSourceIsOff().isEmpty()
                            ? SourceEnd.UNHEARD
                            : SourceEnd.OFF_BY_WORD;
            receivers.require(group).requireNoWord(end);
            awaitExpiry();
            var _ = receivers.promote(group, wanted.getTerm(), end);
        }
        ViewOpened opened = views.ensure(wanted);
        views.promoted(group, wanted.getTerm());
        return BreakGlassAnswer.newBuilder()
                .setTerm(wanted.getTerm())
                .setOpened(opened)
                .addAllVolumes(wanted.getVolumesList())
                .build();
    }

    /// Of what the lost control plane may have granted just before the word.
    private void awaitExpiry() {
        long end = clock.bootNanos() + GrantTimes.DEFAULT.expiryNanos();
        for (long left = end - clock.bootNanos(); left > 0; left = end - clock.bootNanos()) {
            LockSupport.parkNanos(left);
        }
    }

    /// A word about the source may come once the first try has asked for it.
    private OpenView withNewWord(OpenView before, BreakGlassOrder order) {
        String said = order.getSaid().getSourceIsOff();
        if (said.isEmpty() || !before.getWithoutControl().getSourceIsOff().isEmpty()) {
            return before;
        }
        OpenView now =
                before.toBuilder()
                        .setWithoutControl(
                                before.getWithoutControl().toBuilder().setSourceIsOff(said))
                        .build();
        told.put(KIND, order.getGroup(), now);
        return now;
    }

    /// The same order finds the same view; one of an earlier promotion, which is over, does not count.
    private OpenView remember(BreakGlassOrder order) {
        String group = order.getGroup();
        Roles roles = receivers.require(group).roles();
        Optional<OpenView> before = told.find(KIND, group, OpenView.parser());
        if (before.isPresent() && before.get().getTerm() >= roles.term()) {
            return withNewWord(before.get(), order);
        }
        if (roles.promoted()) {
            throw new FaultException(
                    new NodeFault.InUse(
                            "Protection group " + group, "a promotion, which was made before"));
        }
        var wanted =
                OpenView.newBuilder()
                        .setView(UUID.randomUUID().toString())
                        .setGroup(group)
                        .setCut(views.requirePoint(group, order.getPoint()))
                        .setTerm(roles.term() + TERM_JUMP)
                        .setWithoutControl(
                                order.getSaid().toBuilder().setAtMillis(clock.wallMillis()));
        for (ProtectedVolume volume : receivers.volumesOf(group)) {
            wanted.addVolumes(
                    ViewVolume.newBuilder()
                            .setVolume(volume.getVolume())
                            .setViewVolume(UUID.randomUUID().toString().replace("-", ""))
                            .setAttachment(
                                    Attachment.newBuilder()
                                            .setNumber(1)
                                            .setNonce(UUID.randomUUID().toString()))
                            .setHolder(HOLDER));
        }
        OpenView chosen = wanted.build();
        told.put(KIND, group, chosen);
        return chosen;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.journal.Roles;
import java.util.List;
import java.util.SplittableRandom;

/// Grants of both sides every second, and in some lives a promotion: the decision, both stops, the release, the expiry.
///
/// Asserted: I14, and that no side forgets what it has confirmed (rules 1 and 2). The control plane keeps its decision in a database that
/// is not simulated.
final class RoleTraffic {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long SECOND = GroupWorld.SECOND;
    private static final long DECISION = 2;

    private final GroupWorld world;
    private final List<Stream> streams;
    private final SplittableRandom random;
    private final Grantor control;
    private long nonce;
    private boolean controlDown;
    private long promotedAt = Long.MAX_VALUE;
    private final boolean[] released;
    private boolean stopConfirmed;
    private boolean promotionConfirmed;

    RoleTraffic(GroupWorld world, List<Stream> streams) {
        this.world = world;
        this.streams = streams;
        this.released = new boolean[world.setup.sources()];
        this.random = world.random;
        this.control =
                new Grantor(
                        GroupWorld.TIMES, 1, false, false, world.controlHost.clock().bootNanos());
    }

    void begin() {
        world.at(0, this::requestGrants);
    }

    void controlDown(boolean down) {
        controlDown = down;
    }

    boolean decided() {
        return control.stopped();
    }

    /// The source acknowledged a write just now.
    void acknowledged() {
        if (world.time.nanos() >= promotedAt) {
            throw new Violation(
                    "I14: a write was acknowledged %d ms after the promotion"
                            .formatted((world.time.nanos() - promotedAt) / MILLI));
        }
    }

    /// What the source answered before it died is what it knows now; and what it knows it reports.
    void sourceStarted(int number, SourceSide side) {
        boolean knows = side.holder.releasedTerm() >= DECISION;
        if (released[number] && !knows) {
            throw new Violation("rule 2: a release that was answered is forgotten");
        }
        released[number] |= knows;
    }

    void receiverStarted(ReceiverSide side) {
        if (stopConfirmed && !side.journal.roles().stopped()) {
            throw new Violation("rule 1: a stop that was confirmed is forgotten");
        }
        if (promotionConfirmed && !side.journal.roles().promoted()) {
            throw new Violation("rule 2: a promotion that was confirmed is forgotten");
        }
    }

    private void requestGrants() {
        for (int i = 0; i < world.sources.size(); i++) {
            Party<SourceSide> source = world.sources.get(i);
            SourceSide side = source.running();
            if (side != null) {
                requestGrants(source, side, streams.get(i));
            }
        }
        world.at(SECOND, this::requestGrants);
    }

    private void requestGrants(Party<SourceSide> source, SourceSide side, Stream stream) {
        if (stream.connected()) {
            stream.toReceiver(side.group.requestGrant(++nonce));
        }
        long number = ++nonce;
        side.holder.requested(GrantorKind.CONTROL, number, source.host.clock().bootNanos());
        long term = side.holder.term();
        if (!controlDown && random.nextInt(5) > 0) {
            world.at(random.nextInt(900) * MILLI, () -> askControl(source, number, term));
        }
        boolean _ = source.run(() -> side.remember(source.host));
    }

    private void askControl(Party<SourceSide> source, long number, long term) {
        GrantAnswer answer = control.answer(term, world.controlHost.clock().bootNanos());
        world.at(
                random.nextInt(3000) * MILLI,
                () -> {
                    SourceSide side = source.process();
                    if (side != null) {
                        side.holder.answered(GrantorKind.CONTROL, number, answer);
                    }
                });
    }

    /// The control plane decides; both sides stop granting; the source is told, if it hears.
    void decidePromotion() {
        world.note(5);
        control.stop(DECISION);
        world.at(random.nextInt(1500) * MILLI, this::stopReceiver);
        for (int i = 0; i < released.length; i++) {
            int number = i;
            if (random.nextBoolean()) {
                world.at(random.nextInt(3000) * MILLI, () -> releaseSource(number));
            }
        }
    }

    private void releaseSource(int number) {
        Party<SourceSide> source = world.sources.get(number);
        SourceSide side = source.running();
        if (side != null) {
            boolean _ =
                    source.run(() -> {
                        if (side.holder.release(DECISION)) {
                            side.remember(source.host);
                            released[number] = true;
                        }
                    });
        }
        if (!released[number] && world.faulty()) {
            world.at(500 * MILLI, () -> releaseSource(number));
        }
    }

    /// Every source must have said it: one that has not may still acknowledge.
    private boolean allReleased() {
        for (boolean each : released) {
            if (!each) {
                return false;
            }
        }
        return true;
    }

    private void stopReceiver() {
        ReceiverSide side = world.receiver.running();
        if (side != null) {
            boolean _ =
                    world.receiver.run(() -> {
                        try {
                            if (side.grantor.stop(DECISION)) {
                                side.journal.roles(Roles.START.with(DECISION, true, false));
                                stopConfirmed = true;
                            }
                        } catch (FaultException _) {
                            world.note(9); // no room for the manifest: asked again
                        }
                    });
        }
        world.at(
                stopConfirmed ? 0 : 500 * MILLI,
                stopConfirmed ? this::promote : this::stopReceiver);
    }

    private void promote() {
        ReceiverSide side = world.receiver.running();
        boolean expired = control.expired(world.controlHost.clock().bootNanos());
        if (side != null && (expired || allReleased())) {
            boolean _ =
                    world.receiver.run(() -> {
                        try {
                            if (side.grantor.promote(
                                    DECISION,
                                    allReleased() ? SourceEnd.RELEASED : SourceEnd.UNHEARD,
                                    world.receiver.host.clock().bootNanos())) {
                                promotedAt = Math.min(promotedAt, world.time.nanos());
                                side.journal.roles(Roles.START.with(DECISION, true, true));
                                promotionConfirmed = true;
                                control.promote(
                                        DECISION,
                                        SourceEnd.RELEASED,
                                        world.controlHost.clock().bootNanos());
                                world.note(6);
                            }
                        } catch (FaultException _) {
                            world.note(10);
                        }
                    });
        }
        if (!promotionConfirmed) {
            world.at(100 * MILLI, this::promote);
        }
    }
}

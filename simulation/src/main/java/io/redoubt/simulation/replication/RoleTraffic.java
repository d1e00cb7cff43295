// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.journal.Roles;
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
    private final Stream stream;
    private final SplittableRandom random;
    private final Grantor control;
    private long nonce;
    private boolean controlDown;
    private long promotedAt = Long.MAX_VALUE;
    private boolean released;
    private boolean stopConfirmed;
    private boolean promotionConfirmed;

    RoleTraffic(GroupWorld world, Stream stream) {
        this.world = world;
        this.stream = stream;
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
    void sourceStarted(SourceSide side) {
        boolean knows = side.holder.releasedTerm() >= DECISION;
        if (released && !knows) {
            throw new Violation("rule 2: a release that was answered is forgotten");
        }
        released |= knows;
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
        SourceSide side = world.runningSource();
        if (side != null) {
            if (stream.connected()) {
                stream.toReceiver(side.group.requestGrant(++nonce));
            }
            long number = ++nonce;
            side.holder.requested(
                    GrantorKind.CONTROL, number, world.sourceHost.clock().bootNanos());
            long term = side.holder.term();
            if (!controlDown && random.nextInt(5) > 0) {
                world.at(random.nextInt(900) * MILLI, () -> askControl(number, term));
            }
            world.asSource(() -> side.remember(world.sourceHost));
        }
        world.at(SECOND, this::requestGrants);
    }

    private void askControl(long number, long term) {
        GrantAnswer answer = control.answer(term, world.controlHost.clock().bootNanos());
        world.at(
                random.nextInt(3000) * MILLI,
                () -> {
                    SourceSide side = world.source();
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
        if (random.nextBoolean()) {
            world.at(random.nextInt(3000) * MILLI, this::releaseSource);
        }
    }

    private void releaseSource() {
        SourceSide side = world.runningSource();
        if (side != null) {
            world.asSource(() -> {
                if (side.holder.release(DECISION)) {
                    side.remember(world.sourceHost);
                    released = true;
                }
            });
        }
        if (!released && world.faulty()) {
            world.at(500 * MILLI, this::releaseSource);
        }
    }

    private void stopReceiver() {
        ReceiverSide side = world.runningReceiver();
        if (side != null) {
            world.asReceiver(() -> {
                try {
                    if (side.grantor.stop(DECISION)) {
                        side.journal.roles(new Roles(DECISION, true, false));
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
        ReceiverSide side = world.runningReceiver();
        boolean expired = control.expired(world.controlHost.clock().bootNanos());
        if (side != null && (expired || released)) {
            world.asReceiver(() -> {
                try {
                    if (side.grantor.promote(
                            DECISION, released, world.receiverHost.clock().bootNanos())) {
                        promotedAt = Math.min(promotedAt, world.time.nanos());
                        side.journal.roles(new Roles(DECISION, true, true));
                        promotionConfirmed = true;
                        control.promote(DECISION, true, world.controlHost.clock().bootNanos());
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

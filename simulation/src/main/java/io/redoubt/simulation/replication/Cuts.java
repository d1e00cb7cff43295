// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.storage.replication.CutAttempt;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.GroupCut;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Group cuts over all sources: whoever leads sends SWITCH and RELEASE, the others answer, and every message may be slow, doubled or lost.
final class Cuts {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long ANSWERED_BY = 40 * MILLI;

    private final GroupWorld world;
    private final Load load;
    private final SplittableRandom random;
    private final @Nullable Part[] parts;
    private @Nullable Round round;

    /// A cut as its leader runs it.
    private static final class Round {
        final int leader;
        final SourceSide side;
        final GroupCut cut;
        boolean ownSwitched;
        boolean releasing;

        Round(int leader, SourceSide side, GroupCut cut) {
            this.leader = leader;
            this.side = side;
            this.cut = cut;
        }
    }

    /// A source's part of somebody else's cut.
    private static final class Part {
        final SourceSide side;
        final CutAttempt attempt;
        Frame.@Nullable Released released;

        Part(SourceSide side, CutAttempt attempt) {
            this.side = side;
            this.attempt = attempt;
        }
    }

    Cuts(GroupWorld world, Load load) {
        this.world = world;
        this.load = load;
        this.random = world.random;
        this.parts = new Part[world.setup.sources()];
    }

    void begin() {
        world.at(300 * MILLI, this::cut);
    }

    private void cut() {
        cutOnce();
        world.at((200 + random.nextInt(900)) * MILLI, this::cut);
    }

    void cutOnce() {
        Round last = round;
        if (last != null && !runs(last)) {
            round = null; // its leader has died
        }
        for (int i = 0; i < world.sources.size(); i++) {
            SourceSide side = world.sources.get(i).running();
            if (round == null && side != null && side.group.cuts().leading()) {
                begin(i, side);
            }
        }
    }

    private void begin(int leader, SourceSide side) {
        boolean _ =
                world.sources
                        .get(leader)
                        .run(() -> {
                            GroupCut cut = side.group.cuts().begin("");
                            round = cut == null ? null : new Round(leader, side, cut);
                        });
        Round begun = round;
        if (begun != null) {
            world.at(ANSWERED_BY + stall(), () -> openAll(begun));
            toPeers(begun, peer -> switchAt(peer, begun));
            world.at(step(), () -> ownStep(begun));
        }
    }

    /// Who has answered waits for nobody who has not.
    private void openAll(Round late) {
        if (runs(late) && !late.releasing) {
            boolean _ =
                    world.sources
                            .get(late.leader)
                            .run(() -> {
                                late.ownSwitched = true;
                                switching(late.leader);
                                late.cut.own().switchAll();
                                release(late);
                            });
        }
    }

    private boolean runs(Round which) {
        return round == which && world.sources.get(which.leader).running() == which.side;
    }

    private void ownStep(Round now) {
        if (!runs(now) || now.ownSwitched) {
            return;
        }
        boolean _ =
                world.sources
                        .get(now.leader)
                        .run(() -> {
                            switching(now.leader);
                            if (now.cut.own().switchNext()) {
                                world.at(step(), () -> ownStep(now));
                            } else {
                                now.ownSwitched = true;
                                advance(now);
                            }
                        });
        if (world.faulty() && random.nextBoolean()) {
            load.write();
        }
    }

    /// Rarely somebody is so slow that volumes open by themselves, and then the guests write.
    private long step() {
        if (random.nextInt(20) > 0) {
            return random.nextInt(4) * MILLI;
        }
        if (world.faulty()) {
            for (int millis = 52; millis < 60; millis++) {
                world.at(millis * MILLI, load::write);
            }
        }
        return 60 * MILLI;
    }

    /// By how much a leader that stood still itself looks too late: what it waited for may have come meanwhile, and others have opened.
    private long stall() {
        return world.faulty() && random.nextInt(4) == 0 ? 60 * MILLI : 0;
    }

    private void advance(Round now) {
        if (now.ownSwitched && now.cut.peersAnswered() && !now.releasing) {
            release(now);
        }
        if (now.releasing && now.cut.decided()) {
            finish(now);
        }
    }

    private void finish(Round now) {
        if (round == now) {
            round = null;
            world.note(now.side.group.cuts().finish(now.cut));
        }
    }

    private void release(Round now) {
        now.releasing = true;
        Frame.Release release = now.cut.release();
        toPeers(now, peer -> releaseAt(peer, now, release.number()));
        now.side.group.cuts().releaseOwn(now.cut);
        world.at(ANSWERED_BY + stall(), () -> end(now));
    }

    /// Who has not confirmed until now gives the cut up.
    private void end(Round late) {
        if (runs(late)) {
            boolean _ = world.sources.get(late.leader).run(() -> finish(late));
        }
    }

    private interface ToPeer {
        void send(int peer);
    }

    private void toPeers(Round now, ToPeer message) {
        for (int peer = 0; peer < parts.length; peer++) {
            int to = peer;
            if (now.cut.peers().contains(GroupSetup.sourceName(peer))) {
                deliver(() -> message.send(to));
            }
        }
    }

    private void deliver(Runnable message) {
        int luck = world.faulty() ? random.nextInt(60) : 60;
        if (luck > 0) {
            world.at(step(), message);
        }
        if (luck == 1) {
            world.at(step() + 20 * MILLI, message);
        }
    }

    /// SWITCH arrives at a peer.
    private void switchAt(int peer, Round of) {
        SourceSide side = world.sources.get(peer).running();
        if (side == null) {
            return;
        }
        Part part = parts[peer];
        if (part != null && part.side == side && part.attempt.number() >= of.cut.number()) {
            return; // a number is accepted once
        }
        boolean _ =
                world.sources
                        .get(peer)
                        .run(() -> {
                            CutAttempt attempt = side.group.cuts().join(of.cut.number());
                            if (attempt == null) {
                                var refused = new Frame.Switched(of.cut.number(), false, List.of());
                                answer(peer, of, refused, GroupCut::answered);
                            } else {
                                parts[peer] = new Part(side, attempt);
                                peerStep(peer, of, attempt);
                            }
                        });
    }

    private void peerStep(int peer, Round of, CutAttempt attempt) {
        Part part = parts[peer];
        if (part == null
                || part.attempt != attempt
                || world.sources.get(peer).running() != part.side) {
            return;
        }
        boolean _ =
                world.sources
                        .get(peer)
                        .run(() -> {
                            switching(peer);
                            if (attempt.switchNext()) {
                                world.at(step(), () -> peerStep(peer, of, attempt));
                            } else {
                                answer(peer, of, attempt.answer(), GroupCut::answered);
                            }
                        });
        if (world.faulty() && random.nextBoolean()) {
            load.write();
        }
    }

    private void switching(int source) {
        world.checks.switched(source, world.sources.get(source).host.clock().bootNanos());
    }

    /// RELEASE arrives at a peer.
    private void releaseAt(int peer, Round of, long number) {
        Part part = parts[peer];
        SourceSide side = world.sources.get(peer).running();
        if (part == null || part.side != side || part.attempt.number() != number) {
            return;
        }
        boolean _ =
                world.sources
                        .get(peer)
                        .run(() -> {
                            Frame.@Nullable Released released = part.released;
                            if (released == null) {
                                released =
                                        new Frame.Released(
                                                number,
                                                part.side.group.cuts().release(part.attempt));
                                part.released = released;
                            }
                            answer(peer, of, released, GroupCut::released);
                        });
    }

    private interface Answering<A> {
        void take(GroupCut cut, String peer, A answer);
    }

    private <A> void answer(int peer, Round of, A answer, Answering<A> taking) {
        deliver(() -> {
            if (runs(of)) {
                boolean _ =
                        world.sources
                                .get(of.leader)
                                .run(() -> {
                                    taking.take(of.cut, GroupSetup.sourceName(peer), answer);
                                    advance(of);
                                });
            }
        });
    }

    /// A part of a cut does not outlive its process.
    void sourceStarted(int number) {
        parts[number] = null;
        Round now = round;
        if (now != null && now.leader == number) {
            round = null;
        }
    }
}

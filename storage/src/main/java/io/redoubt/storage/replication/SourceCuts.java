// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A source's part of the group's cuts: it makes them while it has the right to, and answers the source that makes them otherwise.
///
/// A core, under the lock of its [GroupSource].
public final class SourceCuts {
    private static final int UNPUBLISHED_MAX = 1024;
    private static final long ABANDONED_NANOS = 2 * Numbering.CLOSED_NANOS_MAX;
    private static final long NO_CONNECTION = -1;

    /// Numbers that one claim gives to the source that makes the cuts.
    static final int CLAIMED = 1 << 16;

    private final GroupSource source;
    private final UUID lineage;
    private final String name;
    private final Set<String> peers;
    private final Clock clock;
    private final Deque<Unpublished> unpublished = new ArrayDeque<>();
    private @Nullable CutAttempt open;
    private long openSinceNanos;
    private long lastPeerCut;
    private long next;
    private long end;
    private long lastStampMillis;
    private long givenUp;

    private static final class Unpublished {
        final Frame.Cut frame;
        boolean sent;

        Unpublished(Frame.Cut frame) {
            this.frame = frame;
        }
    }

    SourceCuts(GroupSource source, UUID lineage, String name, Set<String> peers, Clock clock) {
        this.source = source;
        this.lineage = lineage;
        this.name = name;
        this.peers = Set.copyOf(peers);
        this.clock = clock;
    }

    /// A connection stands: what was not published is sent again.
    void welcomed() {
        unpublished.forEach(c -> c.sent = false);
    }

    void disconnected() {
        end = 0;
    }

    /// Who makes the cuts, as the receiver says it in every ack.
    void lead(long cutBase, long stampMillis) {
        lastStampMillis = Math.max(lastStampMillis, stampMillis);
        next = Math.max(next, cutBase);
        end = cutBase == 0 ? 0 : cutBase + CLAIMED;
        if (cutBase == 0) {
            giveUp(_ -> true); // another source makes the cuts now, under higher numbers
        }
    }

    void giveUp(Predicate<Frame.Cut> lost) {
        int before = unpublished.size();
        unpublished.removeIf(c -> lost.test(c.frame));
        givenUp += before - unpublished.size();
    }

    /// The receiver offers the points up to this number.
    void published(long number) {
        while (!unpublished.isEmpty() && unpublished.getFirst().frame.number() <= number) {
            unpublished.removeFirst();
        }
    }

    /// Gives away what was not sent in this connection.
    void send(Budget out) {
        for (Unpublished cut : unpublished) {
            if (!cut.sent) {
                out.accept(cut.frame);
                cut.sent = true;
            }
        }
    }

    /// This source makes no cut any more, and answers none.
    void end() {
        abandonOpen();
    }

    void abandonOverdue() {
        if (open != null && clock.bootNanos() - openSinceNanos > ABANDONED_NANOS) {
            abandonOpen();
        }
    }

    /// The first step of a group cut by the source that makes the cuts: a recovery point, or, when volumes are in TRACK and the link stands, the
    /// start of a pass. Then SWITCH to the peers and the own volumes, RELEASE to the peers and [#releaseOwn], and [#finish].
    ///
    /// @param name of a user's point, empty for a periodic one
    /// @return null when no cut can become a point now
    public @Nullable GroupCut begin(String name) {
        if (!source.connected() || next >= end) {
            return null;
        }
        CutAttempt own = join(next);
        if (own == null) {
            return null;
        }
        next++;
        lastStampMillis = Math.max(lastStampMillis + 1, clock.wallMillis());
        return new GroupCut(own, lastStampMillis, name, peers);
    }

    /// This source's part of a cut, its own or another source's.
    ///
    /// @return null when its volumes cannot take part now
    public @Nullable CutAttempt join(long number) {
        abandonOpen();
        Set<SourceVolume> starting = new HashSet<>();
        Set<SourceVolume> whole = new HashSet<>();
        for (SourceVolume volume : source.volumes()) {
            if (source.mayBeginPass(volume)) {
                starting.add(volume);
                if (source.needsFullPass(volume)) {
                    whole.add(volume);
                }
            } else if (!volume.mode().spools && !source.isJoining(volume)) {
                return null; // its writes are known to the dirty map only: no point could hold them
            }
        }
        starting.forEach(volume -> volume.passes().prepare());
        open = new CutAttempt(source.connection(), number, source.volumes(), starting, whole);
        openSinceNanos = clock.bootNanos();
        return open;
    }

    /// Nobody released a cut in time: its volumes have opened by themselves, and passes that began at it are given up.
    private void abandonOpen() {
        CutAttempt lost = open;
        if (lost != null) {
            open = null;
            boolean _ = lost.release(NO_CONNECTION);
        }
    }

    /// RELEASE of this source's part of another source's cut.
    ///
    /// @return whether it counts here
    public boolean release(CutAttempt attempt) {
        if (open != attempt) {
            return false; // abandoned meanwhile
        }
        open = null;
        boolean confirmed = attempt.release(source.connection());
        if (confirmed) {
            source.answered(attempt);
        }
        return confirmed;
    }

    /// RELEASE of the own part; every peer has answered.
    public void releaseOwn(GroupCut cut) {
        cut.ownReleased(release(cut.own()));
    }

    /// @return the cut's number when it counts, else -1
    public long finish(GroupCut cut) {
        if (!cut.counts() || !leading()) {
            givenUp++;
            return -1;
        }
        unpublished.add(new Unpublished(cut.frame()));
        if (unpublished.size() > UNPUBLISHED_MAX) {
            unpublished.removeFirst();
            givenUp++;
        }
        return cut.number();
    }

    /// What this source says first to another one.
    Frame.PeerHello peerHello() {
        return new Frame.PeerHello(lineage, name);
    }

    /// Answers the source that makes the cuts. A number is accepted once.
    ///
    /// @throws FaultException with [StreamFault.Garbled] for a frame that is none of its
    public Frame answerPeer(Frame frame) {
        return switch (frame) {
            case Frame.Switch asked -> {
                CutAttempt attempt = asked.number() > lastPeerCut ? join(asked.number()) : null;
                lastPeerCut = Math.max(lastPeerCut, asked.number());
                if (attempt == null) {
                    yield new Frame.Switched(asked.number(), false, List.of());
                }
                attempt.switchAll();
                yield attempt.answer();
            }
            case Frame.Release asked -> {
                CutAttempt attempt = open;
                boolean confirmed =
                        attempt != null && attempt.number() == asked.number() && release(attempt);
                yield new Frame.Released(asked.number(), confirmed);
            }
            default ->
                    throw new FaultException(
                            new StreamFault.Garbled("a frame that no source sends another one"));
        };
    }

    /// Whether this source makes the group's cuts.
    public boolean leading() {
        return source.connected() && end > 0;
    }

    /// Cuts that could not become points, as far as this source knows.
    public long givenUp() {
        return givenUp;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.Isolation;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.port.Clock;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalView;
import io.redoubt.storage.journal.Ladder;
import io.redoubt.storage.journal.Pin;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/// A group's receiving side on a node: its journal, its half of the grants, and the connections of the sources that feed it.
public final class HostedReceiver implements AutoCloseable {
    private static final Logger LOG = System.getLogger(HostedReceiver.class.getName());
    private static final long HOUSEKEEPING_BYTES = 1 << 20;
    private static final long STANDING_MILLIS_MAX = 50;
    private static final String ADOPTED = "what-the-old-side-held";

    private final Journal journal;
    private final Grantor grantor;
    private final GroupReceiver group;
    private final Housekeeping housekeeping;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<FrameChannel, ReceiverSession> sessions = new HashMap<>();
    private final Map<String, OpenView> open = new HashMap<>(); // guarded by the lock

    private volatile Standing standing;

    private record OpenView(Pin pin, Duration lease) {}

    /// How a journal stands.
    ///
    /// @param guarded     numbers of the protected points
    /// @param cutsGivenUp since the process started
    public record Standing(
            Set<Long> guarded, List<Pin> pins, Housekeeping.Report room, long cutsGivenUp) {}

    /// @param grantor made from the journal's roles
    public HostedReceiver(Journal journal, Grantor grantor, Clock clock) {
        this(journal, grantor, clock, Housekeeping.Settings.DEFAULT);
    }

    /// @param grantor made from the journal's roles
    public HostedReceiver(
            Journal journal, Grantor grantor, Clock clock, Housekeeping.Settings settings) {
        this.journal = journal;
        this.grantor = grantor;
        grantor.isolation(journal.roles().isolation());
        this.clock = clock;
        this.group = new GroupReceiver(journal, grantor, clock);
        this.housekeeping = new Housekeeping(journal, settings, lock);
        this.standing = look();
    }

    /// Takes a frame of a connection. A hello ends the older connection of the same source.
    void received(FrameChannel from, Frame frame) throws IOException {
        lock.lock();
        try {
            ReceiverSession session = sessions.get(from);
            if (session == null) {
                session = group.connect();
                sessions.put(from, session);
            } else if (session.opened() && !group.isCurrent(session)) {
                throw new IOException("another connection of the source has taken over");
            }
            for (Frame answer : session.received(frame)) {
                from.post(answer);
            }
            if (frame instanceof Frame.Hello) {
                closeReplaced();
            }
        } finally {
            lock.unlock();
        }
    }

    private void closeReplaced() {
        sessions.forEach((channel, session) -> {
            if (session.opened() && !group.isCurrent(session)) {
                channel.close();
            }
        });
    }

    /// See [GroupReceiver#members].
    public void members(Set<VolumeId> wanted) {
        lock.lock();
        try {
            group.members(wanted);
            closeReplaced();
        } finally {
            lock.unlock();
        }
    }

    /// A volume that was a member comes back with the size that its kept points have.
    ///
    /// @throws FaultException with [JournalFault.OtherSize]
    public void requireSize(VolumeId volume, long size) {
        lock.lock();
        try {
            journal.requireSize(volume, size);
        } finally {
            lock.unlock();
        }
    }

    /// The frames at hand are all taken: syncs when it is due and acknowledges to every source.
    void batchEnd() {
        lock.lock();
        try {
            for (GroupReceiver.Outgoing out : group.batchEnd()) {
                for (Map.Entry<FrameChannel, ReceiverSession> to : sessions.entrySet()) {
                    if (to.getValue() == out.to()) {
                        send(to.getKey(), out.frame());
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// One source that does not hear must not keep the others from their acks, nor anybody from this group's lock; its own connection ends by
    /// itself.
    private static void send(FrameChannel to, Frame frame) {
        try {
            to.post(frame);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "an ack did not go out: {0}", e.getMessage());
        }
    }

    void ended(FrameChannel ended) {
        lock.lock();
        try {
            ReceiverSession session = sessions.remove(ended);
            if (session != null) {
                group.disconnected(session);
            }
        } finally {
            lock.unlock();
        }
    }

    /// The decision to promote: durable, and nothing is granted from now on. The same decision again changes nothing.
    ///
    /// @return false when it is older than what is known
    public boolean stopGrants(long decisionTerm) {
        lock.lock();
        try {
            if (!grantor.stop(decisionTerm)) {
                return false;
            }
            journal.roles(journal.roles().with(grantor.term(), true, grantor.promoted()));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// A decision was taken back: under the later term this side grants again. Nothing changes after a promotion.
    public void resumeRole(long laterTerm) {
        lock.lock();
        try {
            if (grantor.resume(laterTerm)) {
                journal.roles(journal.roles().with(laterTerm, false, false));
            }
        } finally {
            lock.unlock();
        }
    }

    /// Takes this side's copy of what the source does alone, durably; an older one changes nothing.
    public void isolation(Isolation told) {
        lock.lock();
        try {
            journal.roles(journal.roles().with(told));
            grantor.isolation(told);
        } finally {
            lock.unlock();
        }
    }

    /// @throws FaultException with [JournalFault.SourceMayGoOn] while only a release or a word could prove that the source has ended
    public void requireNoWord(SourceEnd end) {
        lock.lock();
        try {
            if (grantor.needsWord(end)) {
                throw new FaultException(new JournalFault.SourceMayGoOn(grantor.term()));
            }
        } finally {
            lock.unlock();
        }
    }

    /// Promotes this side when that is safe now.
    ///
    /// @return 0 when promoted (durably), else the nanoseconds to wait before asking again; -1 for an unknown decision
    /// @throws FaultException with [JournalFault.SourceMayGoOn] while only a release or a word could prove that the source has ended
    public long promote(long decisionTerm, SourceEnd end) {
        lock.lock();
        try {
            if (!grantor.stopped() || grantor.term() != decisionTerm) {
                return -1;
            }
            requireNoWord(end);
            long now = clock.bootNanos();
            if (!grantor.promote(decisionTerm, end, now)) {
                return Math.max(1, grantor.expiresInNanos(now));
            }
            journal.roles(journal.roles().with(decisionTerm, true, true));
            sessions.keySet().forEach(FrameChannel::close);
            LOG.log(Level.INFO, "promoted under term {0}", decisionTerm);
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a promotion back: its views are gone, and under the later term this side grants again. The same again changes nothing.
    ///
    /// @return false when the term is not later
    /// @throws FaultException with [JournalFault.Committed]
    public boolean rollBack(long laterTerm) {
        lock.lock();
        try {
            requireNotCommitted();
            if (!grantor.takeBack(laterTerm)) {
                return false;
            }
            journal.roles(journal.roles().with(laterTerm, false, false));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// @throws FaultException with [JournalFault.Committed] once a promotion from this journal was committed
    public void requireNotCommitted() {
        journal.branch()
                .committed()
                .ifPresent(point -> {
                    throw new FaultException(new JournalFault.Committed(point));
                });
    }

    /// Ends this history at the point that was promoted, see [io.redoubt.storage.journal.Branch#commit].
    public void commit(long point) {
        lock.lock();
        try {
            journal.branch().commit(point, clock.wallMillis());
        } finally {
            lock.unlock();
        }
    }

    /// The kept points and those of the branch, oldest first.
    public List<RecoveryPoint> pointsAndBranch() {
        var all = new ArrayList<>(journal.points());
        all.addAll(journal.branch().points());
        return all;
    }

    public Roles roles() {
        return journal.roles();
    }

    /// See [GroupReceiver#lossBehind].
    public Loss lossBehind(long point) {
        lock.lock();
        try {
            return group.lossBehind(point);
        } finally {
            lock.unlock();
        }
    }

    /// Of the journal; the same for as long as it is open.
    public History history() {
        return group.history();
    }

    public boolean connected() {
        lock.lock();
        try {
            return sessions.values().stream().anyMatch(group::isCurrent);
        } finally {
            lock.unlock();
        }
    }

    public List<RecoveryPoint> points() {
        return journal.points();
    }

    /// Opens a point for a short look: once it is not kept any more, a read is a fault.
    public JournalView view(long number) {
        return journal.view(number);
    }

    /// Opens a point for reading and pins it, durably. The lease is made longer as long as this process lives and [#closeView] was not called.
    ///
    /// @param owner who looks at it, one point each
    /// @throws FaultException with a [JournalFault] when the point is not kept
    public JournalView openView(long number, String owner, Duration lease) {
        lock.lock();
        try {
            long until = clock.wallMillis() + lease.toMillis();
            journal.pin(owner, number, until);
            open.put(owner, new OpenView(new Pin(owner, number, until), lease));
            return journal.view(number);
        } finally {
            lock.unlock();
        }
    }

    /// Opens one member at one number of the dense window for reading and pins that, durably, as [#openView] does with a point.
    ///
    /// @throws FaultException with a [JournalFault] when the number cannot be seen
    public BlockImage openNumber(VolumeId volume, long vseq, String owner, Duration lease) {
        lock.lock();
        try {
            long until = clock.wallMillis() + lease.toMillis();
            journal.pin(owner, volume, vseq, until);
            open.put(owner, new OpenView(new Pin(owner, new Pin.At(volume, vseq), until), lease));
            return journal.view(volume, vseq);
        } finally {
            lock.unlock();
        }
    }

    /// The owner does not look after all: what it holds stays until its lease ends, which is made no longer.
    public void leaveView(String owner) {
        lock.lock();
        try {
            open.remove(owner);
        } finally {
            lock.unlock();
        }
    }

    /// Lets the owner's point go; nothing happens when it holds none.
    public void closeView(String owner) {
        lock.lock();
        try {
            open.remove(owner);
            journal.unpin(owner);
        } finally {
            lock.unlock();
        }
    }

    /// Deletes a point durably.
    ///
    /// @throws FaultException with [JournalFault.Pinned] while somebody looks at it
    public void dropPoint(long number) {
        lock.lock();
        try {
            journal.drop(number);
        } finally {
            lock.unlock();
        }
    }

    /// Protects a point from everything but [#dropPoint], or ends that.
    ///
    /// @throws FaultException with [JournalFault.NoRoomToProtect]
    public void protectPoint(long number, boolean on) {
        lock.lock();
        try {
            journal.protect(number, on);
        } finally {
            lock.unlock();
        }
    }

    /// See [Journal#label].
    ///
    /// @param decided the tag by the point that is there
    /// @throws FaultException with [JournalFault.NoSuchPoint]
    public void labelPoint(long number, Function<RecoveryPoint, PointTag> decided) {
        lock.lock();
        try {
            journal.label(number, decided.apply(journal.view(number).point()));
        } finally {
            lock.unlock();
        }
    }

    /// Whether a point could be protected now.
    ///
    /// @throws FaultException with [JournalFault.NoRoomToProtect]
    public void requireRoomToProtect() {
        lock.lock();
        try {
            journal.requireRoomToProtect(0);
        } finally {
            lock.unlock();
        }
    }

    /// How the journal stands; as it stood last while its disk hangs, so that the node's reports never wait for that.
    public Standing standing() {
        try {
            if (lock.tryLock(STANDING_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                try {
                    standing = look();
                } finally {
                    lock.unlock();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return standing;
    }

    private Standing look() {
        return new Standing(
                journal.guarded(), journal.pins(), housekeeping.report(), group.cutsGivenUp());
    }

    /// From now on, without a restart. Not durable: whoever says it says it again after one.
    ///
    /// @param quotaBytes of the journal, [io.redoubt.storage.journal.JournalLimits#NO_QUOTA] for none
    public void retention(Ladder ladder, long quotaBytes) {
        lock.lock();
        try {
            housekeeping.settings(
                    new Housekeeping.Settings(ladder, housekeeping.settings().scrubEvery()));
            journal.quota(quotaBytes);
        } finally {
            lock.unlock();
        }
    }

    /// The points that another ladder would not keep now.
    public List<Long> wouldDrop(Ladder ladder) {
        return housekeeping.wouldDrop(ladder, clock.wallMillis());
    }

    /// Drops what need not be kept, and sweeps when that gains something; see [Housekeeping]. For one thread alone.
    ///
    /// @param goOn asked between pieces of work; once it says no the rest is for the next time
    public void keepHouse(BooleanSupplier goOn) {
        renew(clock.wallMillis());
        housekeeping.tick(clock.wallMillis());
        while (goOn.getAsBoolean() && housekeeping.step(HOUSEKEEPING_BYTES)) {}
    }

    /// Scans what was adopted and makes it the first point; until then no data is taken. Nothing happens otherwise. For the thread of
    /// [#keepHouse].
    ///
    /// @param goOn asked between pieces of work; once it says no the rest is for the next time
    public void adopt(BooleanSupplier goOn) {
        while (scans() && goOn.getAsBoolean() && housekeeping.step(HOUSEKEEPING_BYTES)) {}
        keepAdopted();
    }

    /// Whether what was adopted is not its first point yet. A source that came in before would number its cuts below that point.
    public boolean adopts() {
        lock.lock();
        try {
            return journal.adoptions().waiting();
        } finally {
            lock.unlock();
        }
    }

    private boolean scans() {
        lock.lock();
        try {
            return journal.adoptions().waiting() && !journal.adoptions().scanning().isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void keepAdopted() {
        lock.lock();
        try {
            if (journal.adoptions().waiting() && journal.adoptions().scanning().isEmpty()) {
                long now = clock.wallMillis();
                RecoveryPoint _ = journal.adoptions().keep(now, now, ADOPTED);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Only a lease that is half over is written again.
    private void renew(long nowMillis) {
        lock.lock();
        try {
            for (Pin pin : journal.pins()) {
                OpenView view = open.get(pin.owner());
                if (view != null
                        && view.pin.isLike(pin)
                        && pin.untilMillis() - nowMillis < view.lease.toMillis() / 2) {
                    journal.renew(pin.until(nowMillis + view.lease.toMillis()));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    public Journal journal() {
        return journal;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            sessions.keySet().forEach(FrameChannel::close);
            journal.close();
        } finally {
            lock.unlock();
        }
    }
}

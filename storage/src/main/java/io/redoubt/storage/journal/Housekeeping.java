// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/// Keeps a journal small: ends leases, drops points by the ladder, sweeps when that gains something, and shortens history when there is no
/// room (rule 37). When not even that makes room, what came since the newest point is folded, see [Journal#fold].
///
/// A core without a thread: the shell calls [#tick] every minute, then [#step] until it says that nothing is left. The journal's lock is held
/// for a tick, and to begin a sweep and put it in force; never while a sweep reads and writes.
///
/// **When a sweep gains something.** Points were dropped, or the dense window moved on, since the last one; and the journal grew by a third
/// since then, or an hour passed, or three quarters of the room are in use.
public final class Housekeeping {
    private static final Logger LOG = System.getLogger(Housekeeping.class.getName());
    private static final long SWEEP_MILLIS = Duration.ofHours(1).toMillis();

    /// @param ladder     how many points are kept of each age
    /// @param scrubEvery how long after one scrub ended the next begins
    public record Settings(Ladder ladder, Duration scrubEvery) {
        public static final Settings DEFAULT = new Settings(Ladder.DEFAULT, Duration.ofDays(7));
    }

    /// What a client is told about a journal's room.
    ///
    /// @param fullInMillis by the growth of the last hour; empty when it does not grow
    public record Report(
            JournalRoom room, JournalRoom.Pressure pressure, OptionalLong fullInMillis) {}

    private final Journal journal;
    private Settings settings; // guarded by the lock
    private final Lock lock;
    private final Forecast forecast = new Forecast();
    private @Nullable Scrub scrub;
    private long nowMillis;
    private long scrubbedMillis;
    private long sweptMillis;
    private long sweptBytes;
    private long foldedRecords;

    /// The oldest and the dense point of the last sweep: with neither changed and nothing dropped the next one gains nothing.
    private List<Long> swept = List.of();

    private boolean dropped = true;
    private JournalRoom.Pressure pressure = JournalRoom.Pressure.NONE;

    /// @param lock held by the journal's writer
    public Housekeeping(Journal journal, Settings settings, Lock lock) {
        this.journal = journal;
        this.settings = settings;
        this.lock = lock;
    }

    /// From the next tick on.
    public void settings(Settings changed) {
        lock.lock();
        try {
            settings = changed;
        } finally {
            lock.unlock();
        }
    }

    public Settings settings() {
        lock.lock();
        try {
            return settings;
        } finally {
            lock.unlock();
        }
    }

    /// The points that another ladder would not keep.
    public List<Long> wouldDrop(Ladder ladder, long now) {
        lock.lock();
        try {
            return Retention.toDrop(
                    journal.points(), now, ladder, journal.guarded(), journal.pinned());
        } finally {
            lock.unlock();
        }
    }

    /// Ends leases, drops points durably and begins what is due.
    public void tick(long now) {
        lock.lock();
        try {
            if (journal.closed()) {
                return;
            }
            if (nowMillis == 0) {
                sweptMillis = now;
                scrubbedMillis = now;
            }
            nowMillis = now;
            journal.expirePins(now);
            drop(
                    Retention.toDrop(
                            journal.points(),
                            now,
                            settings.ladder(),
                            journal.guarded(),
                            journal.pinned()));
            if (journal.branch().expire(now, settings.ladder())) {
                dropped = true;
            }
            forecast.sample(now, journal.room().bytes());
            alarm(journal.room());
            begin();
            if (scrub == null && now - scrubbedMillis >= settings.scrubEvery().toMillis()) {
                scrub = journal.upkeep().scrub();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Said when it changes, not every minute.
    private void alarm(JournalRoom room) {
        if (room.pressure() != pressure) {
            pressure = room.pressure();
            LOG.log(
                    pressure == JournalRoom.Pressure.NONE ? Level.INFO : Level.WARNING,
                    "{0} % of a journal''s room are in use: {1}",
                    room.percent(),
                    pressure);
        }
    }

    private void drop(List<Long> points) {
        if (!points.isEmpty()) {
            journal.drop(points);
            dropped = true;
        }
    }

    /// The next piece of work, of about so many bytes.
    ///
    /// @return false when nothing is left to do
    /// @throws FaultException when a sweep or a scrub cannot go on; what it had done is given up
    public boolean step(long bytes) {
        if (closed()) {
            return false;
        }
        Optional<Sweep> sweep = sweeping();
        if (sweep.isPresent()) {
            return step(sweep.get(), bytes);
        }
        Optional<BaseScan> scan = scanning();
        return scan.isPresent() ? step(scan.get(), bytes) : scrubStep(bytes);
    }

    private Optional<BaseScan> scanning() {
        lock.lock();
        try {
            return journal.closed() ? Optional.empty() : journal.adoptions().scan();
        } finally {
            lock.unlock();
        }
    }

    /// Checksums of an adopted base.
    private boolean step(BaseScan scan, long bytes) {
        boolean more;
        try {
            more = scan.step(bytes);
        } catch (FaultException e) {
            lock.lock();
            try {
                journal.adoptions().abandon();
            } finally {
                lock.unlock();
            }
            throw e;
        }
        if (!more) {
            lock.lock();
            try {
                if (!journal.closed()) {
                    journal.adoptions().noted(scan);
                }
            } finally {
                lock.unlock();
            }
        }
        return true;
    }

    private boolean closed() {
        lock.lock();
        try {
            return journal.closed();
        } finally {
            lock.unlock();
        }
    }

    private Optional<Sweep> sweeping() {
        lock.lock();
        try {
            return journal.upkeep().sweeping();
        } finally {
            lock.unlock();
        }
    }

    private boolean step(Sweep sweep, long bytes) {
        try {
            if (sweep.step(bytes)) {
                return true;
            }
            lock.lock();
            try {
                if (journal.closed()) {
                    return false;
                }
                journal.upkeep().commit(sweep);
                if (!sweep.merging()) {
                    sweptMillis = nowMillis;
                    sweptBytes = journal.room().bytes();
                }
                begin();
                return true;
            } finally {
                lock.unlock();
            }
        } catch (FaultException e) {
            lock.lock();
            try {
                journal.upkeep().abandon(sweep);
                dropped = true; // what it was for is still to be done
            } finally {
                lock.unlock();
            }
            throw e;
        }
    }

    private boolean scrubStep(long bytes) {
        Scrub running = scrub;
        if (running == null) {
            return false;
        }
        boolean more = false;
        try {
            more = running.step(bytes);
        } finally {
            if (!more) {
                scrub = null; // also after a fault: the next one begins anew
                scrubbedMillis = nowMillis;
            }
        }
        if (!more) {
            for (DamagedVersion found : running.found()) {
                LOG.log(Level.ERROR, "damaged: {0}", found);
            }
            for (JournalFault header : running.headers()) {
                LOG.log(Level.ERROR, "damaged: {0}", header.message());
            }
        }
        return more;
    }

    /// Begins a merge or a sweep, when it is worth it, after giving something up when there is no room otherwise.
    private void begin() {
        if (journal.upkeep().sweeping().isPresent() || journal.upkeep().beginMerge()) {
            return;
        }
        JournalRoom room = journal.room();
        if (worth(room) || makesRoom(room)) {
            List<RecoveryPoint> points = journal.points();
            swept = marks();
            dropped = false;
            journal.upkeep()
                    .beginSweep(
                            points.isEmpty()
                                    ? Map.of()
                                    : Retention.dense(points, nowMillis, settings.ladder())
                                            .vector(),
                            pinnedAlone(points),
                            journal.heldNumbers());
        }
    }

    /// When the last sweep took all that could go: first the oldest points, then what no point holds yet.
    private boolean makesRoom(JournalRoom room) {
        if (changed()) {
            return false;
        }
        if (room.percent() >= JournalRoom.SHORTEN_PERCENT && shorten(room)) {
            return true;
        }
        // Blocks of an open pass come under one number, so the records tell whether anything is
        // new.
        if (journal.upkeep().stopped()
                && journal.appended() > foldedRecords
                && journal.upkeep().foldable()) {
            journal.upkeep().fold();
            foldedRecords = journal.appended();
            return true;
        }
        return false;
    }

    private boolean worth(JournalRoom room) {
        if (!changed() || journal.points().isEmpty()) {
            return false;
        }
        return room.pressure() != JournalRoom.Pressure.NONE
                || (room.bytes() - sweptBytes) * 4 >= room.bytes()
                || nowMillis - sweptMillis >= SWEEP_MILLIS;
    }

    private boolean changed() {
        return (dropped && !journal.points().isEmpty()) || !swept.equals(marks());
    }

    private List<Long> marks() {
        List<RecoveryPoint> points = journal.points();
        return points.isEmpty()
                ? List.of()
                : List.of(
                        points.getFirst().number(),
                        Retention.dense(points, nowMillis, settings.ladder()).number());
    }

    private boolean shorten(JournalRoom room) {
        List<Long> oldest =
                Retention.toShorten(journal.points(), journal.guarded(), journal.pinned());
        if (oldest.isEmpty()) {
            return false;
        }
        LOG.log(
                Level.INFO,
                "{0} % of a journal''s room are in use: its {1} oldest points go",
                room.percent(),
                oldest.size());
        drop(oldest);
        return true;
    }

    private Set<Long> pinnedAlone(List<RecoveryPoint> points) {
        var alone =
                new HashSet<>(
                        Retention.toDrop(
                                points, nowMillis, settings.ladder(), journal.guarded(), Set.of()));
        alone.retainAll(journal.pinned());
        return alone;
    }

    public Report report() {
        lock.lock();
        try {
            JournalRoom room = journal.room();
            return new Report(room, room.pressure(), forecast.millisUntil(room.quotaBytes()));
        } finally {
            lock.unlock();
        }
    }
}

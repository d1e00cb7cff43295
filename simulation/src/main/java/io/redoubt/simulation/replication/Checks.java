// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.replication.SourceVolume;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What must hold, by the numbers of the invariants.
final class Checks {
    private static final int BLOCK = 4096;
    private static final int LOOK_EVERY = 20;

    /// What a write waits for a cut at most, by the clock of its host.
    private static final long HELD_NANOS_MAX = 50 * GroupWorld.MILLI;

    private final GroupSetup setup;
    private final List<Oracle> oracles;
    private final List<byte[]> flushed = new ArrayList<>();
    private final Ordered order = new Ordered();
    private long writes;
    private final List<RecoveryPoint> seen = new ArrayList<>();
    private List<RecoveryPoint> offered = List.of();
    private boolean keepingHouse;
    private int looks;
    private final Map<VolumeId, Long> leftAt = new HashMap<>(); // the newest point then
    private final Map<VolumeId, Long> firstNumber = new HashMap<>(); // after it came back
    private final Set<VolumeId> mayLack = new HashSet<>();
    private final Set<VolumeId> mayHold = new HashSet<>();
    private final boolean[] uncertain;
    private final int[] uncertainFrom;
    private final int[] uncertainTo;
    private final boolean[] powerLost;
    private final boolean[] outside;
    private final long[] switchedAt; // when a cut closed a volume of this source

    Checks(GroupSetup setup) {
        this.setup = setup;
        this.oracles =
                setup.volumes().stream()
                        .map(v -> new Oracle(v.value(), setup.volumeBytes()))
                        .toList();
        setup.volumes().forEach(_ -> flushed.add(new byte[setup.volumeBytes()]));
        this.uncertain = new boolean[setup.volumes().size()];
        this.uncertainFrom = new int[setup.volumes().size()];
        this.uncertainTo = new int[setup.volumes().size()];
        this.powerLost = new boolean[setup.volumes().size()];
        this.outside = new boolean[setup.volumes().size()];
        this.switchedAt = new long[setup.sources()];
    }

    /// A cut closes the next volume of this source.
    ///
    /// @param nanos by its host's clock
    void switched(int source, long nanos) {
        switchedAt[source] = nanos;
    }

    /// I26: a write is held by a cut, and by nothing else.
    void held(int source, VolumeId volume, long nanos) {
        if (nanos - switchedAt[source] > HELD_NANOS_MAX) {
            throw new Violation(
                    "I26: a write of %s is still held %d ms after a cut closed a volume of its source"
                            .formatted(volume, (nanos - switchedAt[source]) / GroupWorld.MILLI));
        }
    }

    void writeBegins(int volume, int offset, int length) {
        uncertain[volume] = true;
        uncertainFrom[volume] = offset;
        uncertainTo[volume] = offset + length;
    }

    /// @param vseq below 0 when nothing happened
    void writeEnded(int volume, long vseq, int offset, byte[] data) {
        uncertain[volume] = false;
        if (vseq >= 0) {
            oracles.get(volume).wrote(vseq, offset, data);
            order.wrote(setup.volumes().get(volume), vseq, writes, writes);
            writes++;
            // Until the next flush a power loss may keep or lose it.
            Arrays.fill(unflushed(volume), offset / 512, (offset + data.length + 511) / 512, true);
        }
    }

    /// The receiver is being told that the volume leaves: from now on points may lack it.
    void mayBeLeftOut(VolumeId volume) {
        mayLack.add(volume);
        mayHold.remove(volume);
    }

    /// The receiver has confirmed it: a later point must not hold it.
    void left(VolumeId volume) {
        leftAt.put(volume, seen.isEmpty() ? 0 : seen.getLast().number());
    }

    /// It joins again.
    void mayBeCounted(VolumeId volume) {
        leftAt.remove(volume);
        mayHold.add(volume);
    }

    /// It was written, durably, while it was no member: the numbers that its source gives next show it, and none before.
    void changedOutside(int volume) {
        outside[volume] = true;
    }

    /// The disk failed in the middle: whatever is there now is what the volume holds.
    void writeFailed(int volume, SourceVolume holds, int offset, int length) {
        oracles.get(volume).became(holds.lastVseq(), holds);
        Arrays.fill(unflushed(volume), offset / 512, (offset + length + 511) / 512, true);
    }

    /// A flush failed, and some of what was not durable is as it was before; the points until now do not know of it.
    void flushFailed(int volume, SourceVolume holds) {
        oracles.get(volume).became(holds.lastVseq() + 1, holds);
    }

    private final List<boolean[]> unflushed = new ArrayList<>();

    private boolean[] unflushed(int volume) {
        while (unflushed.size() <= volume) {
            unflushed.add(new boolean[setup.volumeBytes() / 512 + 1]);
        }
        return unflushed.get(volume);
    }

    /// Everything written so far survives a power loss.
    void flushed(int volume) {
        flushed.set(volume, oracles.get(volume).at(Long.MAX_VALUE));
        Arrays.fill(unflushed(volume), false);
    }

    void sourceLostPower(int source) {
        setup.volumesOf(source).forEach(v -> powerLost[setup.volumes().indexOf(v)] = true);
    }

    /// The source runs again: takes over what its disks hold, and asserts I6 and I9.
    void sourceStarted(SourceSide source, @Nullable ReceiverSide receiver) {
        for (SourceVolume volume : source.volumes) {
            int i = setup.volumes().indexOf(volume.id());
            if (outside[i]) {
                outside[i] = false;
                cameBack(i, volume);
                continue;
            }
            byte[] now = oracles.get(i).content(volume);
            byte[] before = oracles.get(i).at(Long.MAX_VALUE);
            for (int at = 0; at < now.length; at++) {
                boolean maybe =
                        (uncertain[i] && at >= uncertainFrom[i] && at < uncertainTo[i])
                                || (powerLost[i] && unflushed(i)[at / 512]);
                if (!maybe && now[at] != before[at]) {
                    throw new Violation(
                            "%s: %s lost byte %d in a %s"
                                    .formatted(
                                            powerLost[i] ? "I6" : "promise 1",
                                            volume.id(),
                                            at,
                                            powerLost[i] ? "power loss" : "process crash"));
                }
            }
            oracles.get(i).became(volume.lastVseq(), volume);
            if (uncertain[i]) {
                Arrays.fill(
                        unflushed(i), uncertainFrom[i] / 512, (uncertainTo[i] + 511) / 512, true);
            }
            if (powerLost[i]) {
                flushed(i);
            }
            powerLost[i] = false;
            uncertain[i] = false;
            if (receiver != null) {
                dirtyMapIsSound(volume, receiver.journal, now);
            }
        }
    }

    private void cameBack(int index, SourceVolume volume) {
        uncertain[index] = false;
        powerLost[index] = false;
        oracles.get(index).became(volume.lastVseq(), volume);
        flushed(index);
        firstNumber.put(volume.id(), volume.lastVseq());
    }

    /// I9: whatever differs is known to the dirty map or still in the spool.
    private static void dirtyMapIsSound(SourceVolume volume, Journal journal, byte[] local) {
        BlockImage head;
        try {
            head = journal.head(volume.id());
        } catch (IllegalArgumentException _) {
            return; // never joined: the first pass takes everything
        }
        OptionalInt slot = journal.find(volume.id());
        if (slot.isEmpty() || !journal.joined(slot.getAsInt())) {
            return; // the first pass goes over everything that the volume held before it was
            // protected
        }
        byte[] remote = new byte[local.length];
        head.read(0, java.nio.ByteBuffer.wrap(remote));
        Set<Long> spooled = volume.differences().spooledBlocks();
        for (int block = 0; block < local.length / BLOCK; block++) {
            int from = block * BLOCK;
            if (!Arrays.equals(local, from, from + BLOCK, remote, from, from + BLOCK)
                    && !volume.differences().isMarked(block, true)
                    && !spooled.contains((long) block)) {
                throw new Violation(
                        "I9: block %d of %s (%s, last write %d) differs from the replica and nothing knows of it"
                                .formatted(block, volume.id(), volume.mode(), volume.lastVseq()));
            }
        }
    }

    /// I5: a point that was listed once is listed after every restart.
    void receiverStarted(ReceiverSide receiver) {
        if (!receiver.journal.damage().isEmpty()) {
            throw new Violation(
                    "I5: a restart calls its own crash damage: "
                            + receiver.journal.damage().getFirst().message());
        }
        List<RecoveryPoint> listed = receiver.journal.points();
        for (RecoveryPoint point : offered) {
            boolean mayGo = keepingHouse && !point.equals(offered.getLast());
            if (!listed.contains(point) && !mayGo) {
                throw new Violation(
                        "I5: point %d was listed and is gone".formatted(point.number()));
            }
        }
        published(receiver.journal);
        if (!listed.isEmpty()) {
            pointIsExact(receiver.journal, listed.getLast());
            pointIsExact(receiver.journal, listed.getFirst());
        }
    }

    /// The receiver drops what its ladder does not keep from here on; the newest point is never among it. When it dies meanwhile, nobody
    /// knows how far it came.
    void keepsHouse() {
        keepingHouse = true;
    }

    /// I1 to I4 for every point that is new; and the oldest one is what it was, whatever was swept.
    void published(Journal journal) {
        List<RecoveryPoint> listed = journal.points();
        for (RecoveryPoint point : listed) {
            if (seen.isEmpty() || point.number() > seen.getLast().number()) {
                if (!seen.isEmpty()) {
                    follows(seen.getLast(), point);
                }
                requireMembers(point);
                pointIsExact(journal, point);
                order.require(point);
                seen.add(point);
            }
        }
        // What a sweep took from it stays taken: looking now and then finds it all the same.
        if (keepingHouse && !listed.isEmpty() && ++looks % LOOK_EVERY == 0) {
            pointIsExact(journal, listed.getFirst());
        }
        offered = listed;
        keepingHouse = false;
    }

    /// I28.
    private void requireMembers(RecoveryPoint point) {
        for (VolumeId volume : point.vector().keySet()) {
            Long newestThen = leftAt.get(volume);
            if (newestThen != null && point.number() > newestThen) {
                throw new Violation(
                        "I28: point %d holds %s, which left before"
                                .formatted(point.number(), volume));
            }
            boolean counted =
                    mayHold.contains(volume)
                            && point.vector().getOrDefault(volume, 0L)
                                    >= firstNumber.getOrDefault(volume, Long.MAX_VALUE);
            if (counted) {
                mayLack.remove(volume); // from now on every later point does
            }
        }
    }

    private void follows(RecoveryPoint before, RecoveryPoint point) {
        if (point.number() <= before.number() || point.stampMillis() <= before.stampMillis()) {
            throw new Violation(
                    "I3: point %d at %d follows point %d at %d"
                            .formatted(
                                    point.number(),
                                    point.stampMillis(),
                                    before.number(),
                                    before.stampMillis()));
        }
        for (Map.Entry<VolumeId, Long> member : before.vector().entrySet()) {
            // I28: once a point has counted a member, every later one does, until it leaves.
            Long later = point.vector().get(member.getKey());
            if (later == null && mayLack.contains(member.getKey())) {
                continue;
            }
            if (later == null || later < member.getValue()) {
                throw new Violation(
                        "I3: point %d goes back on %s".formatted(point.number(), member.getKey()));
            }
        }
    }

    private void pointIsExact(Journal journal, RecoveryPoint point) {
        try {
            for (int i = 0; i < setup.volumes().size(); i++) {
                VolumeId volume = setup.volumes().get(i);
                if (!point.vector().containsKey(volume)) {
                    continue; // it had not joined
                }
                oracles.get(i)
                        .requireSame(
                                "I1: point " + point.number(),
                                journal.view(point.number()).volume(volume),
                                Objects.requireNonNull(point.vector().get(volume)));
            }
        } catch (FaultException e) {
            throw new Violation(
                    "I25: point %d is listed and cannot be read".formatted(point.number()), e);
        }
    }

    void everyPointMounts(Journal journal) {
        journal.points().forEach(p -> pointIsExact(journal, p));
    }

    RecoveryPoint newest() {
        if (seen.isEmpty()) {
            throw new Violation("liveness: no point was ever published");
        }
        return seen.getLast();
    }

    /// I7: after the drain the newest point is the source, byte for byte.
    void converged(int index, SourceVolume volume, Journal journal, RecoveryPoint newest) {
        byte[] local = oracles.get(index).content(volume);
        byte[] remote =
                oracles.get(index).content(journal.view(newest.number()).volume(volume.id()));
        int at = Arrays.mismatch(local, remote);
        if (at >= 0) {
            throw new Violation(
                    "I7: %s differs from its replica at byte %d".formatted(volume.id(), at));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.machine.Turns;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.replication.GroupCut;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// One seed's life of writers that overlap, on one thread: what a guest with several requests in flight does to the write path, beside a
/// stream that is interrupted, passes and cuts. Nothing crashes here; that is [GroupWorld]'s.
///
/// Checked at its end: I1 of every point, I2, I7, I8, and that everything ends: no two threads wait for each other.
public final class WritersWorld {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long TURNS_MAX = 60_000;
    private static final int WRITES_EACH_MAX = 24;
    private static final int HOT_BYTES = 48 << 10;
    private static final int MOST_BYTES = 12 << 10;

    private final SplittableRandom random;
    private final SimTime time = new SimTime();
    private final GroupSetup setup = GroupSetup.SMALL;
    private final SimHost host;
    private final SourceSide source;
    private final ReceiverSide receiver;
    private final Turns turns;
    private final ReentrantLock group = new ReentrantLock();
    private final DirectLink link;
    private final List<Done> done = new ArrayList<>();
    private final Ordered order = new Ordered();
    private long events;
    private long grants;
    private int writing;
    private long trace = 0xcbf29ce484222325L;

    private record Done(int volume, Oracle.Write write) {}

    public WritersWorld(long seed, SyncLedger syncs) {
        random = new SplittableRandom(seed);
        host = new SimHost(random.split(), time, syncs);
        source =
                new SourceSide(
                        host,
                        setup,
                        new SourceSide.Part(0, setup.volumesOf(0), setup.peersOf(0)),
                        1,
                        GroupWorld.TIMES,
                        (_, raw) -> new Yielding(raw));
        receiver =
                new ReceiverSide(new SimHost(random.split(), time, syncs), setup, GroupWorld.TIMES);
        link = new DirectLink(source.group, receiver.group, random.split());
        turns = new Turns(random.split());
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        for (int i = 2 + random.nextInt(3); i > 0; i--) {
            SplittableRandom own = random.split();
            writing++;
            turns.start(() -> writes(own));
        }
        SplittableRandom forCuts = random.split();
        if (random.nextBoolean()) {
            source.verify();
        }
        turns.start(this::ship);
        turns.start(() -> cuts(forCuts));
        turns.run(TURNS_MAX, this::passTime);
        check();
        return trace;
    }

    private void passTime() {
        time.advanceTo(time.nanos() + random.nextInt(1 + (int) MILLI));
        long now = host.clock().bootNanos();
        if (now / GroupWorld.SECOND >= grants) {
            grants = now / GroupWorld.SECOND + 1;
            source.holder.requested(GrantorKind.CONTROL, grants, now);
            source.holder.answered(GrantorKind.CONTROL, grants, new GrantAnswer.Granted(1));
        }
    }

    private void writes(SplittableRandom own) {
        for (int i = 1 + own.nextInt(WRITES_EACH_MAX); i > 0; i--) {
            int index = own.nextInt(source.volumes.size());
            boolean zero = own.nextInt(8) == 0;
            int unit = zero ? 4096 : 512;
            int offset = own.nextInt(HOT_BYTES / unit) * unit;
            int length =
                    Math.min(
                            unit * (1 + own.nextInt(MOST_BYTES / unit)),
                            SourceSide.LIMITS.recordBytes());
            byte[] data = new byte[length];
            if (!zero) {
                own.nextBytes(data);
            }
            write(index, offset, data, zero);
            if (own.nextInt(10) == 0) {
                source.volumes.get(index).flush();
            }
        }
        writing--;
    }

    private void write(int index, int offset, byte[] data, boolean zero) {
        SourceVolume volume = source.volumes.get(index);
        long submitted = ++events;
        long vseq = SourceVolume.NOT_NOW;
        while (vseq == SourceVolume.NOT_NOW) {
            vseq =
                    zero
                            ? volume.tryZero(offset, data.length)
                            : volume.tryWrite(offset, ByteBuffer.wrap(data));
            Turns.pass();
        }
        trace = (trace ^ vseq) * 0x100000001b3L;
        done.add(new Done(index, new Oracle.Write(vseq, offset, data)));
        order.wrote(volume.id(), vseq, submitted, ++events);
    }

    /// Ships until the writers have ended and everything has arrived. The connection breaks now and then, as long as somebody writes.
    private void ship() {
        while (writing > 0 || !settled()) {
            group.lock();
            try {
                link.turn(writing > 0);
                source.requireVerified();
            } finally {
                group.unlock();
            }
            Turns.pass();
        }
    }

    private void cuts(SplittableRandom own) {
        while (writing > 0 || !settled()) {
            GroupCut cut = locked(() -> source.group.cuts().begin(""));
            if (cut != null) {
                while (locked(cut.own()::switchNext)) {
                    linger(own);
                }
                linger(own);
                locked(() -> {
                    source.group.cuts().releaseOwn(cut);
                    return source.group.cuts().finish(cut);
                });
            }
            for (int i = own.nextInt(20); i > 0; i--) {
                Turns.pass();
            }
        }
    }

    /// Rarely the coordinator is so slow that members open by themselves.
    private static void linger(SplittableRandom own) {
        for (int i = own.nextInt(12) == 0 ? 140 : own.nextInt(6); i > 0; i--) {
            Turns.pass();
        }
    }

    private <T> T locked(Supplier<T> step) {
        group.lock();
        try {
            return step.get();
        } finally {
            group.unlock();
        }
    }

    private boolean settled() {
        List<RecoveryPoint> points = receiver.journal.points();
        return !points.isEmpty()
                && source.volumes.stream()
                        .allMatch(v ->
                                v.mode() == Mode.STREAM
                                        && Objects.requireNonNull(
                                                        points.getLast().vector().get(v.id()))
                                                == v.lastVseq());
    }

    private void check() {
        done.sort(Comparator.comparingLong(d -> d.write.vseq));
        for (int i = 0; i < source.volumes.size(); i++) {
            VolumeId id = setup.volumes().get(i);
            var oracle = new Oracle(id.value(), setup.volumeBytes());
            for (Done each : done) {
                if (each.volume == i) {
                    oracle.wrote(each.write);
                }
            }
            oracle.requireSame("I8: the source", source.volumes.get(i), Long.MAX_VALUE);
            for (RecoveryPoint point : receiver.journal.points()) {
                oracle.requireSame(
                        "I1: point " + point.number(),
                        receiver.journal.view(point.number()).volume(id),
                        Objects.requireNonNull(point.vector().get(id)));
                trace = (trace ^ point.number()) * 0x100000001b3L;
            }
        }
        receiver.journal.points().forEach(order::require);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/// How long writes wait for a cut (rules 16 to 18): a writer for each volume, and cuts far more often than in production, so that many
/// writes meet one.
final class Barrier {
    private static final int BLOCK = 4096;
    private static final long PAUSE_NANOS = 20_000;
    private static final long AGAIN_NANOS = 10_000;

    private final MeasuredGroup group;
    private final long everyMillis;
    private volatile boolean stopped;

    Barrier(MeasuredGroup group, long everyMillis) {
        this.group = group;
        this.everyMillis = everyMillis;
    }

    /// @return cuts made and given up; then count, p50, p99 and maximum of the nanoseconds that a cut took, and of those that writes waited
    String run(long millis) throws InterruptedException {
        long givenUpBefore = group.cutsGivenUp();
        List<Samples> waits = new ArrayList<>();
        List<Thread> writers = new ArrayList<>();
        for (SourceVolume volume : group.volumes()) {
            var own = new Samples();
            waits.add(own);
            writers.add(Thread.ofPlatform().start(() -> write(volume, own)));
        }
        var cuts = new Samples();
        long end = System.nanoTime() + millis * 1_000_000;
        while (System.nanoTime() < end) {
            long begin = System.nanoTime();
            if (group.cut() > 0) {
                cuts.add(System.nanoTime() - begin);
            }
            Thread.sleep(everyMillis);
        }
        stopped = true;
        for (Thread writer : writers) {
            writer.join();
        }
        var all = new Samples();
        waits.forEach(all::addAll);
        long givenUp = group.cutsGivenUp() - givenUpBefore;
        return givenUp + " " + cuts.percentiles().words() + " " + all.percentiles().words();
    }

    private void write(SourceVolume volume, Samples waits) {
        var random = new SplittableRandom(volume.id().value().hashCode());
        ByteBuffer data = ByteBuffer.allocate(BLOCK);
        while (!stopped) {
            long at = random.nextLong(volume.size() / BLOCK) * BLOCK;
            if (volume.tryWrite(at, data) == SourceVolume.NOT_NOW) {
                long begin = System.nanoTime();
                do {
                    LockSupport.parkNanos(AGAIN_NANOS);
                } while (volume.tryWrite(at, data) == SourceVolume.NOT_NOW);
                waits.add(System.nanoTime() - begin);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rule 9: several writers find the spool full at the same moment, some with room for a small record still.
class NumberingRaceTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 4_000;
    private static final int DRAWS = 12;
    private static final int VOLUME_BYTES = 1 << 20;
    private static final SourceLimits TINY =
            new SourceLimits(40 << 10, 20 << 10, 4 << 10, 64 << 10, 3, 64 << 10);

    @Test
    void the_gap_begins_behind_the_last_record_that_went_to_the_spool(@TempDir Path home)
            throws Exception {
        Clock clock = new SystemClock();
        var disk = new SystemDisk(home.resolve("source"));
        var state = new SourceState(disk, clock.bootId());
        var spool = new Spool(disk, TINY, false);
        var dirty = new DirtyMap(disk, VOLUME_BYTES, TINY, false, 0);
        var numbering = new Numbering(new VolumeId("v"), clock, state, spool, dirty);
        state.adoptBoot();
        var drawn = new ConcurrentLinkedQueue<SpoolRecord>();
        var barrier = new CyclicBarrier(THREADS);
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS);
                spool;
                dirty;
                state) {
            for (int round = 0; round < ROUNDS; round++) {
                streamAgain(state, spool);
                drawn.clear();
                List<Future<?>> running = new ArrayList<>();
                for (int thread = 0; thread < THREADS; thread++) {
                    var random = new SplittableRandom(round * 31L + thread);
                    running.add(
                            threads.submit(() -> {
                                barrier.await(10, TimeUnit.SECONDS);
                                for (int i = 0; i < DRAWS; i++) {
                                    SpoolRecord record =
                                            numbering.draw(
                                                    SpoolRecord.Kind.WRITE,
                                                    0,
                                                    512 * (1 + random.nextInt(8)),
                                                    0);
                                    if (record != null) {
                                        drawn.add(record);
                                    }
                                }
                                return null;
                            }));
                }
                for (Future<?> each : running) {
                    each.get(10, TimeUnit.SECONDS);
                }
                assertThat(numbering.mode()).as("mode in round %d", round).isEqualTo(Mode.TRACK);
                long gap = state.gapFrom();
                for (SpoolRecord record : drawn) {
                    boolean spooled = record.previous() >= 0;
                    assertThat(record.vseq() <= gap)
                            .as(
                                    "round %d: write %d, spooled %s, the gap begins at %d",
                                    round, record.vseq(), spooled, gap)
                            .isEqualTo(spooled);
                }
            }
        }
    }

    /// Between the look and the store of one, a small record goes to the spool and another one leaves it: chance meets this once in
    /// days.
    @Test
    void who_is_overtaken_between_look_and_store_does_not_move_the_gap_back(@TempDir Path home)
            throws Exception {
        Clock clock = new SystemClock();
        var disk = new SystemDisk(home.resolve("source"));
        var state = new InterruptedState(disk, clock.bootId());
        try (state;
                var spool = new Spool(disk, TINY, false);
                var dirty = new DirtyMap(disk, VOLUME_BYTES, TINY, false, 0)) {
            var numbering = new Numbering(new VolumeId("v"), clock, state, spool, dirty);
            state.adoptBoot();
            streamAgain(state, spool);
            var overtaking =
                    new FutureTask<>(() -> {
                        SpoolRecord drawn = numbering.draw(SpoolRecord.Kind.WRITE, 0, 512, 0);
                        numbering.forceTrack("it found the spool full");
                        return drawn;
                    });
            state.beforeGap =
                    () -> {
                        Thread thread = Thread.ofPlatform().daemon().start(overtaking);
                        while (thread.getState() != Thread.State.BLOCKED && thread.isAlive()) {
                            Thread.onSpinWait();
                        }
                    };
            numbering.forceTrack("the spool is full");
            SpoolRecord spooled = overtaking.get(10, TimeUnit.SECONDS);
            assertThat(spooled).isNotNull();
            assertThat(spooled.previous()).isNotNegative();
            assertThat(numbering.mode()).isEqualTo(Mode.TRACK);
            assertThat(state.gapFrom()).isEqualTo(spooled.vseq());
        }
    }

    /// Whoever is about to say where the gap begins is held up, once.
    private static final class InterruptedState extends SourceState {
        private Runnable beforeGap = () -> {};

        InterruptedState(Disk disk, String bootId) {
            super(disk, bootId);
        }

        @Override
        void gapFrom(long vseq) {
            Runnable first = beforeGap;
            beforeGap = () -> {};
            first.run();
            super.gapFrom(vseq);
        }
    }

    private static void streamAgain(SourceState state, Spool spool) {
        long vseq = Word.vseq(state.word().get());
        state.gapFrom(0);
        state.freed(vseq);
        spool.discard();
        state.word().set(Word.of(vseq, false, Mode.STREAM, 0, 0));
    }
}

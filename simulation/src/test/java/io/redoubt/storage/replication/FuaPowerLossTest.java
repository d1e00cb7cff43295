// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.nbd.Export;
import io.redoubt.storage.nbd.Exports;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.NbdServer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// I6 for FUA, through the NBD server over a replicated volume: a write that was answered with FUA, and nothing else, is there after its source
/// lost its power, and in every point that is cut later.
class FuaPowerLossTest {
    private static final SourceLimits LIMITS =
            new SourceLimits(128 << 10, 32 << 10, 8 << 10, 64 << 10, 0, 24 << 10);
    private static final int SEEDS = 20;
    private static final int LIVES = 3;
    private static final int STEPS = 30;

    /// Each of the first blocks is written once, with FUA; the ones behind again and again, without.
    private static final int TOKENS = 64;

    private static final int BLOCKS = 2 * TOKENS;

    @TempDir Path home;

    @Test
    void what_was_answered_with_fua_is_there_after_a_power_loss_and_in_every_later_point()
            throws Exception {
        int lost = 0;
        int shown = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var world = new World(seed);
            try {
                for (int life = 0; life < LIVES; life++) {
                    world.live(home.resolve("s"));
                    lost += world.losePower() ? 1 : 0;
                    world.tokensAreThere(world.group.below, Long.MAX_VALUE);
                    world.catchUp();
                    for (RecoveryPoint point : world.group.journal.points()) {
                        world.tokensAreThere(world.group.image(point.number()), point.number());
                        shown++;
                    }
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        // Or nothing was at stake.
        assertThat(lost).as("power losses that took a write without FUA").isPositive();
        assertThat(shown).as("points").isGreaterThan(SEEDS * LIVES);
    }

    private static final class World {
        final OneGroup group;
        private final SplittableRandom random;
        private final long[] answeredAt = new long[TOKENS]; // the last cut before the answer
        private int tokens;
        private long cuts;

        World(long seed) {
            random = new SplittableRandom(seed);
            var time = new SimTime();
            var source = new SimHost(random.split(), time);
            group =
                    new OneGroup(
                            time,
                            source,
                            RawVolume.create(
                                    source.disk("v"),
                                    OneGroup.VOLUME,
                                    new Bytes((long) BLOCKS * OneGroup.BLOCK)),
                            LIMITS,
                            OneGroup.LINEAGE,
                            Journal.open(
                                    new SimHost(random.split(), time).disk("journal"),
                                    OneGroup.LINEAGE,
                                    OneGroup.JOURNAL));
            catchUp();
        }

        /// Everything arrives, and no cut before the next write has a higher number than the last.
        void catchUp() {
            group.connect();
            group.settle();
            cuts = group.cut();
            assertThat(cuts).as("a cut after everything arrived").isPositive();
        }

        /// The guest writes; the stream goes on or not, so that a write is in the spool, on its way, or known to the dirty map alone.
        void live(Path socket) {
            boolean streams = random.nextBoolean();
            Export export = Export.writable(group.volume, "");
            try (var server = NbdServer.listen(socket, Exports.one("v", export))) {
                // Not closed: a client that says goodbye may flush, and one that has lost its
                // power does not.
                NbdClient guest = NbdClient.connect(server.socket(), "v");
                for (int step = random.nextInt(STEPS); step >= 0; step--) {
                    step(guest, streams);
                }
            }
        }

        private void step(NbdClient guest, boolean streams) {
            if (random.nextInt(4) == 0 && tokens < TOKENS) {
                long at = (long) tokens * OneGroup.BLOCK;
                guest.write(at, OneGroup.filled(content(tokens)), true);
                answeredAt[tokens++] = cuts;
            } else {
                int block = TOKENS + random.nextInt(TOKENS);
                int any = 1 + random.nextInt(255);
                guest.write((long) block * OneGroup.BLOCK, OneGroup.filled(any), false);
            }
            if (streams && random.nextInt(3) == 0) {
                group.turn(random.nextInt(64 << 10));
            }
            if (streams && random.nextInt(5) == 0) {
                cuts = Math.max(cuts, group.cut());
            }
        }

        /// @return whether something was lost
        boolean losePower() {
            byte[] before = group.local();
            group.powerLoss();
            return !Arrays.equals(before, group.local());
        }

        private static int content(int token) {
            return token + 1;
        }

        /// @param cut of the image: it shows every token that was answered before it
        void tokensAreThere(BlockImage image, long cut) {
            for (int token = 0; token < tokens; token++) {
                if (answeredAt[token] < cut) {
                    ByteBuffer found = ByteBuffer.allocate(OneGroup.BLOCK);
                    image.read((long) token * OneGroup.BLOCK, found);
                    assertThat(found.flip())
                            .as("token %d at %d", token, cut)
                            .isEqualTo(OneGroup.filled(content(token)));
                }
            }
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.journal.RecoveryPoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a pass costs, and what the points are worth while it runs (I10, I11).
class ResyncTest {
    private static final int BLOCKS = 1024;
    private static final int CHANGED = 400;

    /// The spool holds 256 blocks: more changes than that while the link is down, and only the dirty map knows of them.
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 4 << 20);

    private final OneGroup group = new OneGroup(LIMITS, BLOCKS);

    ResyncTest() {
        for (int block = 0; block < BLOCKS; block++) {
            group.write(block, 1 + block % 100);
        }
        group.connect();
        group.settle();
    }

    /// What the passes of a link that was away for long have to bring over.
    private void changeWhileAway() {
        group.source.disconnected("the link is cut");
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < CHANGED; i++) {
                group.write(i * 2, 101 + round);
            }
        }
        assertThat(group.volume.mode()).isEqualTo(Mode.TRACK);
        group.connect();
    }

    /// What the spool still held has to be gone before.
    ///
    /// @return the number of the cut at which the pass begins
    private long beginPass() {
        for (int i = 0; i < 1_000; i++) {
            group.sent.clear();
            long number = group.cut();
            if (group.volume.passes().running() != null) {
                return number;
            }
            group.turn(64 << 10);
        }
        throw new AssertionError("no pass begins: " + group.volume.reason());
    }

    /// I10: at most a tenth more than the dirty blocks, once each; what is left never rises; nothing is compared, as the lineage is known.
    @Test
    void a_pass_carries_what_is_dirty_and_hardly_more_and_never_goes_back() {
        changeWhileAway();
        long dirty = group.volume.differences().dirtyBlocks();
        assertThat(dirty).isEqualTo(CHANGED);
        assertThat(beginPass()).isPositive();
        long left = dirty;
        int turns = 0;
        while (group.volume.passes().running() != null) {
            group.turn(32 << 10);
            long now = group.volume.differences().dirtyBlocks();
            assertThat(now).as("blocks left after %d turns", ++turns).isLessThanOrEqualTo(left);
            left = now;
        }
        assertThat(left).isZero();
        assertThat(turns).isGreaterThan(10);
        long bytes = group.bytesOf(Frame.class);
        assertThat(bytes).isBetween(dirty * OneGroup.BLOCK, dirty * OneGroup.BLOCK * 11 / 10);
        assertThat(group.bytesOf(Frame.Compare.class)).isZero();
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
    }

    /// I11: each turn of the link, in the middle of the pass, every older point is what it was, and no new one is there.
    @Test
    void points_from_before_a_pass_stay_what_they_were_and_none_comes_in_its_middle() {
        Map<Long, byte[]> kept = new LinkedHashMap<>();
        for (int i = 0; i < 3; i++) {
            group.write(i, 200 + i);
            byte[] then = group.local();
            kept.put(group.cut(), then);
            group.settle();
        }
        List<RecoveryPoint> before = group.journal.points();
        changeWhileAway();
        byte[] atItsStart = group.local();
        long start = beginPass();
        int turns = 0;
        while (group.journal.points().equals(before)) {
            requireSame(kept);
            group.write(turns * 3 % BLOCKS, 50 + turns % 50);
            long _ = group.cut();
            group.turn(32 << 10);
            assertThat(++turns).isLessThan(2_000);
        }
        assertThat(turns).as("turns of the pass").isGreaterThan(10);
        assertThat(group.journal.points().get(before.size()).number())
                .as("the first new point is the one of the pass's start")
                .isEqualTo(start);
        kept.put(start, atItsStart);
        group.settle();
        requireSame(kept);
        assertThat(group.replica()).isEqualTo(group.local());
    }

    private void requireSame(Map<Long, byte[]> kept) {
        kept.forEach((number, content) ->
                assertThat(OneGroup.content(group.image(number)))
                        .as("point %d", number)
                        .isEqualTo(content));
    }
}

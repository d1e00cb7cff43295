// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// What travels when the replica has to be caught up with, and what does not have to (rules 12, 14, 15 and 24; I10).
class CatchUpTest {
    private static final int BLOCKS = 512;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);
    private static final SourceLimits LARGE_SPOOL =
            new SourceLimits(64 << 20, 1 << 20, 16 << 10, 256 << 10, 3, 1 << 20);
    private static final SourceLimits WITHOUT_RESERVE =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 0);

    @Test
    void after_a_power_loss_hashes_travel_and_of_the_blocks_only_those_that_differ() {
        OneGroup group = filled(LIMITS);
        group.write(100, 42);
        group.powerLoss(); // without a flush: the block is what it was, and nobody knows
        group.below.write(7L * OneGroup.BLOCK, OneGroup.filled(99));
        group.sent.clear();
        group.connect();
        group.settle();

        assertThat(group.replica()).isEqualTo(group.local());
        assertThat(group.bytesOf(Frame.Compare.class)).isBetween(300L, 2_000L);
        // The range of 64 blocks that holds the one that differs; it may be two with the write that
        // was lost.
        assertThat(group.bytesOf(Frame.PassBlocks.class)).isLessThan(2 * 70L * OneGroup.BLOCK);
    }

    @Test
    void what_a_later_write_of_the_same_cut_covers_does_not_travel() {
        OneGroup group = filled(LIMITS);
        long _ = group.cut();
        group.sent.clear();
        for (int i = 0; i < 100; i++) {
            group.write(i % 4, i);
        }
        long first = group.cut();
        group.write(3, 200);
        long second = group.cut();
        group.settle();

        // Four blocks in their last version, and the one behind the first cut.
        assertThat(group.sent.stream().filter(Frame.Write.class::isInstance)).hasSize(5);
        assertThat(group.journal.points().stream().map(p -> p.number())).contains(first, second);
        byte[] atFirst = new byte[OneGroup.BLOCK];
        group.journal
                .view(first)
                .volume(OneGroup.VOLUME)
                .read(3L * OneGroup.BLOCK, java.nio.ByteBuffer.wrap(atFirst));
        assertThat(atFirst[0]).isEqualTo((byte) 99);
        assertThat(group.replica()).isEqualTo(group.local());
    }

    @Test
    void a_short_backlog_is_not_folded() {
        OneGroup group = filled(LIMITS);
        long _ = group.cut();
        group.sent.clear();
        for (int i = 0; i < 10; i++) {
            group.write(1, i);
        }
        long _ = group.cut();
        group.settle();
        assertThat(group.sent.stream().filter(Frame.Write.class::isInstance)).hasSize(10);
    }

    /// Rule 12: what finds no room goes by the next pass, and what this one brought over stays.
    @Test
    void a_pass_without_room_for_what_is_overwritten_still_brings_the_rest_over() {
        OneGroup group = untracked(WITHOUT_RESERVE);
        assertThat(group.cut()).isPositive();
        group.write(BLOCKS - 1, 77);
        for (int i = 0; i < 400 && group.volume.mode() == Mode.SYNC; i++) {
            group.turn(32 << 10);
        }
        assertThat(group.volume.mode()).isEqualTo(Mode.TRACK);
        assertThat(group.volume.reason()).contains("more was overwritten");
        assertThat(group.volume.differences().dirtyBlocks()).isEqualTo(1);
        assertThat(group.journal.points()).isEmpty();
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
    }

    @Test
    void with_room_the_pass_gives_the_point_of_its_start() {
        OneGroup group = untracked(LIMITS);
        byte[] before = group.local();
        long start = group.cut();
        group.write(BLOCKS - 1, 77);
        for (int i = 0; i < 400 && group.volume.mode() == Mode.SYNC; i++) {
            group.turn(32 << 10);
        }
        assertThat(group.journal.points()).extracting(p -> p.number()).isEqualTo(List.of(start));
        assertThat(group.replica()).isEqualTo(before);
        assertThat(group.home.disk("v-source").list()).doesNotContain("pass-reserve");
    }

    /// What a pass would have needed is gone with the connection under which it was prepared.
    @Test
    void a_cut_that_outlives_its_connection_begins_no_pass() {
        OneGroup group = untracked(LIMITS);
        GroupCut cut = Objects.requireNonNull(group.source.cuts().begin(""));
        group.connect();
        cut.own().switchAll();
        group.source.cuts().releaseOwn(cut);
        assertThat(group.source.cuts().finish(cut)).isEqualTo(-1);
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
    }

    /// Rule 15: writes that would fill the link leave a tenth of it to the pass.
    @Test
    void a_pass_has_its_share_of_a_link_that_the_writes_would_fill() {
        OneGroup group = untracked(LARGE_SPOOL);
        long _ = group.cut();
        int turns = 0;
        while (group.volume.passes().running() != null) {
            for (int i = 0; i < 256; i++) {
                group.write(i % 8, turns);
            }
            group.turn(1 << 20); // what was written alone would fill it
            turns++;
        }
        assertThat(turns).isBetween(10, BLOCKS / 16 * 2 / 3);
        assertThat(group.volume.mode()).isEqualTo(Mode.STREAM);
    }

    @Test
    void a_verification_finds_the_block_that_differs_and_ships_it_again() {
        OneGroup group = filled(LIMITS);
        group.below.write(250L * OneGroup.BLOCK, OneGroup.filled(1)); // behind the splitter's back
        Verification found = verified(group, false);
        assertThat(found.report().different())
                .singleElement()
                .satisfies(f -> {
                    assertThat(f.offset()).isEqualTo(250L * OneGroup.BLOCK);
                    assertThat(f.length()).isEqualTo(OneGroup.BLOCK);
                });
        assertThat(found.report().comparedBytes()).isEqualTo(BLOCKS * (long) OneGroup.BLOCK);

        assertThat(verified(group, true).report().differentBytes()).isEqualTo(OneGroup.BLOCK);
        assertThat(verified(group, false).report().differentBytes()).isZero();
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
    }

    @Test
    void a_verification_goes_on_while_the_guest_writes_and_the_link_breaks() {
        OneGroup group = filled(LIMITS);
        Verification verification = group.source.verify(false);
        for (int i = 0; !verification.report().finished(); i++) {
            group.write(i * 37 % BLOCKS, i);
            if (i % 5 == 0) {
                group.connect();
            }
            group.turn(8 << 10);
            assertThat(i).isLessThan(2_000);
        }
        assertThat(verification.report().differentBytes()).isZero();
        assertThat(verification.report().unknownBytes()).isZero();
    }

    private static Verification verified(OneGroup group, boolean repair) {
        Verification verification = group.source.verify(repair);
        for (int i = 0; i < 500 && !verification.report().finished(); i++) {
            group.turn(32 << 10);
        }
        assertThat(verification.report().finished()).isTrue();
        return verification;
    }

    /// In STREAM, each block with a content of its own, all of it durable.
    private static OneGroup filled(SourceLimits limits) {
        OneGroup group = untracked(limits);
        group.settle();
        return group;
    }

    /// Connected, before its first pass.
    private static OneGroup untracked(SourceLimits limits) {
        var group = new OneGroup(limits, BLOCKS);
        for (int block = 0; block < BLOCKS; block++) {
            group.write(block, 1 + block % 100);
        }
        group.volume.flush();
        group.connect();
        return group;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.journal.Fork;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/// There and back again at volume level (rules 34 to 36): side A is written and lost, side B goes on from a point, is committed, and protects
/// itself to A, whose volume becomes the base of the new history's journal.
class WayBackTest {
    private static final int BLOCKS = 1024;
    private static final long BYTES = (long) BLOCKS * OneGroup.BLOCK;
    private static final UUID BACK = new UUID(8, 8);
    private static final String OLD = "old.raw";
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final OneGroup there = new OneGroup(LIMITS, BLOCKS);
    private final SimHost newHome =
            new SimHost(new SplittableRandom(3), there.time, new SyncLedger());

    /// I15, I21, I22 and I23.
    @Test
    void the_way_back_carries_what_differs_and_keeps_what_the_old_side_had_alone() {
        RecoveryPoint chosen = lostInTheMiddle();
        byte[] oldSide = there.local();
        Overlay overlay = newSide(chosen);
        overlay.write(40L * OneGroup.BLOCK, OneGroup.filled(200));
        overlay.write(41L * OneGroup.BLOCK + 512, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        there.journal.branch().commit(chosen.number(), 1);

        BitSet delta = new BitSet();
        OneGroup back = reversed(overlay, chosen, delta);
        byte[] begun = OneGroup.content(back.image(back.journal.points().getFirst().number()));
        assertThat(begun).as("I15: what the losing side held").isEqualTo(oldSide);

        back.connect();
        back.settle();
        assertThat(back.replica()).as("I22: equal").isEqualTo(back.local());
        assertThat(back.bytesOf(Frame.PassBlocks.class))
                .as("I22: bytes of the pass for %d blocks", delta.cardinality())
                .isLessThan(delta.cardinality() * 11L * OneGroup.BLOCK / 10);
        assertThat(delta.cardinality()).isBetween(20, 60);

        // The move home: the guest is stopped, the last cut drains, nothing is lost.
        back.write(900, 77);
        back.settle();
        assertThat(back.replica()).as("I23").isEqualTo(back.local());
        assertThat(OneGroup.content(back.image(back.journal.points().getFirst().number())))
                .as("I15, until its user deletes it")
                .isEqualTo(oldSide);
    }

    /// I20: a rollback drops the overlay and nothing else has changed.
    @Test
    void before_the_commit_the_old_side_goes_on_as_if_nothing_had_been() {
        RecoveryPoint chosen = lostInTheMiddle();
        Overlay overlay = newSide(chosen);
        overlay.write(0, OneGroup.filled(200));
        overlay.close();
        there.sent.clear();
        there.connect();
        there.settle();
        assertThat(there.replica()).isEqualTo(there.local());
        assertThat(there.bytesOf(Frame.PassBlocks.class) + there.bytesOf(Frame.Write.class))
                .isLessThan(80L * OneGroup.BLOCK);
    }

    /// I21: what is behind the point is a branch, and it grows no more.
    @Test
    void after_the_commit_the_journal_takes_no_data_of_the_old_history() {
        RecoveryPoint chosen = lostInTheMiddle();
        there.journal.branch().commit(chosen.number(), 1);
        List<RecoveryPoint> branch = there.journal.branch().points();
        there.connect();
        assertThatThrownBy(there::settle)
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Committed.class));
        assertThat(branch).isNotEmpty();
        assertThat(there.journal.branch().points()).isEqualTo(branch);
        assertThat(there.journal.points().getLast()).isEqualTo(chosen);
    }

    /// I13: both change sets are shown, and nothing is taken.
    @Test
    void a_source_that_was_left_behind_is_told_what_it_alone_has() {
        RecoveryPoint chosen = lostInTheMiddle();
        Overlay overlay = newSide(chosen);
        there.journal.branch().commit(chosen.number(), 1);
        OneGroup back = reversed(overlay, chosen, new BitSet());
        List<RecoveryPoint> before = back.journal.points();
        assertThat(back.answersTo(there.source.hello()))
                .singleElement()
                .isInstanceOfSatisfying(
                        Frame.Refusal.class,
                        refusal ->
                                assertThat(refusal.what())
                                        .contains(
                                                "went on from point " + chosen.number(),
                                                "wrote more behind that point: volume v at most ")
                                        .contains(" KiB"));
        assertThat(there.answersTo(back.source.hello()))
                .as("the other way round, a journal with a branch")
                .singleElement()
                .isInstanceOf(Frame.Refusal.class);
        assertThat(back.journal.points()).isEqualTo(before);
    }

    /// A source that was told nothing, because it died before that was durable, goes over everything.
    @Test
    void without_a_known_delta_everything_is_compared_and_the_same_does_not_travel() {
        RecoveryPoint chosen = lostInTheMiddle();
        Overlay overlay = newSide(chosen);
        overlay.write(40L * OneGroup.BLOCK, OneGroup.filled(200));
        overlay.zero(
                42L * OneGroup.BLOCK, OneGroup.BLOCK); // travels to a side that holds something
        there.journal.branch().commit(chosen.number(), 1);
        OneGroup back = new OneGroup(there.time, newHome, overlay, LIMITS, BACK, adopted(chosen));
        back.connect();
        back.settle();
        assertThat(back.replica()).isEqualTo(back.local());
        assertThat(back.bytesOf(Frame.PassBlocks.class)).isLessThan(BYTES * 3 / 4);
    }

    @Test
    void what_only_the_spool_or_only_the_map_knows_is_told() {
        RecoveryPoint _ = arrived();
        for (int i = 0; i < 3; i++) {
            there.write(300 + i, 160);
        }
        assertThat(unshipped().stream()).containsExactly(300, 301, 302);
        there.volume.passes().need("full", false);
        there.write(500, 170);
        assertThat(unshipped().stream()).containsExactly(300, 301, 302, 500);
    }

    private BitSet unshipped() {
        var told = new BitSet();
        there.volume.differences().tell((at, length) -> mark(told, at, length));
        return told;
    }

    /// Filled, protected, with a point in the middle, writes behind it that arrived, and others that did not.
    private RecoveryPoint lostInTheMiddle() {
        RecoveryPoint chosen = arrived();
        for (int i = 0; i < 10; i++) {
            there.write(100 + i, 150); // arrives
        }
        there.settle();
        for (int i = 0; i < 10; i++) {
            there.write(300 + i, 160); // stays in the spool
        }
        there.volume.passes().need("full", false);
        for (int i = 0; i < 10; i++) {
            there.write(500 + i, 170); // is in the dirty map alone
        }
        there.volume.flush();
        return chosen;
    }

    private RecoveryPoint arrived() {
        for (int block = 0; block < BLOCKS; block++) {
            there.write(block, 1 + block % 100);
        }
        there.volume.flush();
        there.connect();
        there.settle();
        return there.journal.points().getLast();
    }

    private Overlay newSide(RecoveryPoint chosen) {
        return Overlay.createAllocated(
                newHome.disk("overlay"),
                OneGroup.VOLUME,
                there.image(chosen.number()),
                "point",
                newHome.clock().bootId());
    }

    /// The new side's source, and at the old side the journal whose base is the old volume.
    ///
    /// @param delta told: the blocks that may differ
    private OneGroup reversed(Overlay overlay, RecoveryPoint chosen, BitSet delta) {
        var back = new OneGroup(there.time, newHome, overlay, LIMITS, BACK, adopted(chosen));
        long cut = chosen.vector().getOrDefault(OneGroup.VOLUME, 0L);
        back.volume
                .differences()
                .areOnly(sink -> {
                    overlay.tellOwn(sink);
                    long _ = there.journal.changedSince(0, cut, sink);
                    there.volume.differences().tell(sink);
                    overlay.tellOwn((at, length) -> mark(delta, at, length));
                    long _ =
                            there.journal.changedSince(
                                    0, cut, (at, length) -> mark(delta, at, length));
                    there.volume.differences().tell((at, length) -> mark(delta, at, length));
                });
        return back;
    }

    private static void mark(BitSet blocks, long at, long length) {
        blocks.set(
                (int) (at / OneGroup.BLOCK),
                (int) ((at + length + OneGroup.BLOCK - 1) / OneGroup.BLOCK));
    }

    private Journal adopted(RecoveryPoint chosen) {
        SimDisk disk = there.home.disk("journal-back");
        try (DiskFile file = disk.create(OLD)) {
            file.write(0, ByteBuffer.wrap(there.local()));
        }
        var fork = new Fork(there.journal.lineage(), chosen.number(), chosen.vector());
        Journal journal = Journal.open(disk, BACK, fork, OneGroup.JOURNAL, null);
        int _ = journal.adoptions().take(OneGroup.VOLUME, BYTES, OLD);
        var house = new Housekeeping(journal, Housekeeping.Settings.DEFAULT, new ReentrantLock());
        while (!journal.adoptions().scanning().isEmpty()) {
            assertThat(house.step(1 << 20)).isTrue();
        }
        RecoveryPoint _ = journal.adoptions().keep(1, 1, "what side A held");
        return journal;
    }
}

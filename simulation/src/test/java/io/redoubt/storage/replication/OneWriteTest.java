// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/// What one write of a protected volume is made of, and what of it travels.
class OneWriteTest {
    private static final int BLOCKS = 4096;
    private static final SourceLimits LIMITS =
            new SourceLimits(64 << 20, 1 << 20, 64 << 10, 256 << 10, 3, 1 << 20);

    private final SimTime time = new SimTime();
    private final SimHost home = new SimHost(new SplittableRandom(1), time, new SyncLedger());
    private final Journal journal =
            Journal.open(
                    new SimHost(new SplittableRandom(2), time, new SyncLedger()).disk("journal"),
                    OneGroup.LINEAGE,
                    OneGroup.JOURNAL);

    /// A100, rule 10: the stream has its copy first, then the local disk is written, then the guest is answered; the receiver is asked for
    /// nothing, here not even connected.
    @Test
    void a_write_is_queued_then_written_then_answered_and_asks_the_receiver_for_nothing() {
        var disk = new Traced(volume());
        var group = groupOver(disk);
        group.connect();
        group.settle();
        group.source.disconnected("cut");
        long before = group.volume.lastVseq();
        group.sent.clear();
        disk.look = () -> String.valueOf(group.volume.spool().after(before));
        group.write(7, 42);
        disk.trace.add("answered");
        assertThat(disk.trace).hasSize(3);
        assertThat(disk.trace.getFirst())
                .as("when the local disk is asked, the stream has the record, not shipped yet")
                .contains("offset=" + 7 * OneGroup.BLOCK, "complete=false");
        assertThat(disk.trace.subList(1, 3)).containsExactly("written", "answered");
        assertThat(group.sent).isEmpty();
        assertThat(group.volume.spool().after(before))
                .isNotNull()
                .matches(Spool.Found::complete, "may be shipped now");
    }

    /// B26: only what changed travels, and hardly more than that.
    @Test
    void a_tenth_more_than_what_was_written_is_never_on_the_wire() {
        var group = groupOver(volume());
        group.connect();
        group.settle();
        group.sent.clear();
        long written = 0;
        for (int i = 0; i < 500; i++) {
            group.write(i * 7 % BLOCKS, i);
            written += OneGroup.BLOCK;
        }
        for (int i = 0; i < 20; i++) {
            ByteBuffer large = ByteBuffer.allocate(200_000);
            written += large.remaining();
            group.volume.write(i * 300_000L, large);
        }
        group.settle();
        long onTheWire = 0;
        for (Frame frame : group.sent) {
            onTheWire += FrameCodec.encode(frame).remaining();
        }
        assertThat(onTheWire).isBetween(written, written * 11 / 10);
    }

    private RawVolume volume() {
        return RawVolume.create(
                home.disk("v"), OneGroup.VOLUME, new Bytes((long) BLOCKS * OneGroup.BLOCK));
    }

    /// Says what it sees when it is asked to write.
    private static final class Traced implements BlockDevice {
        private final List<String> trace = new ArrayList<>();
        private final BlockDevice disk;
        private Supplier<String> look = () -> "";

        Traced(BlockDevice disk) {
            this.disk = disk;
        }

        @Override
        public long size() {
            return disk.size();
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            disk.read(offset, into);
        }

        @Override
        public void extents(long offset, long length, ExtentSink sink) {
            disk.extents(offset, length, sink);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            trace.add(look.get());
            disk.write(offset, from);
            trace.add("written");
        }

        @Override
        public void zero(long offset, long length) {
            disk.zero(offset, length);
        }

        @Override
        public void flush() {
            disk.flush();
        }

        @Override
        public void close() {
            disk.close();
        }
    }

    private OneGroup groupOver(BlockDevice below) {
        return new OneGroup(time, home, below, LIMITS, OneGroup.LINEAGE, journal);
    }
}

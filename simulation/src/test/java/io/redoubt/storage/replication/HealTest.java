// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Rule 31: what is damaged in the journal and still current comes again from the source.
class HealTest {
    private static final int BLOCKS = 64;
    private static final int SICK = 9;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final SimTime time = new SimTime();
    private final SimDisk far =
            new SimHost(new SplittableRandom(2), time, new SyncLedger()).disk("journal");
    private final OneGroup group = new OneGroup(time, LIMITS, BLOCKS, far);

    @Test
    void a_flipped_bit_is_healed_for_every_later_point_and_the_old_one_stays_listed() {
        for (int block = 0; block < BLOCKS; block++) {
            group.write(block, 100 + block);
        }
        group.connect();
        group.settle();
        long sick = group.journal.points().getLast().number();
        flip(OneGroup.filled(100 + SICK));
        assertThatThrownBy(group::replica).isInstanceOf(FaultException.class);

        turns(600); // six seconds: it is asked for every five
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
        assertThat(group.journal.wanted(10)).isEmpty();
        assertThat(group.journal.damagedVersions())
                .singleElement()
                .satisfies(version -> assertThat(version.points()).containsExactly(sick));
    }

    @Test
    void what_a_guest_overwrites_meanwhile_is_not_taken_back() {
        for (int block = 0; block < BLOCKS; block++) {
            group.write(block, 100 + block);
        }
        group.connect();
        group.settle();
        flip(OneGroup.filled(100 + SICK));
        assertThatThrownBy(group::replica).isInstanceOf(FaultException.class);
        for (int i = 0; i < 600; i++) {
            group.write(SICK, i);
            group.turn(64 << 10);
        }
        group.settle();
        assertThat(group.replica()).isEqualTo(group.local());
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            group.turn(64 << 10);
        }
    }

    /// Turns a bit in the block with this content.
    private void flip(ByteBuffer content) {
        for (String file : far.list()) {
            long size = far.open(file).size();
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            far.open(file).read(0, bytes);
            for (int at = 0; file.startsWith("log-") && at + OneGroup.BLOCK <= size; at += 8) {
                if (bytes.slice(at, OneGroup.BLOCK).equals(content)) {
                    assertThat(far.flip(file, (at + 5) * 8L)).isTrue();
                    return;
                }
            }
        }
        throw new AssertionError("no such block in the log");
    }
}

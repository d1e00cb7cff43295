// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.Overlay;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// I19: what is written in a test of a point is seen there alone, as a node lays it over the journal's view.
class IsolatedTestsTest {
    private static final int BLOCKS = 256;
    private static final int STORM = 3_000;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final SplittableRandom random = new SplittableRandom(19);
    private final OneGroup group = new OneGroup(LIMITS, BLOCKS);
    private final SimHost tests = new SimHost(random.split(), group.time, new SyncLedger());
    private final Map<Long, byte[]> kept = new LinkedHashMap<>();

    IsolatedTestsTest() {
        group.connect();
        for (int round = 0; round < 3; round++) {
            for (int block = round; block < BLOCKS; block += 3) {
                group.write(block, 1 + round);
            }
            group.settle();
            kept.put(group.journal.points().getLast().number(), group.local());
        }
    }

    @Test
    void a_storm_of_writes_in_one_test_is_seen_by_nobody_else_and_points_go_on() {
        long point = kept.keySet().iterator().next();
        byte[] source = group.local();
        byte[] written = Arrays.copyOf(kept.get(point), BLOCKS * OneGroup.BLOCK);
        int before = group.journal.points().size();
        int cuts = 0;
        try (Overlay storm = test("storm", point);
                Overlay beside = test("beside", point)) {
            for (int i = 0; i < STORM; i++) {
                change(storm, written);
                if (i % 10 == 0) {
                    int block = random.nextInt(BLOCKS);
                    group.write(block, i);
                    Arrays.fill(
                            source, block * OneGroup.BLOCK, (block + 1) * OneGroup.BLOCK, (byte) i);
                    assertThat(group.cut()).isPositive();
                    group.turn(64 << 10);
                    assertThat(group.journal.points()).hasSize(before + ++cuts);
                    kept.put(group.journal.points().getLast().number(), source.clone());
                }
            }
            assertThat(OneGroup.content(storm)).isEqualTo(written);
            assertThat(OneGroup.content(beside)).isEqualTo(kept.get(point));
        }
        assertThat(group.local()).as("the source").isEqualTo(source);
        kept.forEach((number, content) ->
                assertThat(OneGroup.content(group.image(number)))
                        .as("point %d", number)
                        .isEqualTo(content));
    }

    private Overlay test(String name, long point) {
        Disk disk = tests.disk(name);
        return Overlay.createSparse(
                disk,
                new VolumeId(name),
                group.image(point),
                "point " + point,
                new Bytes((long) BLOCKS * OneGroup.BLOCK),
                "boot");
    }

    private void change(Overlay overlay, byte[] model) {
        int offset = random.nextInt(model.length / 512) * 512;
        int length = Math.min(model.length - offset, 512 * (1 + random.nextInt(40)));
        var data = new byte[length];
        switch (random.nextInt(4)) {
            case 0 -> overlay.zero(offset, length);
            case 1 -> overlay.trim(offset, length);
            default -> {
                random.nextBytes(data);
                overlay.write(offset, ByteBuffer.wrap(data));
            }
        }
        System.arraycopy(data, 0, model, offset, length);
    }
}

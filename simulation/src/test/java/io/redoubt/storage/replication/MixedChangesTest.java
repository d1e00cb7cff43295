// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// I30: zeros and trims are ordered like writes, of any size and at any place. A protected volume keeps its size: growing one is refused.
class MixedChangesTest {
    private static final int BLOCKS = 256;
    private static final int BYTES = BLOCKS * OneGroup.BLOCK;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final byte[] model = new byte[BYTES];
    private final Map<Long, byte[]> atCuts = new HashMap<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void every_point_shows_writes_zeros_and_trims_in_their_order(long seed) {
        var random = new SplittableRandom(seed);
        var group = new OneGroup(LIMITS, BLOCKS);
        group.connect();
        for (int i = 0; i < 600; i++) {
            change(group, random);
            if (random.nextInt(3) == 0) {
                long number = group.cut();
                if (number > 0) {
                    atCuts.put(number, model.clone());
                }
            }
            group.turn(random.nextInt(96 << 10));
            if (random.nextInt(100) == 0) {
                group.connect();
            }
        }
        group.settle();
        assertThat(group.replica()).isEqualTo(model);
        int compared = 0;
        for (RecoveryPoint point : group.journal.points()) {
            byte[] then = atCuts.get(point.number());
            if (then != null) {
                assertThat(OneGroup.content(group.image(point.number())))
                        .as("point %d", point.number())
                        .isEqualTo(then);
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(30);
    }

    private void change(OneGroup group, SplittableRandom random) {
        int offset = random.nextInt(BYTES / 512) * 512;
        int length = Math.min(BYTES - offset, 512 * (1 + random.nextInt(300)));
        var data = new byte[length];
        switch (random.nextInt(3)) {
            case 0 -> group.volume.zero(offset, length);
            case 1 -> group.volume.trim(offset, length);
            default -> {
                Arrays.fill(data, (byte) (1 + random.nextInt(255)));
                group.volume.write(offset, ByteBuffer.wrap(data));
            }
        }
        System.arraycopy(data, 0, model, offset, length);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromotionGateTest {
    private static final VolumeId VOLUME = new VolumeId("vol-1");

    @TempDir Path root;

    /// A87: the passive side refuses what a host would change, and shows what it holds.
    @Test
    void before_its_side_is_promoted_a_view_refuses_every_change() {
        try (var disk = RawVolume.create(new SystemDisk(root), VOLUME, new Bytes(1 << 20))) {
            disk.write(4096, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            var gate = new PromotionGate(VOLUME, disk, 7, false);
            assertFenced(() -> gate.write(4096, ByteBuffer.allocate(3)));
            assertFenced(() -> gate.zero(4096, 4096));
            assertFenced(() -> gate.trim(4096, 4096));
            gate.flush();
            assertThat(threeOf(gate)).containsExactly(1, 2, 3);

            gate.open();
            gate.write(4097, ByteBuffer.wrap(new byte[] {9}));
            assertThat(threeOf(gate)).containsExactly(1, 9, 3);
        }
    }

    private static byte[] threeOf(PromotionGate gate) {
        ByteBuffer read = ByteBuffer.allocate(3);
        gate.read(4096, read);
        return read.array();
    }

    private static void assertFenced(ThrowingCallable change) {
        assertThatThrownBy(change)
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(VolumeFault.Fenced.class));
    }
}

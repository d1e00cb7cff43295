// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static io.redoubt.storage.block.RawVolumeTest.faultOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FenceTest extends BlockDeviceContract {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final UUID NONCE = new UUID(1, 2);
    private static final UUID OTHER = new UUID(3, 4);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir Path root;
    private final AtomicInteger count = new AtomicInteger();
    private SystemDisk disk;
    private Gate gate;
    private Fence fence;

    /// A device whose writes wait while it is shut.
    private static final class Gate extends ForwardingDevice {
        volatile CountDownLatch open = new CountDownLatch(0);
        final CountDownLatch entered = new CountDownLatch(1);

        Gate(BlockDevice next) {
            super(next);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            entered.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new FaultException(new VolumeFault.Closed(ID), e);
            }
            super.write(offset, from);
        }
    }

    @BeforeEach
    void makeFence() {
        disk = new SystemDisk(root.resolve("f" + count.incrementAndGet()));
        gate = new Gate(RawVolume.create(disk, ID, new Bytes(SIZE)));
        fence = Fence.open(disk, ID, gate);
    }

    @Override
    protected BlockDevice make(byte[] content) {
        makeFence();
        fence.raise(fence.mark().number() + 1, NONCE, PATIENCE);
        BlockDevice view = fence.attach(fence.mark().number(), () -> {});
        view.write(0, ByteBuffer.wrap(content));
        return view;
    }

    @Test
    void an_older_attachment_is_refused_for_everything_and_for_ever() {
        fence.raise(1, NONCE, PATIENCE);
        BlockDevice old = fence.attach(1, () -> {});
        old.write(0, ByteBuffer.wrap(new byte[] {1}));
        fence.raise(2, OTHER, PATIENCE);
        List<Runnable> calls =
                List.of(
                        () -> old.read(0, ByteBuffer.allocate(1)),
                        () -> old.write(0, ByteBuffer.allocate(1)),
                        () -> old.zero(0, 1),
                        old::flush,
                        () -> fence.attach(1, () -> {}),
                        () -> fence.raise(1, NONCE, PATIENCE));
        for (Runnable call : calls) {
            assertThat(faultOf(call)).isEqualTo(new VolumeFault.Fenced(ID, 1, 2));
        }
        Fence restarted = Fence.open(disk, ID, gate);
        assertThat(restarted.mark()).isEqualTo(new Fence.Mark(2, OTHER));
        assertThat(faultOf(() -> restarted.attach(1, () -> {})))
                .isEqualTo(new VolumeFault.Fenced(ID, 1, 2));
        assertThat(faultOf(() -> restarted.raise(1, NONCE, PATIENCE)))
                .isEqualTo(new VolumeFault.Fenced(ID, 1, 2));
        BlockDevice now = restarted.attach(2, () -> {});
        ByteBuffer kept = ByteBuffer.allocate(1);
        now.read(0, kept);
        assertThat(kept.get(0)).isEqualTo((byte) 1);
    }

    @Test
    void nothing_attaches_before_the_first_raise_or_above_the_number() {
        assertThat(faultOf(() -> fence.attach(0, () -> {})))
                .isInstanceOf(VolumeFault.NotRaised.class);
        fence.raise(5, NONCE, PATIENCE);
        assertThat(faultOf(() -> fence.attach(6, () -> {})))
                .isEqualTo(new VolumeFault.NotRaised(ID, 6, 5));
    }

    @Test
    void the_same_number_with_the_same_nonce_is_a_repeat_and_with_another_a_rival() {
        fence.raise(3, NONCE, PATIENCE);
        BlockDevice view = fence.attach(3, () -> {});
        fence.raise(3, NONCE, PATIENCE);
        view.write(0, ByteBuffer.allocate(1));
        assertThat(faultOf(() -> fence.raise(3, OTHER, PATIENCE)))
                .isEqualTo(new VolumeFault.NumberTaken(ID, 3));
        Fence restarted = Fence.open(disk, ID, gate);
        restarted.raise(3, NONCE, PATIENCE);
        assertThat(faultOf(() -> restarted.raise(3, OTHER, PATIENCE)))
                .isEqualTo(new VolumeFault.NumberTaken(ID, 3));
    }

    @Test
    void a_raise_waits_for_the_write_in_execution() throws Exception {
        fence.raise(1, NONCE, PATIENCE);
        BlockDevice old = fence.attach(1, () -> {});
        gate.open = new CountDownLatch(1);
        Thread writer = Thread.ofPlatform().start(() -> old.write(0, ByteBuffer.allocate(1)));
        gate.entered.await();
        var confirmed = new CountDownLatch(1);
        Thread raiser =
                Thread.ofPlatform()
                        .start(() -> {
                            fence.raise(2, OTHER, PATIENCE);
                            confirmed.countDown();
                        });
        assertThat(confirmed.await(200, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(faultOf(old::flush)).isInstanceOf(VolumeFault.Fenced.class);
        assertThat(faultOf(() -> fence.attach(2, () -> {})))
                .isInstanceOf(VolumeFault.NotRaised.class);
        gate.open.countDown();
        assertThat(confirmed.await(20, TimeUnit.SECONDS)).isTrue();
        fence.attach(2, () -> {});
        writer.join();
        raiser.join();
    }

    @Test
    void a_drain_that_hangs_fails_the_raise_the_old_stay_refused_and_a_repeat_succeeds()
            throws Exception {
        fence.raise(1, NONCE, PATIENCE);
        BlockDevice old = fence.attach(1, () -> {});
        gate.open = new CountDownLatch(1);
        Thread writer = Thread.ofPlatform().start(() -> old.write(0, ByteBuffer.allocate(1)));
        gate.entered.await();
        assertThat(faultOf(() -> fence.raise(2, OTHER, Duration.ofMillis(50))))
                .isEqualTo(new VolumeFault.DrainStuck(ID, 2, 1, 50));
        assertThat(faultOf(old::flush)).isInstanceOf(VolumeFault.Fenced.class);
        assertThat(faultOf(() -> fence.attach(1, () -> {}))).isInstanceOf(VolumeFault.Fenced.class);
        assertThat(Fence.open(disk, ID, gate).mark().number()).isEqualTo(2);
        gate.open.countDown();
        writer.join();
        fence.raise(2, OTHER, PATIENCE);
        fence.attach(2, () -> {});
    }

    @Test
    void the_holder_is_told_once_after_refusing_and_can_interrupt_its_held_write()
            throws Exception {
        var order = new ArrayList<String>();
        gate.open = new CountDownLatch(1); // never opened
        fence.raise(1, NONCE, PATIENCE);
        Thread[] writer = new Thread[1];
        BlockDevice[] view = new BlockDevice[1];
        BlockDevice old =
                fence.attach(
                        1,
                        () -> {
                            assertThat(faultOf(view[0]::flush))
                                    .isInstanceOf(VolumeFault.Fenced.class);
                            order.add("told");
                            writer[0].interrupt();
                        });
        view[0] = old;
        writer[0] =
                Thread.ofPlatform()
                        .start(() -> {
                            order.add(
                                    faultOf(() -> old.write(0, ByteBuffer.allocate(1))).toString());
                        });
        gate.entered.await();
        fence.raise(2, OTHER, PATIENCE);
        writer[0].join();
        fence.raise(3, NONCE, PATIENCE);
        assertThat(order).containsExactly("told", new VolumeFault.Closed(ID).toString());
    }

    @Test
    void a_number_that_could_not_be_made_durable_is_not_confirmed() throws Exception {
        fence.raise(1, NONCE, PATIENCE);
        BlockDevice view = fence.attach(1, () -> {});
        Path file = disk.directory().resolve("volume.fence.new");
        Files.createDirectory(file); // neither deleted nor written
        Files.createFile(file.resolve("x"));
        assertThat(faultOf(() -> fence.raise(2, OTHER, PATIENCE)))
                .isInstanceOf(VolumeFault.DiskFailed.class);
        view.write(0, ByteBuffer.allocate(1));
        assertThat(fence.mark().number()).isEqualTo(1);
    }

    @Test
    void a_closed_view_refuses_and_leaves_the_volume_open() {
        fence.raise(1, NONCE, PATIENCE);
        BlockDevice view = fence.attach(1, () -> {});
        view.close();
        assertThat(faultOf(view::flush)).isEqualTo(new VolumeFault.Closed(ID));
        fence.attach(1, () -> {}).flush();
    }

    /// The dump in docs/formats/volume.md.
    @Test
    void the_file_has_the_documented_bytes() throws Exception {
        fence.raise(5, new UUID(0x1122334455667788L, 0x99aabbccddeeff00L), PATIENCE);
        assertThat(
                        HexFormat.of()
                                .formatHex(
                                        Files.readAllBytes(
                                                disk.directory().resolve("volume.fence"))))
                .isEqualTo(
                        "52444254464e4331" // RDBTFNC1
                                + "01000000"
                                + "1f000000"
                                + "0500000000000000"
                                + "8877665544332211"
                                + "00ffeeddccbbaa99"
                                + "0500766f6c2d37"
                                + "7d910e32");
    }

    /// Many threads work under 1 while 2 takes over: no work of 1 ends after the raise returned.
    @Test
    void no_request_of_an_older_number_ends_after_the_confirmation() throws Exception {
        for (int round = 0; round < 200; round++) {
            long number = 2L * round + 1;
            fence.raise(number, NONCE, PATIENCE);
            BlockDevice old = fence.attach(number, () -> {});
            var raised = new java.util.concurrent.atomic.AtomicBoolean();
            var late = new AtomicInteger();
            Gate watched = gate;
            Thread[] writers = new Thread[2];
            for (int i = 0; i < writers.length; i++) {
                writers[i] =
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        while (true) {
                                            old.zero(0, 512);
                                        }
                                    } catch (FaultException _) {
                                        // superseded
                                    }
                                });
            }
            watched.beforeZero =
                    () -> {
                        if (raised.get()) {
                            late.incrementAndGet();
                        }
                    };
            fence.raise(number + 1, OTHER, PATIENCE);
            raised.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
            assertThat(late.get()).as("round %d", round).isZero();
            watched.beforeZero = () -> {};
        }
    }
}

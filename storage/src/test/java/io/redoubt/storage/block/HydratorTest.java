// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static io.redoubt.storage.block.RawVolumeTest.faultOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HydratorTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int SIZE = 8 << 20;
    private static final long TERABYTE = 1L << 40;
    private static final SystemClock CLOCK = new SystemClock();

    @TempDir Path root;
    private final byte[] content = random(SIZE, 1);
    private final Source source = new Source();

    private final class Source implements BlockImage {
        private volatile boolean alive = true;
        private Runnable beforeAnswer = () -> {};
        private final AtomicLong bytesRead = new AtomicLong();

        @Override
        public long size() {
            return SIZE;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            if (!alive) {
                throw new FaultException(new DiskFault.Failed("template", "read", "it is away"));
            }
            bytesRead.addAndGet(into.remaining());
            into.put(content, (int) offset, into.remaining());
            beforeAnswer.run();
        }
    }

    /// The source answers with what it had; by then the block is the guest's.
    @Test
    void what_a_guest_writes_while_its_block_comes_from_the_source_wins() {
        byte[] expected = content.clone();
        byte[] written = random(3 * 512, 9);
        try (Overlay overlay = create(new SystemDisk(root.resolve("v")))) {
            var once = new AtomicBoolean(true);
            source.beforeAnswer =
                    () -> {
                        if (once.getAndSet(false)) {
                            overlay.write(4096 + 512, ByteBuffer.wrap(written));
                        }
                    };
            var hydration = new Hydration(overlay, 64 << 10);
            while (!hydration.complete()) {
                long _ = hydration.step();
            }
            System.arraycopy(written, 0, expected, 4096 + 512, written.length);
            assertThat(once).isFalse();
            assertThat(all(overlay)).isEqualTo(expected);
        }
    }

    @Test
    void a_volume_hydrates_while_it_is_written_and_is_a_raw_one_afterwards() throws Exception {
        SystemDisk disk = new SystemDisk(root.resolve("v"));
        byte[] expected = content.clone();
        try (Overlay overlay = create(disk);
                Hydrator hydrator = Hydrator.start(overlay, CLOCK, 40 << 20)) {
            var random = new SplittableRandom(5);
            while (hydrator.status().state() == Hydrator.State.COPYING) {
                byte[] bytes = random(random.nextInt(1, 9000), random.nextLong());
                int at = random.nextInt(SIZE - bytes.length);
                overlay.write(at, ByteBuffer.wrap(bytes));
                System.arraycopy(bytes, 0, expected, at, bytes.length);
            }
            assertThat(hydrator.status())
                    .isEqualTo(new Hydrator.Status(Hydrator.State.COMPLETE, SIZE, SIZE, 0, ""));
            source.alive = false;
            overlay.write(77, ByteBuffer.wrap(new byte[] {1}));
            expected[77] = 1;
            overlay.flush();
            assertThat(all(overlay)).isEqualTo(expected);
        }
        assertThat(Overlay.becameRaw(disk, ID)).isTrue();
        assertThat(disk.list()).containsExactly("volume.meta", "volume.raw");
        try (RawVolume raw = RawVolume.open(disk, ID)) {
            assertThat(all(raw)).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(root.resolve("v/volume.raw"))).isEqualTo(expected);
    }

    @Test
    void while_the_source_is_away_whole_sectors_are_written_and_the_rest_says_so()
            throws Exception {
        try (Overlay overlay = create(new SystemDisk(root.resolve("v")))) {
            source.alive = false;
            try (Hydrator hydrator = Hydrator.start(overlay, CLOCK, 0)) {
                while (hydrator.status().state() != Hydrator.State.WAITING) {
                    Thread.sleep(5);
                }
                assertThat(hydrator.status().trouble()).contains("image-1", "it is away");
                overlay.write(4096, ByteBuffer.wrap(random(512, 3)));
                assertThat(faultOf(() -> overlay.read(0, ByteBuffer.allocate(1))))
                        .isInstanceOf(VolumeFault.SourceGone.class);
                assertThat(faultOf(() -> overlay.write(1, ByteBuffer.allocate(1))))
                        .isInstanceOf(VolumeFault.SourceGone.class);
                source.alive = true;
                awaitComplete(hydrator);
            }
            byte[] expected = content.clone();
            System.arraycopy(random(512, 3), 0, expected, 4096, 512);
            assertThat(all(overlay)).isEqualTo(expected);
        }
    }

    @Test
    void what_a_guest_read_is_copied_first() {
        try (Overlay overlay = create(new SystemDisk(root.resolve("v")))) {
            var hydration = new Hydration(overlay);
            overlay.read(5 << 20, ByteBuffer.allocate(1));
            assertThat(hydration.step()).isEqualTo(Hydration.PIECE);
            assertThat(overlay.sectors().ownsAll(5 << 20, Hydration.PIECE)).isTrue();
            assertThat(overlay.adoptedBytes()).isEqualTo(Hydration.PIECE);
        }
    }

    @Test
    void a_thin_clone_takes_no_room_for_the_zeros_of_its_source() {
        Arrays.fill(content, 2 << 20, 7 << 20, (byte) 0);
        SystemDisk disk = new SystemDisk(root.resolve("v"));
        byte[] expected = content.clone();
        try (Overlay overlay = create(disk)) {
            byte[] written = random(512, 3); // the rest of its grain is zeros
            overlay.write(3 << 20, ByteBuffer.wrap(written));
            System.arraycopy(written, 0, expected, 3 << 20, written.length);
            var hydration = new Hydration(overlay);
            while (!hydration.complete()) {
                long _ = hydration.step();
            }
            assertThat(all(overlay)).isEqualTo(expected);
        }
        assertThat(room(disk)).isBetween(3L << 20, (3L << 20) + (64 << 10));
    }

    @Test
    void a_trim_of_a_thin_clone_gives_its_room_back_and_one_of_a_thick_clone_does_not() {
        for (boolean thin : new boolean[] {true, false}) {
            SystemDisk disk = new SystemDisk(root.resolve(thin ? "thin" : "thick"));
            byte[] expected = content.clone();
            Arrays.fill(expected, 1 << 20, 5 << 20, (byte) 0);
            try (Overlay overlay =
                    thin
                            ? create(disk)
                            : Overlay.createAllocated(disk, ID, source, "image-1", "boot-1")) {
                overlay.write(0, ByteBuffer.wrap(content));
                overlay.trim(1 << 20, 4 << 20);
                assertThat(all(overlay)).isEqualTo(expected);
            }
            assertThat(room(disk)).isEqualTo(thin ? 4L << 20 : SIZE);
        }
    }

    private static long room(SystemDisk disk) {
        try (DiskFile file = disk.open("volume.raw")) {
            return file.room();
        }
    }

    @Test
    void a_restart_copies_only_what_is_left() {
        SystemDisk disk = new SystemDisk(root.resolve("v"));
        try (Overlay overlay = create(disk)) {
            var hydration = new Hydration(overlay);
            for (int i = 0; i < 20; i++) {
                assertThat(hydration.step()).isPositive();
            }
        }
        source.bytesRead.set(0);
        try (Overlay overlay = Overlay.open(disk, ID, source, "image-1", "boot-1")) {
            var hydration = new Hydration(overlay);
            while (!hydration.complete()) {
                long _ = hydration.step();
            }
            assertThat(source.bytesRead.get()).isEqualTo(SIZE - 20L * Hydration.PIECE);
            assertThat(all(overlay)).isEqualTo(content);
        }
    }

    @Test
    void the_rate_is_kept_and_can_be_raised() throws Exception {
        try (Overlay overlay = create(new SystemDisk(root.resolve("v")))) {
            long start = System.nanoTime();
            try (Hydrator hydrator = Hydrator.start(overlay, CLOCK, 1 << 20)) {
                Thread.sleep(1000);
                // a piece at once, what a tenth of a second may catch up, and a megabyte a second
                long millis = (System.nanoTime() - start) / 1_000_000;
                assertThat(hydrator.status().doneBytes())
                        .isLessThanOrEqualTo(
                                2L * Hydration.PIECE + (1 << 20) * (millis + 100) / 1000);
                assertThat(hydrator.status().doneBytes()).isPositive();
                assertThat(hydrator.status().secondsLeft()).isPositive();
                hydrator.rate(0);
                awaitComplete(hydrator);
            }
        }
    }

    /// The best of five, since other tests run beside it.
    @Test
    void a_clone_of_a_template_of_a_terabyte_is_ready_in_a_tenth_of_a_second() {
        var huge =
                new BlockImage() {
                    @Override
                    public long size() {
                        return TERABYTE;
                    }

                    @Override
                    public void read(long offset, ByteBuffer into) {
                        into.put(new byte[into.remaining()]);
                    }
                };
        long[] millis = new long[5];
        for (int i = 0; i < millis.length; i++) {
            SystemDisk disk = new SystemDisk(root.resolve("huge-" + i));
            long start = System.nanoTime();
            try (Overlay clone =
                    Overlay.createSparse(
                            disk, ID, huge, "huge", Bytes.gibibytes(1), CLOCK.bootId())) {
                clone.write(TERABYTE - 512, ByteBuffer.wrap(random(512, 1)));
                millis[i] = (System.nanoTime() - start) / 1_000_000;
            }
            disk.list().forEach(disk::delete);
        }
        Arrays.sort(millis);
        assertThat(millis[0]).as("of %s ms", Arrays.toString(millis)).isLessThan(100);
        System.out.println("clone of 1 TiB, milliseconds: " + Arrays.toString(millis));
    }

    @Test
    void a_raw_volume_is_not_made_where_an_overlay_is() {
        SystemDisk disk = new SystemDisk(root.resolve("v"));
        create(disk).close();
        assertThat(faultOf(() -> RawVolume.create(disk, ID, new Bytes(SIZE))))
                .isInstanceOf(VolumeFault.Exists.class);
    }

    private static void awaitComplete(Hydrator hydrator) throws InterruptedException {
        for (int i = 0; i < 4000 && hydrator.status().state() != Hydrator.State.COMPLETE; i++) {
            Thread.sleep(5);
        }
        assertThat(hydrator.status().state()).isEqualTo(Hydrator.State.COMPLETE);
    }

    private Overlay create(SystemDisk disk) {
        return Overlay.createSparse(disk, ID, source, "image-1", new Bytes(SIZE), "boot-1");
    }

    private static byte[] all(BlockImage image) {
        ByteBuffer into = ByteBuffer.allocate(SIZE);
        image.read(0, into);
        return into.array();
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}

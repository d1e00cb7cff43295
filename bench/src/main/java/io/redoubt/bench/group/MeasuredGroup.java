// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import com.sun.management.OperatingSystemMXBean;
import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Fence;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.nbd.Export;
import io.redoubt.storage.nbd.Exports;
import io.redoubt.storage.nbd.NbdLimits;
import io.redoubt.storage.nbd.NbdServer;
import io.redoubt.storage.nbd.SocketAccess;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceLimits;
import io.redoubt.storage.replication.SourceLink;
import io.redoubt.storage.replication.SourceVolume;
import io.redoubt.storage.replication.SplitterSlot;
import io.redoubt.storage.snapshot.SnapshotDevice;
import io.redoubt.storage.snapshot.SnapshotRoom;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Volumes with the layers that a node gives them, with a splitter in its slot or without, and the link of their group.
final class MeasuredGroup implements AutoCloseable {
    private static final int BLOCK = 4096;
    private static final int BURST = 15;
    private static final long LOOK_NANOS = 500_000;
    private static final long GRANT_EVERY_NANOS = 1_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration DRAIN_MAX = Duration.ofMinutes(3);

    private final Clock clock = new SystemClock();
    private final Duration interval;
    private final SplittableRandom random = new SplittableRandom(1);
    private final List<BlockDevice> guests = new ArrayList<>();
    private final List<SourceVolume> volumes = new ArrayList<>();
    private final GrantHolder holder = new GrantHolder(GrantTimes.DEFAULT, 1);
    private final @Nullable GroupSource group;
    private final @Nullable GroupTls tls;
    private @Nullable SourceLink link;
    private @Nullable NbdServer server;

    /// @param interval between points
    /// @param keys     a file, or `-` for volumes without protection
    MeasuredGroup(Path directory, long bytes, int count, Duration interval, String keys)
            throws Exception {
        this.interval = interval;
        boolean isProtected = !keys.equals("-");
        for (int i = 0; i < count; i++) {
            make(directory, new VolumeId("volume-" + i), bytes, isProtected);
        }
        tls = isProtected ? new GroupTls(Path.of(keys)) : null;
        group =
                isProtected
                        ? new GroupSource(
                                ReceiverMain.LINEAGE,
                                ThreadLocalRandom.current().nextLong(),
                                volumes,
                                clock,
                                holder)
                        : null;
        Thread.ofPlatform().daemon().name("control-plane").start(this::grantForEver);
    }

    private void make(Path directory, VolumeId id, long bytes, boolean isProtected) {
        var disk = new SystemDisk(directory.resolve(id.value()));
        RawVolume raw = RawVolume.create(disk, id, new Bytes(bytes));
        var snapshots =
                SnapshotDevice.open(
                        disk,
                        id,
                        raw,
                        new SnapshotDevice.Options(
                                SnapshotRoom.copyOf(raw, SnapshotRoom.WhenFull.BREAK_OLDEST),
                                Thread::startVirtualThread,
                                _ -> {}));
        var slot = new SplitterSlot(snapshots);
        if (isProtected) {
            var own = new SystemDisk(directory.resolve(id.value() + "-source"));
            volumes.add(
                    slot.insert(below ->
                            new SourceVolume(
                                    id,
                                    below,
                                    own,
                                    clock,
                                    SourceLimits.DEFAULT,
                                    () -> holder.standing(clock.bootNanos()))));
        }
        Fence fence = Fence.open(disk, id, slot);
        long number = fence.mark().number() + 1;
        fence.raise(number, UUID.randomUUID(), PATIENCE);
        guests.add(fence.attach(number, () -> {}));
    }

    /// The control plane's half of the grants, as it is while nothing fails.
    private void grantForEver() {
        while (true) {
            long nonce = ThreadLocalRandom.current().nextLong();
            holder.requested(GrantorKind.CONTROL, nonce, clock.bootNanos());
            holder.answered(GrantorKind.CONTROL, nonce, new GrantAnswer.Granted(holder.term()));
            LockSupport.parkNanos(GRANT_EVERY_NANOS);
        }
    }

    void serve(Path socket) {
        Export export = Export.writable(guests.getFirst(), "measured");
        server =
                NbdServer.listen(
                        socket,
                        Exports.one("volume", export),
                        new SocketAccess(Optional.empty()),
                        NbdLimits.DEFAULT);
    }

    List<SourceVolume> volumes() {
        return volumes;
    }

    /// Every block of every volume once, in random order: in the small folios of small writes a page cache behaves as with guests.
    void fill() {
        for (BlockDevice guest : guests) {
            int blocks = (int) (guest.size() / BLOCK);
            int[] order = new int[blocks];
            for (int i = 0; i < blocks; i++) {
                int other = random.nextInt(i + 1);
                order[i] = order[other];
                order[other] = i;
            }
            byte[] data = new byte[BLOCK];
            for (int block : order) {
                random.nextBytes(data);
                guest.write((long) block * BLOCK, ByteBuffer.wrap(data));
            }
        }
    }

    /// So many bytes of writes at random places of the first volume.
    ///
    /// @param randomPercent of each write; the rest is one byte over and over
    void write(int block, long bytes, int randomPercent) {
        BlockDevice guest = guests.getFirst();
        byte[] data = new byte[block];
        byte[] noise = new byte[(int) ((long) block * randomPercent / 100)];
        for (long done = 0; done < bytes; done += block) {
            random.nextBytes(noise);
            System.arraycopy(noise, 0, data, 0, noise.length);
            long at = random.nextLong(guest.size() / block) * block;
            guest.write(at, ByteBuffer.wrap(data));
        }
    }

    /// Writes of 4 KiB to the first volume, so many a second, by one thread and without a server.
    ///
    /// @return the nanoseconds of processor time of the process for each, then their durations
    String pace(int perSecond, long millis) {
        var samples = new Samples();
        byte[] data = new byte[BLOCK];
        random.nextBytes(data);
        BlockDevice guest = guests.getFirst();
        long blocks = guest.size() / BLOCK;
        long cpuBefore = cpuNanos();
        long began = System.nanoTime();
        long count = millis * perSecond / 1000;
        for (long i = 0; i < count; i++) {
            // In small bursts, since a pause cannot be as short as one write's share of a second.
            if (i % BURST == 0) {
                LockSupport.parkNanos(began + i * 1_000_000_000L / perSecond - System.nanoTime());
            }
            long at = random.nextLong(blocks) * BLOCK;
            long begin = System.nanoTime();
            guest.write(at, ByteBuffer.wrap(data));
            samples.add(System.nanoTime() - begin);
        }
        return (cpuNanos() - cpuBefore) / count + " " + samples.percentiles().words();
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    void go(int port) {
        GroupTls keys = required(tls);
        var made = new SourceLink("bench", required(group), () -> keys.dial(port), clock, interval);
        link = made;
        made.start();
    }

    void hold() {
        SourceLink open = link;
        if (open != null) {
            open.close();
            required(group).disconnected("held");
            link = null;
        }
    }

    /// Of the first volume; `plain` without protection.
    String mode() {
        return volumes.isEmpty() ? "plain" : volumes.getFirst().mode().name();
    }

    /// Makes a cut now.
    ///
    /// @return its number, -1 for none
    long cut() {
        return required(link).cut("");
    }

    long cutsGivenUp() {
        return required(group).cuts().givenUp();
    }

    /// Without load: until a point that holds everything is published.
    ///
    /// @return nanoseconds since the link stands
    long drain() {
        SourceLink open = required(link);
        long end = System.nanoTime() + DRAIN_MAX.toNanos();
        while (!required(group).connected() && System.nanoTime() < end) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        long began = System.nanoTime();
        while (System.nanoTime() < end) {
            boolean streaming = volumes.stream().allMatch(v -> v.mode() == Mode.STREAM);
            long number = open.cut("");
            while (streaming && number > 0 && System.nanoTime() < end) {
                if (open.status().publishedNumber() >= number) {
                    return System.nanoTime() - began;
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
            LockSupport.parkNanos(LOOK_NANOS * 20);
        }
        throw new IllegalStateException("the group does not drain: " + open.status());
    }

    private static <T> T required(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("the volume is not protected, or its link not open");
        }
        return part;
    }

    @Override
    public void close() {
        hold();
        NbdServer open = server;
        if (open != null) {
            open.close();
        }
    }
}

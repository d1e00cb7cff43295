// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.storage.atrest.KeyWrapper;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A journal filled by a random source, and what each of its points must show: the source's bytes at the moment of the cut.
final class RandomJournal {
    static final UUID LINEAGE = new UUID(0x1234_5678_9abc_def0L, 0x0fed_cba9_8765_4321L);
    static final List<VolumeId> VOLUMES = List.of(new VolumeId("vol-1"), new VolumeId("vol-2"));
    static final int VOLUME_BYTES = 128 << 10;

    final SimDisk disk;
    final Map<Long, byte[][]> expected = new LinkedHashMap<>();
    final Map<Long, RecoveryPoint> published = new LinkedHashMap<>();
    final byte[][] source = new byte[VOLUMES.size()][VOLUME_BYTES];
    private final long[] last = new long[VOLUMES.size()];
    private final SplittableRandom random;
    private final @Nullable KeyWrapper keys;
    private Journal journal;
    private long number;

    RandomJournal(SplittableRandom random, SimDisk disk, JournalLimits limits) {
        this(random, disk, limits, null);
    }

    RandomJournal(
            SplittableRandom random,
            SimDisk disk,
            JournalLimits limits,
            @Nullable KeyWrapper keys) {
        this.random = random;
        this.disk = disk;
        this.keys = keys;
        this.journal = Journal.open(disk, LINEAGE, null, limits, keys);
        for (VolumeId volume : VOLUMES) {
            journal.join(volume, VOLUME_BYTES);
        }
    }

    Journal journal() {
        return journal;
    }

    Journal reopen(JournalLimits limits) {
        journal = Journal.open(disk, LINEAGE, null, limits, keys);
        return journal;
    }

    /// A first pass, then so many steps of writes, zeros, passes and points.
    void fill(int steps) {
        pass(true);
        point();
        for (int i = 0; i < steps; i++) {
            step();
        }
        point();
    }

    void step() {
        switch (random.nextInt(12)) {
            case 0 -> pass(false);
            case 1, 2 -> point();
            case 3 -> zero();
            case 4 -> journal.sync();
            default -> write();
        }
    }

    private void write() {
        int slot = random.nextInt(VOLUMES.size());
        int sectors = VOLUME_BYTES / 512;
        boolean aligned = random.nextBoolean();
        int offset = aligned ? random.nextInt(sectors / 8) * 4096 : random.nextInt(sectors) * 512;
        int length = aligned ? 4096 * (1 + random.nextInt(3)) : 512 * (1 + random.nextInt(20));
        write(slot, offset, Math.min(length, VOLUME_BYTES - offset));
    }

    void write(int slot, int offset, int length) {
        byte[] data = new byte[length];
        random.nextBytes(data);
        long next = last[slot] + 1 + random.nextInt(9);
        journal.write(slot, last[slot], next, offset, ByteBuffer.wrap(data));
        System.arraycopy(data, 0, source[slot], offset, length);
        last[slot] = next;
    }

    private void zero() {
        int slot = random.nextInt(VOLUMES.size());
        int block = random.nextInt(VOLUME_BYTES / 4096);
        int length = 4096 * (1 + random.nextInt(Math.min(6, VOLUME_BYTES / 4096 - block)));
        journal.zero(slot, last[slot], last[slot] + 1, block * 4096L, length);
        last[slot]++;
        Arrays.fill(source[slot], block * 4096, block * 4096 + length, (byte) 0);
    }

    /// Writes that never travel, then the pass that makes up for them.
    void pass(boolean full) {
        long pass = ++number;
        for (int slot = 0; slot < VOLUMES.size(); slot++) {
            boolean[] changed = new boolean[VOLUME_BYTES / 4096];
            Arrays.fill(changed, full);
            for (int i = random.nextInt(4); i > 0; i--) {
                int block = random.nextInt(changed.length);
                source[slot][block * 4096 + random.nextInt(4096)] ^= 1;
                changed[block] = true;
                last[slot]++;
            }
            long from = journal.through(slot);
            last[slot] = Math.max(last[slot], from) + 1;
            journal.passBegin(slot, from, last[slot], pass, full);
            for (int block = 0; block < changed.length; block++) {
                if (changed[block]) {
                    journal.passWrite(
                            slot,
                            last[slot],
                            block * 4096L,
                            ByteBuffer.wrap(source[slot], block * 4096, 4096));
                }
            }
        }
        for (int slot = 0; slot < VOLUMES.size(); slot++) {
            journal.passEnd(slot, pass);
        }
    }

    void point() {
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        for (int slot = 0; slot < VOLUMES.size(); slot++) {
            if (!journal.covers(slot, last[slot])) {
                return;
            }
            vector.put(VOLUMES.get(slot), last[slot]);
        }
        var point = new RecoveryPoint(++number, 1000 + number, 2000 + number, vector, false, "");
        journal.publish(point);
        expected.put(
                point.number(), Arrays.stream(source).map(byte[]::clone).toArray(byte[][]::new));
        published.put(point.number(), point);
        journal.sync();
    }

    /// Reads every block of a point: each is what the source held, or a fault.
    ///
    /// @return how many blocks were faults
    int requireExactOrFault(RecoveryPoint point) {
        return requireExactOrFault(journal.view(point.number()));
    }

    int requireExactOrFault(JournalView view) {
        RecoveryPoint point = view.point();
        if (!point.equals(published.get(point.number()))) {
            throw new AssertionError("point " + point + " was never published like this");
        }
        byte[][] content = expected.get(point.number());
        int faults = 0;
        for (int slot = 0; slot < VOLUMES.size(); slot++) {
            var image = view.volume(VOLUMES.get(slot));
            for (int at = 0; at < VOLUME_BYTES; at += 4096) {
                ByteBuffer block = ByteBuffer.allocate(4096);
                try {
                    image.read(at, block);
                } catch (FaultException _) {
                    faults++;
                    continue;
                }
                if (content == null
                        || !Arrays.equals(block.array(), 0, 4096, content[slot], at, at + 4096)) {
                    throw new AssertionError(
                            "point %d shows other data in block %d of %s"
                                    .formatted(point.number(), at / 4096, VOLUMES.get(slot)));
                }
            }
        }
        return faults;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The slow and obvious truth of a load: the acknowledged writes of one volume, replayed in the order of their numbers.
///
/// A write that was in flight when its process died has no known number. It may show above acknowledged writes of its own life and of
/// earlier ones, and never at a cut that its life had not begun by.
final class Replayed {
    private final long seed;
    private final int volume;
    private final List<Entry> acknowledged = new ArrayList<>();
    private final List<Entry> unknown = new ArrayList<>();
    private final Map<Integer, Long> lifeBegan = new HashMap<>();

    Replayed(long seed, int volume, List<Entry> log) {
        this.seed = seed;
        this.volume = volume;
        Set<Long> acked = new HashSet<>();
        for (Entry entry : log) {
            if (entry.volume() == volume) {
                switch (entry.kind()) {
                    case START -> lifeBegan.put(entry.process(), entry.vseq());
                    case INTENT, FOUND -> {}
                    case ACK -> {
                        acknowledged.add(entry);
                        acked.add(entry.op());
                    }
                }
            }
        }
        log.stream()
                .filter(e -> e.volume() == volume && e.kind() == Kind.INTENT)
                .filter(e -> !acked.contains(e.op()))
                .forEach(unknown::add);
        acknowledged.sort(Comparator.comparingLong(Entry::vseq));
    }

    int acknowledged() {
        return acknowledged.size();
    }

    long lastAcknowledged() {
        return acknowledged.isEmpty() ? 0 : acknowledged.getLast().vseq();
    }

    /// Compares every sector with the replay up to the cut.
    void requireSame(String what, BlockImage image, long cut) {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(0, bytes);
        int sectors = bytes.capacity() / LoadLog.SECTOR;
        @Nullable Entry[] newest = new @Nullable Entry[sectors];
        for (Entry entry : acknowledged) {
            if (entry.vseq() <= cut) {
                Arrays.fill(newest, entry.sector(), entry.sector() + entry.sectors(), entry);
            }
        }
        for (int sector = 0; sector < sectors; sector++) {
            byte[] found =
                    Arrays.copyOfRange(
                            bytes.array(), sector * LoadLog.SECTOR, (sector + 1) * LoadLog.SECTOR);
            Entry expected = newest[sector];
            if (!isOf(found, sector, expected) && !isUnknown(found, sector, expected, cut)) {
                throw new AssertionError(
                        "%s: sector %d of volume %d at cut %d shows operation %x, expected %s"
                                .formatted(
                                        what,
                                        sector,
                                        volume,
                                        cut,
                                        ByteBuffer.wrap(found).getLong(16),
                                        expected));
            }
        }
    }

    private boolean isOf(byte[] found, int sector, @Nullable Entry entry) {
        return Arrays.equals(
                found,
                entry == null
                        ? new byte[LoadLog.SECTOR]
                        : LoadLog.sector(seed, volume, sector, entry.op()));
    }

    private boolean isUnknown(byte[] found, int sector, @Nullable Entry expected, long cut) {
        for (Entry entry : unknown) {
            if (sector >= entry.sector()
                    && sector < entry.sector() + entry.sectors()
                    && (expected == null || entry.process() >= expected.process())
                    && lifeBegan.getOrDefault(entry.process(), Long.MAX_VALUE) < cut
                    && isOf(found, sector, entry)) {
                return true;
            }
        }
        return false;
    }
}

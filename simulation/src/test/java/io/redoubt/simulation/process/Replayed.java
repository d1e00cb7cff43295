// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
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
    private final @Nullable Entry[] newest;
    private long upTo = -1;
    private int next;

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
        newest = new @Nullable Entry[RealSource.VOLUME_BYTES / LoadLog.SECTOR];
    }

    /// What wrote each sector last, up to this number. Cheap for numbers that rise.
    private @Nullable Entry[] upTo(long cut) {
        if (cut < upTo) {
            Arrays.fill(newest, null);
            next = 0;
        }
        while (next < acknowledged.size() && acknowledged.get(next).vseq() <= cut) {
            Entry entry = acknowledged.get(next);
            Arrays.fill(newest, entry.sector(), entry.sector() + entry.sectors(), entry);
            next++;
        }
        upTo = cut;
        return newest;
    }

    /// In the order of their numbers.
    List<Entry> acknowledged() {
        return acknowledged;
    }

    long lastAcknowledged() {
        return acknowledged.isEmpty() ? 0 : acknowledged.getLast().vseq();
    }

    /// Compares every sector with the replay up to the cut.
    void requireSame(String what, byte[] content, long cut) {
        @Nullable Entry[] truth = upTo(cut);
        for (int sector = 0; sector < truth.length; sector++) {
            byte[] found =
                    Arrays.copyOfRange(
                            content, sector * LoadLog.SECTOR, (sector + 1) * LoadLog.SECTOR);
            Entry expected = truth[sector];
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

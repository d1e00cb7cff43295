// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a volume and each of its snapshots may show after a crash: the slow and obvious bookkeeping.
///
/// Writes fill their range with one value from 1 to 62, zeros with 0, so a byte tells where it came from.
final class SnapshotOracle {
    private static final int NOTHING = -1;

    private final int[] acknowledged;
    private final long[] sinceFlush; // a bit for each value that a power loss may show
    private final int[] flight; // the value under way, or NOTHING
    private final TreeMap<String, int[]> snapshots = new TreeMap<>();
    private @Nullable String creating;
    private @Nullable String deleting;
    private @Nullable String reverting;
    private long[] beforeRevert = {}; // what the volume might have shown if it had not begun

    SnapshotOracle(int size) {
        acknowledged = new int[size];
        sinceFlush = new long[size];
        flight = new int[size];
        Arrays.fill(sinceFlush, 1);
        Arrays.fill(flight, NOTHING);
    }

    List<String> names() {
        return new ArrayList<>(snapshots.keySet());
    }

    String any(SplittableRandom random) {
        return names().get(random.nextInt(snapshots.size()));
    }

    void writing(int from, int to, int value) {
        for (int i = from; i < to; i++) {
            fly(i, value);
        }
    }

    private void fly(int i, int value) {
        flight[i] = value;
        sinceFlush[i] |= 1L << value;
    }

    void written() {
        for (int i = 0; i < flight.length; i++) {
            if (flight[i] != NOTHING) {
                acknowledged[i] = flight[i];
            }
        }
        Arrays.fill(flight, NOTHING);
    }

    void flushed() {
        for (int i = 0; i < acknowledged.length; i++) {
            sinceFlush[i] = 1L << acknowledged[i];
        }
    }

    void creating(String name) {
        creating = name;
    }

    void created() {
        flushed();
        snapshots.put(take(creating), acknowledged.clone());
        creating = null;
    }

    void deleting(String name) {
        deleting = name;
    }

    void deleted() {
        snapshots.remove(take(deleting));
        deleting = null;
    }

    void reverting(String name) {
        if (reverting == null) {
            beforeRevert = sinceFlush.clone();
        }
        reverting = name;
        int[] content = take(snapshots.get(name));
        for (int i = 0; i < content.length; i++) {
            fly(i, content[i]);
        }
    }

    void reverted() {
        written();
        flushed();
        reverting = null;
    }

    /// The snapshot to which a crash cut a revert short, if any.
    @Nullable String cutShort() {
        return reverting;
    }

    private static <T> T take(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("nothing is under way");
        }
        return value;
    }

    /// Takes over what a restart shows. @return words about the first thing that breaks a promise, or none
    String afterCrash(boolean power, byte[] shown, Map<String, byte[]> shownSnapshots) {
        String names = checkNames(shownSnapshots);
        if (!names.isEmpty()) {
            return names;
        }
        for (int i = 0; i < shown.length; i++) {
            int value = shown[i] & 0xff;
            boolean fits =
                    power
                            ? value < 64 && (sinceFlush[i] >>> value & 1) != 0
                            : value == acknowledged[i] || value == flight[i];
            if (!fits) {
                return "byte %d shows %d after a %s, acknowledged was %d, possible are bits %x"
                        .formatted(
                                i,
                                value,
                                power ? "power loss" : "kill",
                                acknowledged[i],
                                sinceFlush[i]);
            }
            acknowledged[i] = value;
            if (power) {
                sinceFlush[i] = 1L << value;
            }
        }
        Arrays.fill(flight, NOTHING);
        return "";
    }

    private String checkNames(Map<String, byte[]> shown) {
        if (creating != null && shown.containsKey(creating)) {
            snapshots.put(creating, acknowledged.clone());
        }
        creating = null;
        if (deleting != null && !shown.containsKey(deleting)) {
            snapshots.remove(deleting);
        }
        deleting = null;
        if (!shown.keySet().equals(snapshots.keySet())) {
            return "snapshots are " + shown.keySet() + ", not " + snapshots.keySet();
        }
        for (var each : shown.entrySet()) {
            String wrong = checkSnapshot(each.getKey(), each.getValue());
            if (!wrong.isEmpty()) {
                return wrong;
            }
        }
        return "";
    }

    String checkSnapshot(String name, byte[] shown) {
        int[] expected = take(snapshots.get(name));
        for (int i = 0; i < shown.length; i++) {
            if (shown[i] != expected[i]) {
                return "snapshot %s shows %d at %d, not %d"
                        .formatted(name, shown[i], i, expected[i]);
            }
        }
        return "";
    }

    /// The volume says that no revert is under way. @return words, when it is neither done nor not begun
    String notReverting(String name) {
        reverting = null;
        if (Arrays.equals(acknowledged, snapshots.get(name))) {
            return "";
        }
        for (int i = 0; i < acknowledged.length; i++) {
            if ((beforeRevert[i] >>> acknowledged[i] & 1) == 0) {
                return "half a revert to %s: byte %d shows %d".formatted(name, i, acknowledged[i]);
            }
        }
        return "";
    }

    /// @param to null for now
    boolean differs(String from, @Nullable String to, int offset, int length) {
        int[] one = take(snapshots.get(from));
        int[] other = to == null ? acknowledged : take(snapshots.get(to));
        return !Arrays.equals(one, offset, offset + length, other, offset, offset + length);
    }
}

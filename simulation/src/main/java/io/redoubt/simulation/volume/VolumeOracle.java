// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static io.redoubt.simulation.volume.VolumeSetup.SECTOR;

import io.redoubt.simulation.machine.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What each sector of a volume, and of each of its snapshots, may show: the slow and obvious bookkeeping.
///
/// A sector has every content that it had since the last flush; the newest is what a reader sees, a power loss may show any. Beside
/// them there is what a call is about to make of it.
final class VolumeOracle {
    private final VolumeSetup setup;
    private final List<Sector> sectors = new ArrayList<>();
    private final TreeMap<String, byte[][]> snapshots = new TreeMap<>();
    private @Nullable String creating;
    private @Nullable String deleting;
    private @Nullable String reverting;
    private boolean revertSeen; // a restart said that the revert had begun

    private static final class Sector {
        final List<byte[]> states = new ArrayList<>(); // the last one is what a reader sees
        byte @Nullable [] flight;
        int flushing;

        Sector(byte[] content) {
            states.add(content);
        }

        byte[] now() {
            return states.getLast();
        }

        void become(byte[] content) {
            states.add(content);
            flight = null;
        }

        void only(byte[] content) {
            states.clear();
            become(content);
        }

        boolean busy() {
            return states.size() > 1 || flight != null;
        }
    }

    VolumeOracle(VolumeSetup setup, byte[] content) {
        this.setup = setup;
        for (byte[] each : cut(content)) {
            sectors.add(new Sector(each));
        }
    }

    private static byte[][] cut(byte[] content) {
        byte[][] cut = new byte[content.length / SECTOR][];
        for (int i = 0; i < cut.length; i++) {
            cut[i] = Arrays.copyOfRange(content, i * SECTOR, (i + 1) * SECTOR);
        }
        return cut;
    }

    int size() {
        return sectors.size() * SECTOR;
    }

    void grow(int bytes) {
        while (size() < bytes) {
            sectors.add(new Sector(new byte[SECTOR]));
        }
    }

    // --- writes and flushes

    void writing(int offset, byte[] data) {
        int end = offset + data.length;
        for (int i = offset / SECTOR; i * SECTOR < end; i++) {
            int from = Math.max(offset, i * SECTOR);
            int to = Math.min(end, (i + 1) * SECTOR);
            byte[] next = sectors.get(i).now().clone();
            System.arraycopy(data, from - offset, next, from - i * SECTOR, to - from);
            sectors.get(i).flight = next;
        }
    }

    void written() {
        for (Sector each : sectors) {
            byte[] next = each.flight;
            if (next != null) {
                each.become(next);
            }
        }
    }

    /// The write was refused. What of it is there is told by a read of everything.
    void refused(byte[] shown) {
        tookOver(shown, false, "a refused write");
    }

    void flushing() {
        sectors.forEach(s -> s.flushing = s.states.size() - 1);
    }

    void flushed() {
        for (Sector each : sectors) {
            each.states.subList(0, each.flushing).clear();
            each.flushing = 0;
        }
    }

    /// A reader sees what was written last.
    void requireNow(int offset, byte[] shown) {
        int end = offset + shown.length;
        for (int i = offset / SECTOR; i * SECTOR < end; i++) {
            int from = Math.max(offset, i * SECTOR);
            int to = Math.min(end, (i + 1) * SECTOR);
            byte[] now = sectors.get(i).now();
            if (!Arrays.equals(
                    now, from - i * SECTOR, to - i * SECTOR, shown, from - offset, to - offset)) {
                throw new Violation("a read of sector %d shows other bytes".formatted(i));
            }
        }
    }

    // --- snapshots

    List<String> names() {
        return List.copyOf(snapshots.keySet());
    }

    @Nullable String any(SplittableRandom random) {
        return snapshots.isEmpty() ? null : names().get(random.nextInt(snapshots.size()));
    }

    void creating(String name) {
        creating = name;
    }

    void created() {
        snapshots.put(required(creating), now());
        creating = null;
        sectors.forEach(s -> s.only(s.now()));
    }

    void notCreated() {
        creating = null;
    }

    void deleting(String name) {
        deleting = name;
    }

    void deleted() {
        snapshots.remove(required(deleting));
        deleting = null;
    }

    /// The volume gave it up for want of room.
    void broken(String name) {
        if (!setup.tight()) {
            throw new Violation("snapshot %s was given up, and there was room".formatted(name));
        }
        snapshots.remove(name);
    }

    void reverting(String name) {
        reverting = name;
        byte[][] target = required(snapshots.get(name));
        for (int i = 0; i < sectors.size(); i++) {
            sectors.get(i).flight = i < target.length ? target[i] : new byte[SECTOR];
        }
    }

    void reverted() {
        for (Sector each : sectors) {
            each.only(required(each.flight));
        }
        reverting = null;
        revertSeen = false;
    }

    void notReverted() {
        reverting = null;
        sectors.forEach(s -> s.flight = null);
    }

    @Nullable String revertCutShort() {
        return reverting;
    }

    void requireSnapshot(String name, int offset, byte[] shown) {
        byte[][] content = required(snapshots.get(name));
        for (int at = 0; at < shown.length; at += SECTOR) {
            byte[] sector = content[(offset + at) / SECTOR];
            if (!Arrays.equals(sector, 0, SECTOR, shown, at, at + SECTOR)) {
                throw new Violation(
                        "snapshot %s shows other bytes in sector %d"
                                .formatted(name, (offset + at) / SECTOR));
            }
        }
    }

    int sizeOf(String name) {
        return required(snapshots.get(name)).length * SECTOR;
    }

    /// @param to null for now
    boolean differs(String from, @Nullable String to, int offset, int length) {
        byte[][] one = required(snapshots.get(from));
        byte[][] other = to == null ? now() : required(snapshots.get(to));
        for (int i = offset / SECTOR; i < Math.min(other.length, (offset + length) / SECTOR); i++) {
            if (i >= one.length || !Arrays.equals(one[i], other[i])) {
                return true;
            }
        }
        return false;
    }

    private byte[][] now() {
        return sectors.stream().map(Sector::now).toArray(byte[][]::new);
    }

    // --- crashes

    /// Takes over what a restart shows.
    ///
    /// @param power     the power failed, not only the process
    /// @param kept      the names of the snapshots that can be read
    /// @param given     the names of those that were given up
    /// @param unfinished the snapshot that a revert is on its way to
    void restarted(
            boolean power,
            byte[] shown,
            List<String> kept,
            List<String> given,
            @Nullable String unfinished) {
        String what = power ? "a power loss" : "a kill";
        names(kept, given, what);
        sizeIs(shown.length);
        String target = reverting;
        if (unfinished != null && !unfinished.equals(target)) {
            throw new Violation("a revert to %s that nobody asked for".formatted(unfinished));
        }
        if (target != null && unfinished == null) {
            endedRevert(target, shown, power, what);
        } else {
            revertSeen = unfinished != null;
            tookOver(shown, power, what);
            if (unfinished != null) {
                reverting(unfinished);
            }
        }
    }

    private void sizeIs(int shown) {
        if (shown != size()) {
            throw new Violation("the volume has %d bytes, not %d".formatted(shown, size()));
        }
    }

    private void names(List<String> kept, List<String> given, String what) {
        given.stream().filter(snapshots::containsKey).forEach(this::broken);
        if (creating != null && kept.contains(creating)) {
            created(); // so everything that had been acknowledged is durable
        }
        creating = null;
        if (deleting != null && !kept.contains(deleting)) {
            snapshots.remove(deleting);
        }
        deleting = null;
        if (!snapshots.keySet().equals(new java.util.TreeSet<>(kept))) {
            throw new Violation(
                    "after %s the snapshots are %s, not %s"
                            .formatted(what, kept, snapshots.keySet()));
        }
    }

    /// Nothing says that a revert is under way: it was done, or it never began.
    private void endedRevert(String target, byte[] shown, boolean power, String what) {
        boolean done = true;
        for (int i = 0; i < sectors.size(); i++) {
            byte[] wanted = required(sectors.get(i).flight);
            done &= Arrays.equals(wanted, 0, SECTOR, shown, i * SECTOR, (i + 1) * SECTOR);
        }
        if (!done && revertSeen) {
            throw new Violation("after %s half a revert to %s is shown".formatted(what, target));
        }
        if (!done) {
            sectors.forEach(s -> s.flight = null);
        }
        reverting = null;
        revertSeen = false;
        tookOver(shown, power, what);
    }

    private void tookOver(byte[] shown, boolean power, String what) {
        for (int i = 0; i < sectors.size(); i++) {
            Sector sector = sectors.get(i);
            byte[] found = Arrays.copyOfRange(shown, i * SECTOR, (i + 1) * SECTOR);
            if (!fits(sector, found, power)) {
                throw new Violation(
                        "after %s sector %d shows what it must not: %s"
                                .formatted(what, i, story(sector, found)));
            }
            if (power) {
                sector.only(found);
            } else if (!Arrays.equals(sector.now(), found)) {
                sector.become(found);
            }
            sector.flight = null;
        }
    }

    private boolean fits(Sector sector, byte[] found, boolean power) {
        byte[] flight = sector.flight;
        if (Arrays.equals(sector.now(), found)
                || (flight != null && Arrays.equals(flight, found))) {
            return true;
        }
        List<byte[]> possible = new ArrayList<>(power ? sector.states : List.of(sector.now()));
        if (flight != null) {
            possible.add(flight);
        }
        if (possible.stream().anyMatch(each -> Arrays.equals(each, found))) {
            return true;
        }
        return setup.tears()
                && sector.busy()
                && possible.size() > 1
                && (setup.encrypted() || isMixed(possible, found));
    }

    /// A torn sector: each byte is one that was written there. Torn and encrypted, it may be noise.
    private static boolean isMixed(List<byte[]> possible, byte[] found) {
        for (int i = 0; i < SECTOR; i++) {
            int at = i;
            if (possible.stream().noneMatch(each -> each[at] == found[at])) {
                return false;
            }
        }
        return true;
    }

    private static String story(Sector sector, byte[] found) {
        int at = Arrays.mismatch(sector.now(), found);
        return "byte %d is %02x, last written %02x, flushed %02x, %d contents since"
                .formatted(
                        at,
                        found[at],
                        sector.now()[at],
                        sector.states.getFirst()[at],
                        sector.states.size());
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("nothing is under way");
        }
        return value;
    }

    Map<String, byte[][]> snapshots() {
        return snapshots;
    }
}

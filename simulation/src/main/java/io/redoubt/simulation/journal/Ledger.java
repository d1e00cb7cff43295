// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalReader;
import io.redoubt.storage.journal.JournalView;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What the journal has promised so far, kept outside of it: its points, who holds them, what is protected. And the checks.
final class Ledger {
    private static final Comparator<VolumeId> BY_NAME = Comparator.comparing(VolumeId::value);

    private final List<Guest> guests;
    private final long denseMillis;
    private final boolean mayFold;

    /// Every point that was ever handed to the journal, and those of them that it has offered and not dropped.
    private final Map<Long, RecoveryPoint> published = new TreeMap<>();

    private final Map<Long, RecoveryPoint> offered = new TreeMap<>();
    private final Set<Long> guarded = new TreeSet<>();
    private final Map<String, Lease> leases = new TreeMap<>();

    /// A call that changes points was under way when the process died: it may have happened.
    private boolean retaining;

    private final Set<Long> dropping = new TreeSet<>();
    private @Nullable Long guarding;

    /// Bits were turned: points may be gone, reads may be faults; other data never.
    private boolean damaged;

    private final Map<VolumeId, Long> adopted = new TreeMap<>(BY_NAME);
    private long committed = Long.MAX_VALUE;

    record Lease(long point, long untilMillis) {}

    /// @param mayFold the journal may run full, and then give numbers between points up
    Ledger(List<Guest> guests, long denseMillis, boolean mayFold) {
        this.guests = guests;
        this.mayFold = mayFold;
        this.denseMillis = denseMillis;
    }

    void damaged() {
        damaged = true;
    }

    boolean isDamaged() {
        return damaged;
    }

    void publishing(RecoveryPoint point) {
        published.put(point.number(), point);
    }

    void dropping(long point) {
        dropping.add(point);
    }

    void guarding(long point) {
        guarding = point;
    }

    void guarded(long point, boolean on) {
        guarding = null;
        if (on) {
            guarded.add(point);
        } else {
            guarded.remove(point);
        }
    }

    void retaining() {
        retaining = true;
    }

    void leased(String owner, @Nullable Lease lease) {
        if (lease == null) {
            leases.remove(owner);
        } else {
            leases.put(owner, lease);
        }
    }

    @Nullable Lease lease(String owner) {
        return leases.get(owner);
    }

    /// A lease may have run out by now, so it promises nothing any more.
    void time(long nowMillis) {
        leases.values().removeIf(l -> l.untilMillis <= nowMillis);
    }

    boolean held(long point) {
        return leases.values().stream().anyMatch(l -> l.point == point);
    }

    /// Compares what the journal offers with what it offered, after a call or a start: I5, I18 and the honesty of retention.
    void look(Journal journal) {
        Map<Long, RecoveryPoint> now = new TreeMap<>();
        journal.points().forEach(p -> now.put(p.number(), p));
        journal.branch().points().forEach(p -> now.put(p.number(), p));
        now.values()
                .forEach(p -> {
                    if (p.vector().equals(adopted)) {
                        kept(journal, p);
                    }
                    if (!p.equals(published.get(p.number()))) {
                        throw new Violation("I25: point " + p + " was never published like this");
                    }
                });
        if (!damaged) {
            long newest = newest(now.keySet());
            for (RecoveryPoint point : offered.values()) {
                long number = point.number();
                if (!now.containsKey(number) && !dropping.contains(number)) {
                    requireMayGo(point, number > newest && number <= committed);
                }
            }
        }
        offered.clear();
        offered.putAll(now);
        guarded.retainAll(now.keySet());
        retaining = false;
        dropping.clear();
        if (!damaged) {
            for (long number : guarded) {
                if (!Objects.equals(guarding, number) && !journal.guarded().contains(number)) {
                    throw new Violation("point %d is not protected any more".formatted(number));
                }
            }
        }
        if (guarding != null) {
            guarded(guarding, journal.guarded().contains(guarding));
        }
    }

    /// The point of what the volumes held before is made by the journal, and is never there without its protection.
    private void kept(Journal journal, RecoveryPoint point) {
        if (published.putIfAbsent(point.number(), point) == null) {
            if (!journal.guarded().contains(point.number())) {
                throw new Violation("I15: point " + point + " is not protected");
            }
            guarded.add(point.number());
        }
    }

    /// After a commit only points of the history itself can be the newest.
    private long newest(Set<Long> numbers) {
        return numbers.stream().filter(n -> n <= committed).max(Long::compare).orElse(0L);
    }

    /// The volumes held something before there was a journal.
    void adopting() {
        guests.forEach(g -> adopted.put(g.volume, 0L));
    }

    void committed(long point) {
        committed = point;
    }

    private void requireMayGo(RecoveryPoint point, boolean newest) {
        long number = point.number();
        if (!retaining) {
            throw new Violation("I5: point %d was offered and is gone".formatted(number));
        }
        if (newest) {
            throw new Violation("I24: the newest point, %d, was dropped".formatted(number));
        }
        if (guarded.contains(number) && !Objects.equals(guarding, number)) {
            throw new Violation("I25: point %d is protected and was dropped".formatted(number));
        }
        if (!point.name().isEmpty()) {
            throw new Violation("I25: point %d has a name and was dropped".formatted(number));
        }
        if (held(number)) {
            throw new Violation("I18: point %d is pinned and was dropped".formatted(number));
        }
    }

    Map<Long, RecoveryPoint> offered() {
        return offered;
    }

    /// I16, I17 and I25 of every point.
    void everyPoint(Journal journal) {
        offered.values().forEach(p -> exact(p, journal.view(p.number())));
    }

    void somePoints(Journal journal, SplittableRandom random, int count) {
        List<RecoveryPoint> points = List.copyOf(offered.values());
        if (!points.isEmpty()) {
            exact(points.getFirst(), journal.view(points.getFirst().number()));
            for (int i = 1; i < count; i++) {
                RecoveryPoint point = points.get(random.nextInt(points.size()));
                exact(point, journal.view(point.number()));
            }
        }
    }

    void exact(RecoveryPoint point, JournalView view) {
        for (Guest guest : guests) {
            Long cut = point.vector().get(guest.volume);
            if (cut != null) {
                same("I16: point " + point.number(), guest, view.volume(guest.volume), cut);
            }
        }
    }

    private void same(String what, Guest guest, BlockImage image, long vseq) {
        if (!damaged) {
            try {
                guest.oracle.requireSame(what, image, vseq);
            } catch (FaultException e) {
                throw new Violation(
                        "I25: %s of %s cannot be read at %d: %s"
                                .formatted(what, guest.volume, vseq, e.getMessage()),
                        e);
            }
            return;
        }
        byte[] expected = guest.oracle.at(vseq);
        for (int at = 0; at < guest.bytes; at += Guest.BLOCK) {
            ByteBuffer block = ByteBuffer.allocate(Guest.BLOCK);
            try {
                image.read(at, block);
            } catch (FaultException _) {
                continue;
            }
            if (!block.flip().equals(ByteBuffer.wrap(expected, at, Guest.BLOCK))) {
                throw new Violation(
                        "I29: %s of %s shows other data in block %d"
                                .formatted(what, guest.volume, at / Guest.BLOCK));
            }
        }
    }

    /// Any number of the dense window is shown, but for those that never travelled; one outside of it is refused, or right.
    void anyNumber(Journal journal, SplittableRandom random) {
        if (offered.isEmpty()) {
            return;
        }
        Guest guest = guests.get(random.nextInt(guests.size()));
        long from = denseFrom(guest);
        long to = cut(List.copyOf(offered.values()).getLast(), guest.volume);
        boolean inside = random.nextInt(4) > 0;
        long vseq = inside ? from + random.nextLong(to - from + 1) : random.nextLong(to + 3);
        try {
            same("rule 33: any number", guest, journal.view(guest.volume, vseq), vseq);
        } catch (FaultException e) {
            requireRefusable(guest, vseq, vseq >= from && vseq <= to, e);
        }
    }

    private long denseFrom(Guest guest) {
        List<RecoveryPoint> points = List.copyOf(offered.values());
        long published = points.getLast().publishedMillis();
        RecoveryPoint dense =
                points.stream()
                        .filter(p -> published - p.publishedMillis() <= denseMillis)
                        .findFirst()
                        .orElseThrow();
        return cut(dense, guest.volume);
    }

    /// A number of the dense window that can be shown now, more or less the `which`th.
    OptionalLong someNumber(Journal journal, Guest guest, int which) {
        if (offered.isEmpty()) {
            return OptionalLong.empty();
        }
        long from = denseFrom(guest);
        long to = cut(List.copyOf(offered.values()).getLast(), guest.volume);
        long vseq = from + which % (to - from + 1);
        try {
            BlockImage _ = journal.view(guest.volume, vseq);
            return OptionalLong.of(vseq);
        } catch (FaultException e) {
            requireRefusable(guest, vseq, true, e);
            return OptionalLong.empty();
        }
    }

    void exactAt(Journal journal, Guest guest, long vseq) {
        try {
            same("I16: held number", guest, journal.view(guest.volume, vseq), vseq);
        } catch (FaultException e) {
            if (!damaged) {
                throw new Violation(
                        "I18: %s is held at %d and refused: %s"
                                .formatted(guest.volume, vseq, e.getMessage()),
                        e);
            }
        }
    }

    private void requireRefusable(Guest guest, long vseq, boolean inWindow, FaultException e) {
        boolean allowed =
                switch (e.fault()) {
                    case JournalFault.NotExact _ -> guest.inGap(vseq) || mayFold;
                    case JournalFault.OutsideWindow _ -> !inWindow;
                    default -> false;
                };
        if (!allowed && !damaged) {
            throw new Violation(
                    "rule 33: %s at %d is refused: %s"
                            .formatted(guest.volume, vseq, e.getMessage()),
                    e);
        }
    }

    /// Rule 35: what changed since a point is told, and little else.
    void changes(Journal journal, SplittableRandom random) {
        List<RecoveryPoint> points = List.copyOf(offered.values());
        Guest guest = guests.get(random.nextInt(guests.size()));
        if (points.isEmpty() || journal.needsPass(guest.slot)) {
            return;
        }
        RecoveryPoint point = points.get(random.nextInt(points.size()));
        changedSince(journal, guest, cut(point, guest.volume));
    }

    void changedSince(Journal journal, Guest guest, long since) {
        var told = new TreeSet<Integer>();
        long bytes =
                journal.changedSince(
                        guest.slot,
                        since,
                        (offset, length) -> {
                            for (long at = offset; at < offset + length; at += Guest.BLOCK) {
                                told.add((int) (at / Guest.BLOCK));
                            }
                        });
        Set<Integer> written = guest.written(since, journal.through(guest.slot));
        var possible = new TreeSet<Integer>(written);
        possible.addAll(guest.passed(since));
        if (!told.containsAll(written) || !possible.containsAll(told)) {
            throw new Violation(
                    "rule 35: since %d of %s changed %s, told is %s, possible were %s"
                            .formatted(since, guest.volume, written, told, possible));
        }
        if (bytes != (long) told.size() * Guest.BLOCK) {
            throw new Violation("rule 35: %d bytes for %d blocks".formatted(bytes, told.size()));
        }
    }

    private static long cut(RecoveryPoint point, VolumeId volume) {
        return Objects.requireNonNull(point.vector().get(volume));
    }

    /// After a start the files are those that the manifest names, and a crash is no damage.
    void afterStart(Journal journal, SimDisk disk) {
        if (damaged) {
            return;
        }
        if (!journal.damage().isEmpty()) {
            throw new Violation(
                    "a restart calls its own crash damage: "
                            + journal.damage().getFirst().message());
        }
        var named = new HashSet<>(Set.of("manifest", "durable"));
        disk.list().stream().filter(f -> f.startsWith("old-")).forEach(named::add);
        try (var reader = JournalReader.open(disk)) {
            reader.log().forEach(p -> named.add(p.file()));
            reader.kept().forEach(p -> named.add(p.file()));
            named.addAll(reader.runs());
            reader.bases()
                    .forEach(p -> {
                        named.add(p.file());
                        named.add(p.checksums());
                    });
        }
        if (!named.equals(new HashSet<>(disk.list()))) {
            throw new Violation("I31: on disk are %s, named are %s".formatted(disk.list(), named));
        }
    }
}

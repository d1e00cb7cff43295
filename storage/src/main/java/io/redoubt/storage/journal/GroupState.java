// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

/// What the records so far add up to: members, passes and points.
final class GroupState {
    private static final byte DEBT = 1;
    private static final byte FULL_NEEDED = 2;
    private static final byte FULL_OPEN = 4;
    private static final byte PASS_CLOSED = 8;
    private static final byte JOINED = 16;
    private static final byte ADOPTED = 32;
    private static final byte KEPT = 64;
    private static final byte LEFT = -128;

    private final List<Member> members = new CopyOnWriteArrayList<>();
    private volatile List<RecoveryPoint> points = List.of();
    private volatile Set<Long> guarded = Set.of();

    void restore(Manifest.Checkpoint checkpoint) {
        for (Manifest.MemberState saved : checkpoint.members()) {
            var member = new Member(saved.volume(), members.size(), saved.size());
            member.through = saved.through();
            member.gapFrom = saved.gapFrom();
            member.debt = (saved.flags() & DEBT) != 0;
            member.fullPassNeeded = (saved.flags() & FULL_NEEDED) != 0;
            member.openPassIsFull = (saved.flags() & FULL_OPEN) != 0;
            // Whoever wrote this before the flag existed had no debt, or one that began somewhere.
            member.joined = (saved.flags() & JOINED) != 0 || !member.debt || member.gapFrom > 0;
            member.adopted = (saved.flags() & ADOPTED) != 0;
            member.kept = (saved.flags() & KEPT) != 0;
            member.left = (saved.flags() & LEFT) != 0;
            member.lastPass = saved.lastPass();
            member.openPass = (saved.flags() & PASS_CLOSED) != 0 ? 0 : saved.lastPass();
            member.passVseq = saved.passVseq();
            member.voided = saved.voided();
            member.replacement = saved.replacement();
            member.folded = saved.folded();
            member.inexact = saved.inexact();
            members.add(member);
        }
        points = checkpoint.points();
        guarded = checkpoint.guarded();
    }

    Manifest.Checkpoint checkpoint(long lsn, int segment, int position) {
        return new Manifest.Checkpoint(
                lsn,
                segment,
                position,
                members.stream().map(GroupState::saved).toList(),
                points,
                guarded);
    }

    /// A checkpoint with the members that joined after it, as they were then: the records behind it tell the rest.
    Manifest.Checkpoint withJoined(Manifest.Checkpoint known) {
        var all = new ArrayList<Manifest.MemberState>(known.members());
        for (Member member : members.subList(all.size(), members.size())) {
            all.add(saved(joined(member.volume, member.slot, member.size, member.adopted)));
        }
        return new Manifest.Checkpoint(
                known.lsn(),
                known.segment(),
                known.position(),
                all,
                known.points(),
                known.guarded());
    }

    private static Manifest.MemberState saved(Member member) {
        return new Manifest.MemberState(
                member.volume,
                member.size,
                member.through,
                member.gapFrom,
                flags(member),
                member.lastPass,
                member.passVseq,
                member.voided,
                member.replacement,
                member.folded,
                member.inexact);
    }

    private static Member joined(VolumeId volume, int slot, long size, boolean adopted) {
        var member = new Member(volume, slot, size);
        member.adopted = adopted;
        return member;
    }

    void apply(LogRecord record, ByteBuffer payload) {
        switch (record.kind()) {
            case MEMBER -> {
                String id = ManifestCodec.takeText(payload.duplicate().order(payload.order()));
                members.add(
                        joined(
                                new VolumeId(id),
                                members.size(),
                                record.offset(),
                                record.first() != 0));
            }
            case WRITE, ZERO -> {
                if (!record.pass()) {
                    member(record.slot()).through = record.last();
                }
            }
            case VOID -> {
                member(record.slot()).through = record.last();
                member(record.slot()).voided(record.first() + 1, record.offset());
            }
            case PASS_BEGIN -> {
                Member member = member(record.slot());
                // No data comes before, also when damage took the point's record.
                member.kept |= member.adopted;
                if (!member.debt) {
                    member.gapFrom = Math.min(record.first(), member.through);
                    member.debt = true;
                }
                member.through = Math.max(member.through, record.last());
                member.passVseq = record.last();
                member.openPass = record.offset();
                member.lastPass = record.offset();
                member.openPassIsFull = record.pass();
            }
            case PASS_END -> {
                // Sources of one group may begin passes at one cut, each with an end of its own.
                boolean ofAll = record.first() == 0;
                for (Member member : members) {
                    if (member.openPass == record.offset()
                            && (ofAll || member.slot == record.slot())) {
                        member.openPass = 0;
                        member.joined = true;
                        member.fullPassNeeded &= !member.openPassIsFull;
                        member.debt = member.fullPassNeeded;
                        if (!member.debt) {
                            long since =
                                    member.passVseq == 0 ? member.through + 1 : member.passVseq;
                            member.inexact(member.gapFrom, since);
                        }
                    }
                }
            }
            case CUT -> {
                RecoveryPoint point =
                        PointCodec.take(payload.duplicate().order(payload.order()), volumes());
                // Always so when it is appended; after damage a replay may find that it is not so
                // any more.
                if (covers(point)) {
                    var more = new ArrayList<RecoveryPoint>(points);
                    more.add(point);
                    points = List.copyOf(more);
                    point.vector().forEach((volume, vseq) -> keeps(require(volume), vseq));
                }
            }
            case DROP_POINT -> {
                points = points.stream().filter(p -> p.number() != record.offset()).toList();
                guard(record.offset(), false);
            }
            case PROTECT_POINT -> guard(record.offset(), record.last() != 0);
            case LABEL_POINT -> {
                String text = ManifestCodec.takeText(payload.duplicate().order(payload.order()));
                points =
                        points.stream()
                                .map(p -> p.number() == record.offset() ? p.named(text) : p)
                                .toList();
            }
            case LEAVE -> {
                if (record.first() != 0) {
                    member(record.slot()).leave();
                } else {
                    member(record.slot()).left = false;
                }
            }
        }
    }

    private static void keeps(Member member, long vseq) {
        member.kept |= member.adopted && vseq == 0;
    }

    private void guard(long point, boolean on) {
        var changed = new TreeSet<Long>(guarded);
        if (on) {
            changed.add(point);
        } else {
            changed.remove(point);
        }
        guarded = Set.copyOf(changed);
    }

    /// Gives the single versions above the newest point up, see [Member#fold].
    void fold() {
        members.stream().filter(m -> !m.left).forEach(m -> m.fold(newestCut(m)));
    }

    /// Whether [#fold] would give anything up.
    boolean foldable() {
        return members.stream().anyMatch(m -> !m.left && m.through > newestCut(m));
    }

    private long newestCut(Member member) {
        return points.isEmpty() ? 0 : points.getLast().vector().getOrDefault(member.volume, 0L);
    }

    /// No image below these numbers is asked for any more.
    void forgetInexactBelow(Numbers floor) {
        members.forEach(m -> m.forgetInexactBelow(floor.at(m.slot)));
    }

    /// The numbers of the points that are protected.
    Set<Long> guarded() {
        return guarded;
    }

    /// Versions that points may need are lost, and nobody can say which: no point stands.
    void distrustEverything() {
        points = List.of();
        guarded = Set.of();
        distrustFromHere();
    }

    /// Records were lost here. The points so far stand on what came before; later ones count only after a pass over every whole volume.
    void distrustFromHere() {
        for (Member member : members) {
            if (!member.debt) {
                member.gapFrom = member.through;
            }
            member.debt = true;
            member.fullPassNeeded = true;
            // What was lost may have been a block of it: its end would make up for nothing.
            member.openPass = 0;
        }
    }

    private boolean covers(RecoveryPoint point) {
        return point.vector().entrySet().stream()
                .allMatch(e -> require(e.getKey()).covers(e.getValue()));
    }

    private static byte flags(Member member) {
        return (byte)
                ((member.debt ? DEBT : 0)
                        | (member.fullPassNeeded ? FULL_NEEDED : 0)
                        | (member.openPassIsFull ? FULL_OPEN : 0)
                        | (member.openPass == 0 ? PASS_CLOSED : 0)
                        | (member.joined ? JOINED : 0)
                        | (member.adopted ? ADOPTED : 0)
                        | (member.left ? LEFT : 0)
                        | (member.kept ? KEPT : 0));
    }

    Member member(int slot) {
        if (slot < 0 || slot >= members.size()) {
            throw new IllegalArgumentException("no member has slot " + slot);
        }
        return members.get(slot);
    }

    int memberCount() {
        return members.size();
    }

    Optional<Member> find(VolumeId volume) {
        return members.stream().filter(m -> m.volume.equals(volume)).findFirst();
    }

    Member require(VolumeId volume) {
        return find(volume)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "volume " + volume + " is not a member of this group"));
    }

    List<RecoveryPoint> points() {
        return points;
    }

    Map<VolumeId, Integer> slots() {
        var slots = new LinkedHashMap<VolumeId, Integer>();
        members.forEach(m -> slots.put(m.volume, m.slot));
        return slots;
    }

    private Map<Integer, VolumeId> volumes() {
        var volumes = new LinkedHashMap<Integer, VolumeId>();
        members.forEach(m -> volumes.put(m.slot, Objects.requireNonNull(m.volume)));
        return volumes;
    }
}

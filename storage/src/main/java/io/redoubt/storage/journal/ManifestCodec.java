// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.journal.Manifest.Checkpoint;
import io.redoubt.storage.journal.Manifest.Kept;
import io.redoubt.storage.journal.Manifest.MemberState;
import io.redoubt.storage.journal.Manifest.Run;
import io.redoubt.storage.journal.Manifest.Segment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// A manifest as bytes, drawn in `docs/formats/journal.md`. Version 3 is written. Version 2, which ended with the pins, and
/// version 1, which knew neither base nor kept segments nor pins, are read as journals that have none of it.
final class ManifestCodec {
    private static final long MAGIC = 0x314E414D54445252L;
    private static final int VERSION = 3;
    private static final int MEMBER_BYTES = 96;
    private static final int POINT_BYTES = 64;

    private ManifestCodec() {}

    static ByteBuffer encode(Manifest m) {
        ByteBuffer sections = ManifestSections.encode(m);
        ByteBuffer out = LogRecord.buffer(size(m) + sections.remaining());
        out.putLong(MAGIC).putInt(VERSION).putInt(0);
        out.putLong(m.lineage().getMostSignificantBits());
        out.putLong(m.lineage().getLeastSignificantBits());
        out.putLong(m.nextCut());
        out.putLong(m.roles().term()).put(bit(m.roles().stopped())).put(bit(m.roles().promoted()));
        out.putInt(m.segments().size());
        m.segments()
                .forEach(s -> out.putInt(s.number()).putLong(s.firstLsn()).putInt(s.sealedEnd()));
        out.putInt(m.runs().size());
        m.runs().forEach(r -> out.putInt(r.number()));
        putCheckpoint(out, m.checkpoint());
        out.putInt(m.kept().size());
        m.kept().forEach(k -> out.putInt(k.number()).putInt(k.end()));
        putNumbers(out, m.horizon());
        putNumbers(out, m.floor());
        List<Pin> ofPoints = m.pins().stream().filter(p -> p.at() == null).toList();
        out.putInt(ofPoints.size());
        for (Pin pin : ofPoints) {
            putText(out, pin.owner());
            out.putLong(pin.point()).putLong(pin.untilMillis());
        }
        out.put(sections);
        out.putInt(12, out.position() + 4);
        out.putInt(Checksum.of(out, 0, out.position()));
        return out.flip();
    }

    private static int size(Manifest m) {
        Checkpoint checkpoint = m.checkpoint();
        int points =
                checkpoint.points().stream()
                        .mapToInt(p -> POINT_BYTES + p.name().length() * 3 + p.vector().size() * 12)
                        .sum();
        int members =
                checkpoint.members().stream()
                        .mapToInt(s ->
                                MEMBER_BYTES
                                        + s.volume().value().length()
                                        + s.inexact().size() * 16)
                        .sum();
        int pins = m.pins().stream().mapToInt(p -> 18 + p.owner().length() * 3).sum();
        return 256
                + m.segments().size() * 16
                + m.runs().size() * 4
                + m.kept().size() * 8
                + (m.horizon().size() + m.floor().size() + checkpoint.guarded().size()) * 8
                + members
                + points
                + pins;
    }

    private static void putCheckpoint(ByteBuffer out, Checkpoint checkpoint) {
        out.putLong(checkpoint.lsn()).putInt(checkpoint.segment()).putInt(checkpoint.position());
        var slots = new LinkedHashMap<VolumeId, Integer>();
        out.putInt(checkpoint.members().size());
        for (MemberState m : checkpoint.members()) {
            slots.put(m.volume(), slots.size());
            putText(out, m.volume().value());
            out.putLong(m.size())
                    .putLong(m.through())
                    .putLong(m.gapFrom())
                    .put(m.flags())
                    .putLong(m.lastPass())
                    .putLong(m.voided())
                    .putLong(m.replacement())
                    .putLong(m.passVseq())
                    .putLong(m.folded().after())
                    .putLong(m.folded().before())
                    .putInt(m.inexact().size());
            m.inexact().forEach(s -> out.putLong(s.after()).putLong(s.before()));
        }
        out.putInt(checkpoint.points().size());
        checkpoint.points().forEach(p -> PointCodec.put(out, p, slots));
        out.putInt(checkpoint.guarded().size());
        checkpoint.guarded().stream().sorted().forEach(out::putLong);
    }

    private static void putNumbers(ByteBuffer out, Numbers numbers) {
        out.putInt(numbers.size());
        numbers.list().forEach(out::putLong);
    }

    static Manifest decode(ByteBuffer in) {
        if (in.remaining() < 20 || in.getLong(0) != MAGIC) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            Manifest.NAME, "its first bytes are not those of a manifest"));
        }
        int version = in.getInt(8);
        if (version < 1 || version > VERSION) {
            throw new FaultException(
                    new JournalFault.Foreign(Manifest.NAME, "its version is " + version));
        }
        int length = in.getInt(12);
        if (length < 20
                || length > in.limit()
                || in.getInt(length - 4) != Checksum.of(in, 0, length - 4)) {
            throw new FaultException(
                    new JournalFault.Damaged(Manifest.NAME, 0, "its checksum is wrong"));
        }
        in.limit(length - 4).position(16);
        var lineage = new UUID(in.getLong(), in.getLong());
        long nextCut = in.getLong();
        var roles = Roles.START.with(in.getLong(), in.get() != 0, in.get() != 0);
        var segments = new ArrayList<Segment>();
        for (int i = in.getInt(); i > 0; i--) {
            segments.add(new Segment(in.getInt(), in.getLong(), in.getInt()));
        }
        var runs = new ArrayList<Run>();
        for (int i = in.getInt(); i > 0; i--) {
            runs.add(new Run(in.getInt()));
        }
        Checkpoint checkpoint = takeCheckpoint(in, version);
        var kept = new ArrayList<Kept>();
        var pins = new ArrayList<Pin>();
        Numbers horizon = Numbers.NONE;
        // Version 1 did not note which numbers never travelled: none so far can be seen alone.
        Numbers floor =
                Numbers.of(checkpoint.members().stream().mapToLong(MemberState::through).toArray());
        if (version >= 2) {
            for (int i = in.getInt(); i > 0; i--) {
                kept.add(new Kept(in.getInt(), in.getInt()));
            }
            horizon = takeNumbers(in);
            floor = takeNumbers(in);
            for (int i = in.getInt(); i > 0; i--) {
                pins.add(new Pin(takeText(in), in.getLong(), in.getLong()));
            }
        }
        var sections = version >= 3 ? ManifestSections.decode(in) : new ManifestSections();
        pins.addAll(sections.held);
        return new Manifest(
                new Origin(lineage, sections.fork, sections.envelope),
                nextCut,
                roles.with(sections.isolation),
                List.copyOf(segments),
                List.copyOf(runs),
                List.copyOf(kept),
                horizon,
                floor,
                List.copyOf(pins),
                new WayBack(sections.adopted, sections.commit),
                checkpoint);
    }

    private static Checkpoint takeCheckpoint(ByteBuffer in, int version) {
        long lsn = in.getLong();
        int segment = in.getInt();
        int position = in.getInt();
        var members = new ArrayList<MemberState>();
        Map<Integer, VolumeId> volumes = new LinkedHashMap<>();
        for (int i = in.getInt(); i > 0; i--) {
            MemberState member = takeMember(in, version);
            volumes.put(volumes.size(), member.volume());
            members.add(member);
        }
        var points = new ArrayList<RecoveryPoint>();
        for (int i = in.getInt(); i > 0; i--) {
            points.add(PointCodec.take(in, volumes));
        }
        Set<Long> guarded = new HashSet<>();
        for (int i = version < 2 ? 0 : in.getInt(); i > 0; i--) {
            guarded.add(in.getLong());
        }
        return new Checkpoint(
                lsn,
                segment,
                position,
                List.copyOf(members),
                List.copyOf(points),
                Set.copyOf(guarded));
    }

    private static MemberState takeMember(ByteBuffer in, int version) {
        var volume = new VolumeId(takeText(in));
        long size = in.getLong();
        long through = in.getLong();
        long gapFrom = in.getLong();
        byte flags = in.get();
        long lastPass = in.getLong();
        long voided = in.getLong();
        long replacement = in.getLong();
        long passVseq = 0;
        Member.Stretch folded = Member.Stretch.NONE;
        var inexact = new ArrayList<Member.Stretch>();
        if (version >= 2) {
            passVseq = in.getLong();
            folded = new Member.Stretch(in.getLong(), in.getLong());
            for (int i = in.getInt(); i > 0; i--) {
                inexact.add(new Member.Stretch(in.getLong(), in.getLong()));
            }
        }
        return new MemberState(
                volume,
                size,
                through,
                gapFrom,
                flags,
                lastPass,
                passVseq,
                voided,
                replacement,
                folded,
                List.copyOf(inexact));
    }

    private static Numbers takeNumbers(ByteBuffer in) {
        int count = in.getInt();
        if (count < 0 || count > in.remaining() / 8) {
            throw new IllegalArgumentException(count + " numbers");
        }
        var numbers = new long[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = in.getLong();
        }
        return Numbers.of(numbers);
    }

    private static byte bit(boolean value) {
        return (byte) (value ? 1 : 0);
    }

    static void putText(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putShort((short) bytes.length).put(bytes);
    }

    static String takeText(ByteBuffer in) {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

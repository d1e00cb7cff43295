// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// The one file that says what a journal consists of. Replaced whole: written aside, synced, renamed, the directory synced.
///
/// A crash before the rename is durable leaves the old manifest, after it the new one; nothing that a manifest names is deleted
/// before a manifest without it is durable.
///
/// @param lineage    the history that this journal holds
/// @param nextCut    every cut number below it may have been used
/// @param roles      who may write, as far as this side knows
/// @param segments   of the log, oldest first
/// @param runs       of the index, oldest first
/// @param checkpoint what the records covered by the runs add up to
record Manifest(
        UUID lineage,
        long nextCut,
        Roles roles,
        List<Segment> segments,
        List<Run> runs,
        Checkpoint checkpoint) {
    static final String NAME = "manifest";
    private static final String ASIDE = "manifest.new";
    private static final long MAGIC = 0x314E414D54445252L;
    private static final int VERSION = 1;

    /// Before the first record.
    static final Checkpoint NOTHING = new Checkpoint(0, 0, 0, List.of(), List.of());

    /// @param sealedEnd bytes of good records in a segment that gets no more of them; 0 for the last one
    record Segment(int number, long firstLsn, int sealedEnd) {}

    record Run(int number) {}

    /// @param segment  with `position`, where the record after the checkpoint starts
    record Checkpoint(
            long lsn,
            int segment,
            int position,
            List<MemberState> members,
            List<RecoveryPoint> points) {}

    record MemberState(
            VolumeId volume,
            long size,
            long through,
            long gapFrom,
            byte flags,
            long lastPass,
            long voided,
            long replacement) {}

    static Manifest empty(UUID lineage) {
        return new Manifest(lineage, 1, Roles.START, List.of(), List.of(), NOTHING);
    }

    Manifest withSegments(List<Segment> changed) {
        return new Manifest(lineage, nextCut, roles, List.copyOf(changed), runs, checkpoint);
    }

    Manifest withNextCut(long changed) {
        return new Manifest(lineage, changed, roles, segments, runs, checkpoint);
    }

    Manifest withRoles(Roles changed) {
        return new Manifest(lineage, nextCut, changed, segments, runs, checkpoint);
    }

    Manifest withRun(Run run, Checkpoint changed) {
        var all = new ArrayList<Run>(runs);
        all.add(run);
        return new Manifest(lineage, nextCut, roles, segments, List.copyOf(all), changed);
    }

    Manifest withoutRuns() {
        return new Manifest(lineage, nextCut, roles, segments, List.of(), NOTHING);
    }

    /// Files of a journal that this one does not consist of: what a crash left.
    List<String> leftovers(Disk disk) {
        var known = new HashSet<String>();
        known.add(NAME);
        segments.forEach(s -> known.add(Segments.name(s.number)));
        runs.forEach(r -> known.add(RunFile.name(r.number)));
        return disk.list().stream()
                .filter(name ->
                        name.startsWith("log-") || name.startsWith("run-") || name.startsWith(NAME))
                .filter(name -> !known.contains(name))
                .toList();
    }

    void store(Disk disk) {
        disk.delete(ASIDE);
        try (DiskFile file = disk.create(ASIDE)) {
            file.write(0, encode());
            file.sync();
        }
        disk.rename(ASIDE, NAME);
        disk.sync();
    }

    static Manifest load(Disk disk) {
        try (DiskFile file = disk.open(NAME)) {
            ByteBuffer bytes = LogRecord.buffer((int) Math.min(file.size(), Integer.MAX_VALUE));
            file.read(0, bytes);
            return decode(bytes.flip());
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            NAME,
                            "it has a good checksum and a content that this version does not know"),
                    e);
        }
    }

    private ByteBuffer encode() {
        int points =
                checkpoint.points.stream()
                        .mapToInt(p -> 64 + p.name().length() * 3 + p.vector().size() * 12)
                        .sum();
        int members =
                checkpoint.members.stream().mapToInt(m -> 64 + m.volume.value().length()).sum();
        ByteBuffer out =
                LogRecord.buffer(256 + segments.size() * 16 + runs.size() * 4 + members + points);
        out.putLong(MAGIC).putInt(VERSION).putInt(0);
        out.putLong(lineage.getMostSignificantBits()).putLong(lineage.getLeastSignificantBits());
        out.putLong(nextCut);
        out.putLong(roles.term()).put(bit(roles.stopped())).put(bit(roles.promoted()));
        out.putInt(segments.size());
        segments.forEach(s -> out.putInt(s.number).putLong(s.firstLsn).putInt(s.sealedEnd));
        out.putInt(runs.size());
        runs.forEach(r -> out.putInt(r.number));
        out.putLong(checkpoint.lsn).putInt(checkpoint.segment).putInt(checkpoint.position);
        var slots = new LinkedHashMap<VolumeId, Integer>();
        out.putInt(checkpoint.members.size());
        for (MemberState m : checkpoint.members) {
            slots.put(m.volume, slots.size());
            putText(out, m.volume.value());
            out.putLong(m.size)
                    .putLong(m.through)
                    .putLong(m.gapFrom)
                    .put(m.flags)
                    .putLong(m.lastPass)
                    .putLong(m.voided)
                    .putLong(m.replacement);
        }
        out.putInt(checkpoint.points.size());
        checkpoint.points.forEach(p -> PointCodec.put(out, p, slots));
        out.putInt(12, out.position() + 4);
        out.putInt(Checksum.of(out, 0, out.position()));
        return out.flip();
    }

    private static Manifest decode(ByteBuffer in) {
        if (in.remaining() < 20 || in.getLong(0) != MAGIC) {
            throw new FaultException(
                    new JournalFault.Foreign(NAME, "its first bytes are not those of a manifest"));
        }
        if (in.getInt(8) != VERSION) {
            throw new FaultException(
                    new JournalFault.Foreign(NAME, "its version is " + in.getInt(8)));
        }
        int length = in.getInt(12);
        if (length < 20
                || length > in.limit()
                || in.getInt(length - 4) != Checksum.of(in, 0, length - 4)) {
            throw new FaultException(new JournalFault.Damaged(NAME, 0, "its checksum is wrong"));
        }
        in.limit(length - 4).position(16);
        var lineage = new UUID(in.getLong(), in.getLong());
        long nextCut = in.getLong();
        var roles = new Roles(in.getLong(), in.get() != 0, in.get() != 0);
        var segments = new ArrayList<Segment>();
        for (int i = in.getInt(); i > 0; i--) {
            segments.add(new Segment(in.getInt(), in.getLong(), in.getInt()));
        }
        var runs = new ArrayList<Run>();
        for (int i = in.getInt(); i > 0; i--) {
            runs.add(new Run(in.getInt()));
        }
        long lsn = in.getLong();
        int segment = in.getInt();
        int position = in.getInt();
        var members = new ArrayList<MemberState>();
        Map<Integer, VolumeId> volumes = new LinkedHashMap<>();
        for (int i = in.getInt(); i > 0; i--) {
            var volume = new VolumeId(takeText(in));
            volumes.put(volumes.size(), volume);
            members.add(
                    new MemberState(
                            volume,
                            in.getLong(),
                            in.getLong(),
                            in.getLong(),
                            in.get(),
                            in.getLong(),
                            in.getLong(),
                            in.getLong()));
        }
        var points = new ArrayList<RecoveryPoint>();
        for (int i = in.getInt(); i > 0; i--) {
            points.add(PointCodec.take(in, volumes));
        }
        return new Manifest(
                lineage,
                nextCut,
                roles,
                List.copyOf(segments),
                List.copyOf(runs),
                new Checkpoint(lsn, segment, position, List.copyOf(members), List.copyOf(points)));
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

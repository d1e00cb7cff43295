// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/// The one file that says what a journal consists of. Replaced whole: written aside, synced, renamed, the directory synced.
///
/// A crash before the rename is durable leaves the old manifest, after it the new one; nothing that a manifest names is deleted
/// before a manifest without it is durable.
///
/// @param origin     the history that this journal holds, and where it comes from
/// @param nextCut    every cut number below it may have been used
/// @param roles      who may write, as far as this side knows
/// @param segments   of the log, oldest first
/// @param runs       of the index, oldest first
/// @param kept       segments of what sweeps copied out of the log
/// @param horizon    the base holds each member as it was at this number
/// @param floor      above this number of a member no version was thinned out
/// @param pins       points that somebody looks at
/// @param back       adopted bases, and where another history goes on
/// @param checkpoint what the records covered by the runs add up to
record Manifest(
        Origin origin,
        long nextCut,
        Roles roles,
        List<Segment> segments,
        List<Run> runs,
        List<Kept> kept,
        Numbers horizon,
        Numbers floor,
        List<Pin> pins,
        WayBack back,
        Checkpoint checkpoint) {
    static final String NAME = "manifest";
    private static final String ASIDE = "manifest.new";
    private static final List<String> KINDS = List.of("log-", "run-", "kept-", "base-", "crcs-");

    /// Before the first record.
    static final Checkpoint NOTHING = new Checkpoint(0, 0, 0, List.of(), List.of(), Set.of());

    /// @param sealedEnd bytes of good records in a segment that gets no more of them; 0 for the last one
    record Segment(int number, long firstLsn, int sealedEnd) {}

    record Run(int number) {}

    /// @param number from [Segments#KEPT] on
    /// @param end    bytes of records
    record Kept(int number, int end) {}

    /// @param segment  with `position`, where the record after the checkpoint starts
    /// @param guarded  the numbers of the protected points
    record Checkpoint(
            long lsn,
            int segment,
            int position,
            List<MemberState> members,
            List<RecoveryPoint> points,
            Set<Long> guarded) {}

    record MemberState(
            VolumeId volume,
            long size,
            long through,
            long gapFrom,
            byte flags,
            long lastPass,
            long passVseq,
            long voided,
            long replacement,
            Member.Stretch folded,
            List<Member.Stretch> inexact) {}

    static Manifest empty(Origin origin) {
        return new Manifest(
                origin,
                1,
                Roles.START,
                List.of(),
                List.of(),
                List.of(),
                Numbers.NONE,
                Numbers.NONE,
                List.of(),
                WayBack.NONE,
                NOTHING);
    }

    UUID lineage() {
        return origin.lineage();
    }

    /// The numbers of all segments, of the log and kept.
    Stream<Integer> files() {
        return Stream.concat(
                segments.stream().map(Segment::number), kept.stream().map(Kept::number));
    }

    Manifest withSegments(List<Segment> changed) {
        return new Manifest(
                origin,
                nextCut,
                roles,
                List.copyOf(changed),
                runs,
                kept,
                horizon,
                floor,
                pins,
                back,
                checkpoint);
    }

    Manifest withNextCut(long changed) {
        return new Manifest(
                origin,
                changed,
                roles,
                segments,
                runs,
                kept,
                horizon,
                floor,
                pins,
                back,
                checkpoint);
    }

    Manifest withRoles(Roles changed) {
        return new Manifest(
                origin,
                nextCut,
                changed,
                segments,
                runs,
                kept,
                horizon,
                floor,
                pins,
                back,
                checkpoint);
    }

    Manifest withPins(List<Pin> changed) {
        return new Manifest(
                origin,
                nextCut,
                roles,
                segments,
                runs,
                kept,
                horizon,
                floor,
                List.copyOf(changed),
                back,
                checkpoint);
    }

    Manifest withBack(WayBack changed) {
        return new Manifest(
                origin,
                nextCut,
                roles,
                segments,
                runs,
                kept,
                horizon,
                floor,
                pins,
                changed,
                checkpoint);
    }

    Manifest withRun(Run run, Checkpoint changed) {
        var all = new ArrayList<Run>(runs);
        all.add(run);
        return withRuns(all).withCheckpoint(changed);
    }

    Manifest withRuns(List<Run> changed) {
        return new Manifest(
                origin,
                nextCut,
                roles,
                segments,
                List.copyOf(changed),
                kept,
                horizon,
                floor,
                pins,
                back,
                checkpoint);
    }

    Manifest withCheckpoint(Checkpoint changed) {
        return new Manifest(
                origin, nextCut, roles, segments, runs, kept, horizon, floor, pins, back, changed);
    }

    /// What a sweep leaves, in one step.
    Manifest withSwept(
            List<Segment> log,
            List<Run> index,
            List<Kept> copied,
            Numbers newHorizon,
            Numbers newFloor) {
        return new Manifest(
                origin,
                nextCut,
                roles,
                List.copyOf(log),
                List.copyOf(index),
                List.copyOf(copied),
                newHorizon,
                newFloor,
                pins,
                back,
                checkpoint);
    }

    /// Files of a journal that this one does not consist of: what a crash left.
    List<String> leftovers(Disk disk) {
        var known = new HashSet<String>();
        segments.forEach(s -> known.add(Segments.name(s.number)));
        kept.forEach(k -> known.add(Segments.name(k.number)));
        runs.forEach(r -> known.add(RunFile.name(r.number)));
        for (int slot = 0; slot < horizon.size(); slot++) {
            if (horizon.at(slot) > 0) {
                known.add(Base.dataName(slot));
                known.add(Base.checksumsName(slot));
            }
        }
        back.adopted().forEach(a -> known.add(Base.checksumsName(a.slot())));
        return disk.list().stream()
                .filter(name -> name.equals(ASIDE) || KINDS.stream().anyMatch(name::startsWith))
                .filter(name -> !known.contains(name))
                .toList();
    }

    /// Whether a journal gives such names to files of its own.
    static boolean isOwn(String file) {
        return List.of(NAME, ASIDE, DurableMark.NAME).contains(file)
                || KINDS.stream().anyMatch(file::startsWith);
    }

    void store(Disk disk) {
        disk.delete(ASIDE);
        try (DiskFile file = disk.create(ASIDE)) {
            file.write(0, ManifestCodec.encode(this));
            file.sync();
        }
        disk.rename(ASIDE, NAME);
        disk.sync();
    }

    static Manifest load(Disk disk) {
        try (DiskFile file = disk.open(NAME)) {
            ByteBuffer bytes = LogRecord.buffer((int) Math.min(file.size(), Integer.MAX_VALUE));
            file.read(0, bytes);
            return ManifestCodec.decode(bytes.flip());
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            NAME,
                            "it has a good checksum and a content that this version does not know"),
                    e);
        }
    }
}

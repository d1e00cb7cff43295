// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/// Reads the records of a journal again and tells what they add up to. Changes nothing.
///
/// State comes from the checkpoint and the log after it, for what lies before may be gone. Versions of blocks can be had from all that is there:
/// see [#versions].
final class Replay {
    private final Segments files;
    private final GroupState state;
    private final Consumer<IndexEntry> index;
    private final long knownDurable;
    private final List<JournalFault> damage = new ArrayList<>();
    private long records;
    private long read;

    /// @param state        with the checkpoint restored into it
    /// @param index        told each version of a block
    /// @param knownDurable every record up to this one was durable once
    Replay(Segments files, GroupState state, Consumer<IndexEntry> index, long knownDurable) {
        this.files = files;
        this.state = state;
        this.index = index;
        this.knownDurable = knownDurable;
    }

    /// @param lsn      of the last record
    /// @param segments each with the end of its good records; without a last one that holds none
    /// @param records  that were read
    record Result(
            long lsn, List<Manifest.Segment> segments, long records, List<JournalFault> damage) {}

    /// What was found so far.
    List<JournalFault> damage() {
        return List.copyOf(damage);
    }

    /// Takes the versions, and nothing else, of everything before the checkpoint: what the runs were made of.
    ///
    /// A stretch that cannot be read may have held a version that any point needs, so then no point stands (I29).
    ///
    /// @param progress told after each segment how many bytes were read
    void versions(Manifest manifest, LongConsumer progress) {
        for (Manifest.Kept kept : manifest.kept()) {
            boolean _ = headerIsWhole(kept.number());
            versions(kept.number(), kept.end(), 0);
            progress.accept(read);
        }
        Manifest.Checkpoint upTo = manifest.checkpoint();
        for (Manifest.Segment segment : manifest.segments()) {
            if (segment.number() <= upTo.segment()) {
                boolean _ = headerIsWhole(segment.number());
                int end = segment.number() < upTo.segment() ? segment.sealedEnd() : upTo.position();
                versions(segment.number(), end, segment.firstLsn() - 1);
                progress.accept(read);
            }
        }
    }

    private void versions(int segment, int end, long lastLsn) {
        var scan = new LogScan(files.file(segment), Segments.HEADER, end, true, knownDurable);
        long lsn = lastLsn;
        for (LogScan.Found found = scan.next(lsn + 1);
                !(found instanceof LogScan.Found.End);
                found = scan.next(lsn + 1)) {
            if (found instanceof LogScan.Found.Good good) {
                lsn = good.record().lsn();
                records++;
                versions(good, segment);
            } else if (found instanceof LogScan.Found.Hole hole) {
                damage.add(damaged(segment, hole.from(), "records cannot be read"));
                state.distrustEverything();
            }
        }
        read += end - Segments.HEADER;
    }

    private void versions(LogScan.Found.Good good, int segment) {
        switch (good.record().kind()) {
            case WRITE, ZERO -> {
                requireMember(good, segment);
                index(good, segment);
            }
            case MEMBER,
                    VOID,
                    PASS_BEGIN,
                    PASS_END,
                    CUT,
                    DROP_POINT,
                    PROTECT_POINT,
                    LABEL_POINT,
                    LEAVE -> {
                if (good.damaged()) {
                    damage.add(
                            damaged(
                                    segment,
                                    good.at(),
                                    "a %s record, which the checkpoint stands for"
                                            .formatted(good.record().kind())));
                }
            }
        }
    }

    Result run(List<Manifest.Segment> log, Manifest.Checkpoint from) {
        return run(log, from, _ -> {});
    }

    /// @param progress told after each segment how many bytes of the log were read
    /// @throws FaultException with a [JournalFault] when no member can be told from another, or the log is somebody else's
    Result run(List<Manifest.Segment> log, Manifest.Checkpoint from, LongConsumer progress) {
        long lsn = from.lsn();
        var segments = new ArrayList<Manifest.Segment>();
        for (Manifest.Segment segment : log) {
            if (segment.number() < from.segment()) {
                segments.add(segment);
                continue;
            }
            // Header and first record share a sector, so a record that cannot be read behind a
            // header
            // that cannot is no torn tail: that header was durable before anything was appended.
            long durable =
                    headerIsWhole(segment.number())
                            ? knownDurable
                            : Math.max(knownDurable, segment.firstLsn());
            int begin = segment.number() == from.segment() ? from.position() : Segments.HEADER;
            lsn = Math.max(lsn, segment.firstLsn() - 1);
            DiskFile file = files.file(segment.number());
            boolean sealed = segment.sealedEnd() != 0;
            var scan =
                    new LogScan(
                            file,
                            begin,
                            sealed ? segment.sealedEnd() : (int) file.size(),
                            sealed,
                            durable);
            int end = begin;
            for (LogScan.Found found = scan.next(lsn + 1);
                    !(found instanceof LogScan.Found.End);
                    found = scan.next(lsn + 1)) {
                if (found instanceof LogScan.Found.Good good) {
                    lsn = good.record().lsn();
                    end = good.at() + good.record().payloadLength();
                    records++;
                    apply(good, segment.number());
                } else if (found instanceof LogScan.Found.Hole hole) {
                    // Sealed behind the place, so that every later start sees it, too.
                    end = (int) Math.min(file.size(), hole.from() + LogRecord.HEADER);
                    damage.add(damaged(segment.number(), hole.from(), "records cannot be read"));
                    state.distrustFromHere();
                }
            }
            read += end - begin;
            progress.accept(read);
            if (sealed) {
                segments.add(segment);
            } else if (end > Segments.HEADER) {
                segments.add(new Manifest.Segment(segment.number(), segment.firstLsn(), end));
            }
        }
        return new Result(lsn, List.copyOf(segments), records, List.copyOf(damage));
    }

    /// Lists one that is not, once: the checkpoint's segment is looked at twice.
    private boolean headerIsWhole(int segment) {
        Optional<JournalFault> wrong = files.checkHeader(segment);
        wrong.filter(fault -> !damage.contains(fault)).ifPresent(damage::add);
        return wrong.isEmpty();
    }

    private void apply(LogScan.Found.Good good, int segment) {
        if (good.damaged() && good.record().kind() != LogRecord.Kind.WRITE) {
            damage.add(damaged(segment, good.at(), "a " + good.record().kind() + " record"));
            state.distrustFromHere();
            return;
        }
        if (good.record().kind() == LogRecord.Kind.MEMBER
                && good.record().slot() < state.memberCount()) {
            return; // the checkpoint has it since the sync behind its record, see [Upkeep#sync]
        }
        if (good.record().kind() == LogRecord.Kind.MEMBER
                && good.record().slot() != state.memberCount()) {
            // Its predecessor is lost. By counting on, this member would get the other one's slot
            // and blocks.
            throw new FaultException(
                    damaged(
                            segment,
                            good.at() - LogRecord.HEADER,
                            "the record of a member before this one is lost"));
        }
        if (ofOneMember(good.record().kind())) {
            requireMember(good, segment);
        }
        try {
            state.apply(good.record(), good.payload());
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            Segments.name(segment),
                            "a %s record at %d has a good checksum and a content that this version does not know"
                                    .formatted(good.record().kind(), good.at())),
                    e);
        }
        index(good, segment);
    }

    private void index(LogScan.Found.Good good, int segment) {
        var appended = new Appended(good.record(), good.payload(), good.at(), good.damaged());
        int known = damage.size();
        for (IndexEntry entry : appended.entries(segment)) {
            index.accept(entry);
            if (entry.damaged()) {
                String version =
                        "the version %d of block %d of %s"
                                .formatted(
                                        entry.vseq(),
                                        Blocks.block(entry.place()),
                                        state.member(Blocks.slot(entry.place())).volume);
                damage.add(damaged(segment, entry.position(), version));
            }
        }
        if (good.damaged() && damage.size() == known) {
            damage.add(damaged(segment, good.at(), "unused bytes of a record"));
        }
    }

    private void requireMember(LogScan.Found.Good good, int segment) {
        if (good.record().slot() >= state.memberCount()) {
            throw new FaultException(
                    damaged(
                            segment,
                            good.at() - LogRecord.HEADER,
                            "the record of its member is lost"));
        }
    }

    private static JournalFault damaged(int segment, long offset, String what) {
        return new JournalFault.Damaged(Segments.name(segment), offset, what);
    }

    private static boolean ofOneMember(LogRecord.Kind kind) {
        return switch (kind) {
            case WRITE, ZERO, VOID, PASS_BEGIN, LEAVE -> true;
            case MEMBER, PASS_END, CUT, DROP_POINT, PROTECT_POINT, LABEL_POINT -> false;
        };
    }
}

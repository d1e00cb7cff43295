// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.List;

/// Brings a journal back from its directory: the manifest, the runs it names, then the log after the checkpoint.
///
/// The last segment is synced and sealed at the end of its good records. Files that no manifest names are what a crash left; they go.
final class Replay {
    private final Disk disk;
    private final ManifestFile manifest;
    private final SegmentLog log;
    private final Index index;
    private final GroupState state;
    private final List<JournalFault> damage = new ArrayList<>();

    Replay(Disk disk, ManifestFile manifest, SegmentLog log, Index index, GroupState state) {
        this.disk = disk;
        this.manifest = manifest;
        this.log = log;
        this.index = index;
        this.state = state;
    }

    List<JournalFault> run() {
        openRuns();
        Manifest.Checkpoint checkpoint = manifest.now().checkpoint();
        state.restore(checkpoint);
        long lsn = checkpoint.lsn();
        var segments = new ArrayList<Manifest.Segment>();
        for (Manifest.Segment segment : manifest.now().segments()) {
            if (segment.number() < checkpoint.segment()) {
                segments.add(segment);
                continue;
            }
            log.checkHeader(segment.number());
            int from =
                    segment.number() == checkpoint.segment()
                            ? checkpoint.position()
                            : SegmentLog.FILE_HEADER;
            lsn = Math.max(lsn, segment.firstLsn() - 1);
            DiskFile file = log.file(segment.number());
            boolean sealed = segment.sealedEnd() != 0;
            var scan =
                    new LogScan(
                            file,
                            from,
                            sealed ? segment.sealedEnd() : (int) file.size(),
                            sealed,
                            log.knownDurable());
            int end = from;
            for (LogScan.Found found = scan.next(lsn + 1);
                    !(found instanceof LogScan.Found.End);
                    found = scan.next(lsn + 1)) {
                if (found instanceof LogScan.Found.Good good) {
                    lsn = good.record().lsn();
                    end = good.at() + good.record().payloadLength();
                    apply(good, segment.number());
                } else if (found instanceof LogScan.Found.Hole hole) {
                    // Sealed behind the place, so that every later start sees it, too.
                    end = (int) Math.min(file.size(), hole.from() + LogRecord.HEADER);
                    damage.add(
                            new JournalFault.Damaged(
                                    SegmentLog.name(segment.number()),
                                    hole.from(),
                                    "records cannot be read"));
                    state.distrustFromHere();
                }
            }
            segments.add(
                    sealed
                            ? segment
                            : seal(
                                    segment,
                                    file,
                                    end,
                                    end > from || from > SegmentLog.FILE_HEADER));
        }
        log.resumeAfter(lsn);
        segments.removeIf(s -> s.sealedEnd() == SegmentLog.FILE_HEADER);
        if (!segments.equals(manifest.now().segments())) {
            manifest.replace(manifest.now().withSegments(segments));
        }
        deleteOrphans();
        return damage;
    }

    private Manifest.Segment seal(
            Manifest.Segment segment, DiskFile file, int end, boolean holdsRecords) {
        // What was read may be known to nothing but the page cache: durable first, then trusted for
        // ever.
        file.sync();
        return new Manifest.Segment(
                segment.number(), segment.firstLsn(), holdsRecords ? end : SegmentLog.FILE_HEADER);
    }

    private void openRuns() {
        try {
            for (Manifest.Run run : manifest.now().runs()) {
                index.addRun(RunFile.open(disk, run.number()));
            }
        } catch (FaultException e) {
            if (!(e.fault() instanceof JournalFault fault)) {
                throw e;
            }
            // The log is the truth and is all there: read it from its start and make the runs anew.
            damage.add(fault);
            index.forgetRuns();
            manifest.replace(manifest.now().withoutRuns());
        }
    }

    private void apply(LogScan.Found.Good good, int segment) {
        var appended = new Appended(good.record(), good.payload(), good.at(), good.damaged());
        if (good.damaged() && good.record().kind() != LogRecord.Kind.WRITE) {
            damage.add(
                    new JournalFault.Damaged(
                            SegmentLog.name(segment),
                            good.at(),
                            "a " + good.record().kind() + " record"));
            state.distrustFromHere();
            return;
        }
        if (good.record().kind() == LogRecord.Kind.MEMBER
                && good.record().slot() != state.memberCount()) {
            // Its predecessor is lost. By counting on, this member would get the other one's slot
            // and blocks.
            throw new FaultException(
                    new JournalFault.Damaged(
                            SegmentLog.name(segment),
                            good.at() - LogRecord.HEADER,
                            "the record of a member before this one is lost"));
        }
        if (good.record().slot() >= state.memberCount() && ofOneMember(good.record().kind())) {
            throw new FaultException(
                    new JournalFault.Damaged(
                            SegmentLog.name(segment),
                            good.at() - LogRecord.HEADER,
                            "the record of its member is lost"));
        }
        try {
            state.apply(good.record(), good.payload());
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            SegmentLog.name(segment),
                            "a %s record at %d has a good checksum and a content that this version does not know"
                                    .formatted(good.record().kind(), good.at())),
                    e);
        }
        int known = damage.size();
        for (IndexEntry entry : appended.entries(segment)) {
            index.put(entry);
            if (entry.damaged()) {
                damage.add(
                        new JournalFault.Damaged(
                                SegmentLog.name(segment),
                                entry.position(),
                                "the version %d of block %d of %s"
                                        .formatted(
                                                entry.vseq(),
                                                Blocks.block(entry.place()),
                                                state.member(Blocks.slot(entry.place())).volume)));
            }
        }
        if (good.damaged() && damage.size() == known) {
            damage.add(
                    new JournalFault.Damaged(
                            SegmentLog.name(segment), good.at(), "unused bytes of a record"));
        }
    }

    private static boolean ofOneMember(LogRecord.Kind kind) {
        return switch (kind) {
            case WRITE, ZERO, VOID, PASS_BEGIN -> true;
            case MEMBER, PASS_END, CUT, DROP_POINT -> false;
        };
    }

    private void deleteOrphans() {
        var known = new ArrayList<String>();
        known.add(Manifest.NAME);
        manifest.now().segments().forEach(s -> known.add(SegmentLog.name(s.number())));
        manifest.now().runs().forEach(r -> known.add(RunFile.name(r.number())));
        for (String name : disk.list()) {
            boolean ours =
                    name.startsWith("log-")
                            || name.startsWith("run-")
                            || name.startsWith(Manifest.NAME);
            if (ours && !known.contains(name)) {
                disk.delete(name);
            }
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/// The journal of one group as its files show it, for whoever has them and no node. Changes nothing: neither seals a segment nor deletes
/// what a crash left, so it says what the next start of a node would find.
///
/// No node may write the journal meanwhile.
public final class JournalReader implements AutoCloseable {
    private final Disk disk;
    private final Manifest manifest;
    private final Segments segments;
    private final Index index = new Index();
    private final GroupState state = new GroupState();
    private final Replay.Result tail;
    private final List<JournalFault> damage;

    private JournalReader(Disk disk) {
        this.disk = disk;
        this.manifest = Manifest.load(disk);
        this.segments = new Segments(disk, manifest.lineage());
        Optional<JournalFault> lost = index.open(disk, manifest.runs());
        var replay = new Replay(segments, state, index::put, DurableMark.of(disk));
        this.tail =
                replay.run(
                        manifest.segments(),
                        lost.isPresent() ? Manifest.NOTHING : manifest.checkpoint());
        this.damage = Stream.concat(lost.stream(), tail.damage().stream()).toList();
    }

    /// @throws FaultException with [JournalFault.NoJournal] for a directory without a manifest, or another [JournalFault] for one that no
    ///     node would open
    public static JournalReader open(Disk disk) {
        if (!disk.exists(Manifest.NAME)) {
            throw new FaultException(new JournalFault.NoJournal());
        }
        return new JournalReader(disk);
    }

    /// A part of the log.
    ///
    /// @param firstRecord its number
    /// @param bytes       of good records, with the header
    /// @param sealed      no node will write to it any more
    public record Part(String file, long firstRecord, long bytes, boolean sealed) {}

    /// A volume of the group.
    ///
    /// @param size     in bytes
    /// @param through  the number of its last write that the journal holds
    /// @param complete every number up to there is in it; otherwise the newest points wait for a pass
    public record Volume(VolumeId id, long size, long through, boolean complete) {}

    /// @param records  of the log that were read
    /// @param versions of blocks in them; each that has data was compared with its checksum
    /// @param pages    of the index that were compared with theirs
    /// @param damage   what was found, empty for a journal in order
    public record Verified(long records, long versions, long pages, List<JournalFault> damage) {}

    public UUID lineage() {
        return manifest.lineage();
    }

    public Roles roles() {
        return manifest.roles();
    }

    /// Every cut number below it may have been used.
    public long nextCut() {
        return manifest.nextCut();
    }

    public List<Part> log() {
        var parts = new ArrayList<Part>();
        for (Manifest.Segment segment : tail.segments()) {
            boolean sealed =
                    manifest.segments().stream()
                            .anyMatch(s -> s.number() == segment.number() && s.sealedEnd() != 0);
            parts.add(
                    new Part(
                            Segments.name(segment.number()),
                            segment.firstLsn(),
                            segment.sealedEnd(),
                            sealed));
        }
        return parts;
    }

    /// The files of the index, oldest first.
    public List<String> runs() {
        return manifest.runs().stream().map(r -> RunFile.name(r.number())).toList();
    }

    /// What a crash left; the next start deletes it.
    public List<String> leftovers() {
        return manifest.leftovers(disk);
    }

    public List<Volume> volumes() {
        var volumes = new ArrayList<Volume>();
        for (int slot = 0; slot < state.memberCount(); slot++) {
            Member member = state.member(slot);
            volumes.add(new Volume(member.volume, member.size, member.through, !member.debt));
        }
        return volumes;
    }

    /// The kept points, oldest first.
    public List<RecoveryPoint> points() {
        return state.points();
    }

    /// What a node would report at its next start; [#verify] finds more.
    public List<JournalFault> damage() {
        return damage;
    }

    /// @throws FaultException with [JournalFault.NoSuchPoint]
    public JournalView view(long point) {
        return new JournalView(
                RecoveryPoint.require(points(), point), state, new BlockReader(segments, index));
    }

    /// Reads every byte that any point could need: the whole log, whatever the index says of it, then the index.
    ///
    /// @param progress told the bytes of the log that were read, now and then
    public Verified verify(LongConsumer progress) {
        var found = new GroupState();
        var versions = new long[1];
        var replay = new Replay(segments, found, _ -> versions[0]++, DurableMark.of(disk));
        Replay.Result all = replay.run(manifest.segments(), Manifest.NOTHING, progress);
        var damaged = new ArrayList<>(all.damage());
        long pages = 0;
        for (Manifest.Run run : manifest.runs()) {
            try (RunFile file = RunFile.open(disk, run.number())) {
                pages += file.check(damaged::add);
            } catch (FaultException e) {
                damaged.add(JournalFault.in(e));
            }
        }
        if (damaged.isEmpty() && !found.points().equals(points())) {
            damaged.add(
                    new JournalFault.Damaged(
                            Manifest.NAME, 0, "its points are not those of the log"));
        }
        return new Verified(all.records(), versions[0], pages, List.copyOf(damaged));
    }

    @Override
    public void close() {
        index.close();
        segments.close();
    }
}

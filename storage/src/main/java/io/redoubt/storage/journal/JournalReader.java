// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.atrest.KeyEnvelope;
import io.redoubt.storage.atrest.KeyWrapper;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The journal of one group as its files show it, for whoever has them and no node. Changes nothing: neither seals a segment nor deletes
/// what a crash left, so it says what the next start of a node would find.
///
/// No node may write the journal meanwhile.
public final class JournalReader implements AutoCloseable {
    private final Disk disk;
    private final Manifest manifest;
    private final Segments segments;
    private final Index index = new Index();
    private final Base base;
    private final BlockSeal seal;
    private final GroupState state = new GroupState();
    private final Replay.Result tail;
    private final List<JournalFault> damage;

    private JournalReader(Disk disk, @Nullable Function<String, KeyWrapper> keys) {
        this.disk = disk;
        this.manifest = Manifest.load(disk);
        KeyEnvelope envelope = manifest.origin().envelope();
        this.seal =
                keys == null || envelope == null
                        ? BlockSeal.lacking(manifest.origin())
                        : BlockSeal.of(manifest.origin(), keys.apply(envelope.wrapper()));
        this.segments = new Segments(disk, manifest.lineage());
        this.base = new Base(disk, seal);
        base.open(manifest);
        Optional<JournalFault> lost = index.open(disk, manifest.runs(), manifest.horizon());
        state.restore(manifest.checkpoint());
        var replay = new Replay(segments, state, index::put, DurableMark.of(disk));
        if (lost.isPresent()) {
            replay.versions(manifest, _ -> {});
        }
        this.tail = replay.run(manifest.segments(), manifest.checkpoint());
        this.damage =
                Stream.of(lost.stream(), tail.damage().stream(), brokenHeaders())
                        .flatMap(faults -> faults)
                        .distinct()
                        .toList();
    }

    /// @throws FaultException with [JournalFault.NoJournal] for a directory without a manifest, or another [JournalFault] for one that no
    ///     node would open
    public static JournalReader open(Disk disk) {
        return open(disk, null);
    }

    /// @param keys asked for the key of a journal that is encrypted, by its id; null to do without, then reads of views are refused
    /// @throws FaultException also with [JournalFault.WrongKey]
    public static JournalReader open(Disk disk, @Nullable Function<String, KeyWrapper> keys) {
        if (!disk.exists(Manifest.NAME)) {
            throw new FaultException(new JournalFault.NoJournal());
        }
        return new JournalReader(disk, keys);
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

    /// What sweeps copied out of the log.
    ///
    /// @param bytes of records, with the header
    public record KeptPart(String file, long bytes) {}

    /// A volume as it was at the horizon: no number below it can be seen any more.
    ///
    /// @param checksums the file beside it
    /// @param horizon the number
    /// @param room    bytes of the disk behind data and checksums
    public record BasePart(VolumeId id, String file, String checksums, long horizon, long room) {}

    /// @param records  that were read
    /// @param versions of blocks in them; each that has data was compared with its checksum
    /// @param pages    of the index that were compared with theirs
    /// @param blocks   of the base that were compared with theirs
    /// @param damage   what was found, empty for a journal in order
    public record Verified(
            long records, long versions, long pages, long blocks, List<JournalFault> damage) {}

    public UUID lineage() {
        return manifest.lineage();
    }

    /// Where that history left another one; empty for a first one.
    public Optional<Fork> ancestry() {
        return Optional.ofNullable(manifest.origin().fork());
    }

    /// The id of the key under which the key of its blocks is wrapped; empty when they are not encrypted.
    public Optional<String> sealedUnder() {
        return Optional.ofNullable(manifest.origin().envelope()).map(KeyEnvelope::wrapper);
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

    public List<KeptPart> kept() {
        return manifest.kept().stream()
                .map(k -> new KeptPart(Segments.name(k.number()), k.end()))
                .toList();
    }

    /// The members that have a base.
    public List<BasePart> bases() {
        var parts = new ArrayList<BasePart>();
        for (int slot = 0; slot < state.memberCount(); slot++) {
            if (base.has(slot)) {
                parts.add(
                        new BasePart(
                                state.member(slot).volume,
                                base.name(slot),
                                Base.checksumsName(slot),
                                manifest.horizon().at(slot),
                                base.room(slot)));
            }
        }
        return parts;
    }

    public List<Pin> pins() {
        return manifest.pins();
    }

    /// The numbers of the protected points.
    public Set<Long> guarded() {
        return state.guarded();
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

    /// The kept points, oldest first; those behind a point where another history went on are [#branch].
    public List<RecoveryPoint> points() {
        return state.points().stream().filter(p -> p.number() <= Offers.lastOf(manifest)).toList();
    }

    public List<RecoveryPoint> branch() {
        return state.points().stream().filter(p -> p.number() > Offers.lastOf(manifest)).toList();
    }

    private Stream<JournalFault> brokenHeaders() {
        return manifest.files().flatMap(number -> segments.checkHeader(number).stream());
    }

    /// What a node would report at its next start, and the headers of all segments; [#verify] finds more.
    public List<JournalFault> damage() {
        return damage;
    }

    /// @throws FaultException with [JournalFault.NoSuchPoint]
    public JournalView view(long point) {
        return new JournalView(
                RecoveryPoint.require(state.points(), point), state, reader(), () -> {});
    }

    private BlockReader reader() {
        return new BlockReader(segments, index, base, seal, new Damages(index));
    }

    /// One member at any of its numbers from the dense window.
    ///
    /// @throws FaultException with [JournalFault.OutsideWindow] or [JournalFault.NotExact]
    public BlockImage view(VolumeId volume, long vseq) {
        Member member = state.require(volume);
        Offers.requireInWindow(points(), manifest.floor().at(member.slot), member, vseq);
        return JournalView.at(member, vseq, reader(), () -> {});
    }

    /// Reads every byte that any point could need: the kept segments and the whole log, whatever the index says of it, then the index and the
    /// base.
    ///
    /// @param progress told the bytes of records that were read, now and then
    public Verified verify(LongConsumer progress) {
        var found = new GroupState();
        found.restore(manifest.checkpoint());
        var versions = new long[1];
        var replay = new Replay(segments, found, _ -> versions[0]++, DurableMark.of(disk));
        replay.versions(manifest, progress);
        Replay.Result all = replay.run(manifest.segments(), manifest.checkpoint(), progress);
        var damaged = new ArrayList<>(all.damage());
        long pages = 0;
        for (Manifest.Run run : manifest.runs()) {
            try (RunFile file = RunFile.open(disk, run.number())) {
                pages += file.check(damaged::add);
            } catch (FaultException e) {
                damaged.add(JournalFault.in(e));
            }
        }
        long blocks = 0;
        for (int slot = 0; slot < state.memberCount(); slot++) {
            blocks += verifyBase(slot, damaged);
        }
        return new Verified(all.records(), versions[0], pages, blocks, List.copyOf(damaged));
    }

    /// A block that a newer version hides from every point may be what a crash left of a promotion: it is written again before it is read.
    private long verifyBase(int slot, List<JournalFault> damaged) {
        ByteBuffer block = ByteBuffer.allocate(Blocks.SIZE);
        VolumeId volume = state.member(slot).volume;
        long oldest =
                state.points().stream()
                        .mapToLong(p -> p.vector().getOrDefault(volume, Long.MAX_VALUE))
                        .min()
                        .orElse(Long.MAX_VALUE);
        long blocks = Blocks.up(state.member(slot).size) / Blocks.SIZE;
        long compared = 0;
        for (long at = base.nextWritten(slot, 0, blocks);
                at < blocks;
                at = base.nextWritten(slot, at + 1, blocks)) {
            if (index.newest(Blocks.place(slot, at), oldest) == null) {
                compared++;
                if (base.stored(slot, at, block.clear()) == Base.Stored.DAMAGED) {
                    damaged.add(
                            new JournalFault.Damaged(
                                    base.name(slot),
                                    at * Blocks.SIZE,
                                    "block %d of %s".formatted(at, volume)));
                }
            }
        }
        return compared;
    }

    @Override
    public void close() {
        base.close();
        index.close();
        segments.close();
        seal.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The way back begins here: what was a volume becomes the base of a member, as it is, and its content the first point (rule 35, I15).
///
/// Three steps: [#take] names the file, a scan in pieces computes the checksums of its blocks ([Housekeeping] runs it), [#keep] publishes a
/// protected point that shows exactly what the file held. Before that the member takes no data; behind it passes append above the base, and
/// as long as the point is kept the horizon stays at 0 and no sweep touches the file.
///
/// **What a crash leaves.** Nothing is copied and the file is never renamed: the manifest names it as it was handed over. Before the manifest
/// does so it is only a file that no start deletes, and [#take] can be repeated; afterwards it is the base for good. A scan goes on where
/// the manifest says: the checksums below are durable, those above are written again. The caller makes sure that nobody writes the file.
///
/// The journal's one writer calls it.
public final class Adoptions {
    private final Journal journal;
    private final OnDisk here;
    private final GroupState state;
    private final int noteBytes;
    private @Nullable BaseScan scanning;

    /// @param noteBytes of a file are scanned before it is noted
    Adoptions(Journal journal, OnDisk here, GroupState state, int noteBytes) {
        this.journal = journal;
        this.here = here;
        this.state = state;
        this.noteBytes = noteBytes;
    }

    /// Makes a volume a member whose base is this file. The same again changes nothing.
    ///
    /// @param file its name in the journal's directory, of no kind that the journal has itself. It is opened through the disk that the
    ///             journal was opened with, so a sealed volume comes through a sealed disk
    /// @return the member's slot
    /// @throws FaultException with [JournalFault.NotAdopted]
    public int take(VolumeId volume, long size, String file) {
        Optional<Member> known = state.find(volume);
        if (known.isPresent() && adopted(known.get().slot).isPresent()) {
            return known.get().slot;
        }
        if (known.isPresent() && (!known.get().adopted || known.get().kept)) {
            throw refused(volume, file, "the volume is a member with content of its own");
        }
        if (Manifest.isOwn(file) || !here.disk().exists(file)) {
            throw refused(volume, file, "there is no such file of a volume");
        }
        int slot = known.map(m -> m.slot).orElse(state.memberCount());
        try (DiskFile data = here.disk().open(file)) {
            if (data.size() < size) {
                throw refused(volume, file, "it has %d bytes".formatted(data.size()));
            }
            if (data.size() < Blocks.up(size)) {
                data.truncate(Blocks.up(size));
            }
            data.sync(); // what the scan reads may be known to nothing but the page cache
        }
        here.base().makeChecksums(slot, size);
        here.disk().sync();
        if (known.isEmpty()) {
            journal.joinAdopted(volume, size);
        }
        journal.sync();
        note(new WayBack.Adopted(slot, file, 0));
        here.base().adopt(slot, file, 0);
        return slot;
    }

    private static FaultException refused(VolumeId volume, String file, String why) {
        return new FaultException(new JournalFault.NotAdopted(volume, file, why));
    }

    private Optional<WayBack.Adopted> adopted(int slot) {
        return here.manifest().now().back().adopted().stream()
                .filter(a -> a.slot() == slot)
                .findFirst();
    }

    private void note(WayBack.Adopted adopted) {
        Manifest now = here.manifest().now();
        here.manifest().replace(now.withBack(now.back().with(adopted)));
    }

    /// Volumes whose checksums are not complete yet.
    public List<VolumeId> scanning() {
        var volumes = new ArrayList<VolumeId>();
        for (WayBack.Adopted adopted : here.manifest().now().back().adopted()) {
            if (adopted.scanned() < blocks(adopted.slot())) {
                volumes.add(state.member(adopted.slot()).volume);
            }
        }
        return volumes;
    }

    private long blocks(int slot) {
        return Blocks.up(state.member(slot).size) / Blocks.SIZE;
    }

    /// The scan to be stepped now, if any.
    Optional<BaseScan> scan() {
        if (scanning == null) {
            for (WayBack.Adopted adopted : here.manifest().now().back().adopted()) {
                long blocks = blocks(adopted.slot());
                if (adopted.scanned() < blocks) {
                    scanning =
                            here.base()
                                    .scan(
                                            adopted.slot(),
                                            adopted.scanned(),
                                            blocks,
                                            noteBytes / Blocks.SIZE);
                    break;
                }
            }
        }
        return Optional.ofNullable(scanning);
    }

    /// Makes known how far a scan is whose step has said that it waits for this.
    void noted(BaseScan scan) {
        if (scan != scanning) {
            return;
        }
        WayBack.Adopted before = adopted(scan.slot()).orElseThrow();
        note(new WayBack.Adopted(scan.slot(), before.file(), scan.settled()));
        here.base().scanned(scan.slot(), scan.settled());
        scanning = null;
    }

    /// A scan that cannot go on begins anew from what is noted.
    void abandon() {
        if (scanning != null) {
            scanning.end();
            scanning = null;
        }
    }

    /// Publishes what the adopted volumes hold as a protected point: it stays until its user deletes it. The same again gives the same point,
    /// and never a second one: once the first is deleted the base may be anything.
    ///
    /// @throws FaultException with [JournalFault.Unscanned] before all of them are scanned, with [JournalFault.GivenUp] after the deletion
    public RecoveryPoint keep(long stampMillis, long publishedMillis, String name) {
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        for (int slot = 0; slot < state.memberCount(); slot++) {
            Member member = state.member(slot);
            if (member.adopted && !member.kept) {
                requireScanned(member);
                vector.put(member.volume, 0L);
            }
        }
        if (vector.isEmpty()) {
            return kept();
        }
        var point =
                new RecoveryPoint(
                        journal.claimCuts(1), stampMillis, publishedMillis, vector, false, name);
        journal.publishProtected(point);
        return point;
    }

    /// Whether adopted content waits for [#keep]; not any more once the journal is closed.
    public boolean waiting() {
        for (int slot = 0; !journal.closed() && slot < state.memberCount(); slot++) {
            Member member = state.member(slot);
            if (member.adopted && !member.kept) {
                return true;
            }
        }
        return false;
    }

    private void requireScanned(Member member) {
        Optional<WayBack.Adopted> adopted = adopted(member.slot);
        long scanned = adopted.map(WayBack.Adopted::scanned).orElse(0L);
        long blocks = blocks(member.slot);
        if (scanned < blocks) {
            String file =
                    adopted.map(WayBack.Adopted::file)
                            .orElse("The file of volume " + member.volume);
            throw new FaultException(new JournalFault.Unscanned(file, scanned, blocks - 1));
        }
    }

    /// The newest point of nothing but adopted content.
    private RecoveryPoint kept() {
        return journal.points().reversed().stream()
                .filter(p -> p.vector().values().stream().allMatch(v -> v == 0))
                .findFirst()
                .orElseThrow(() -> new FaultException(new JournalFault.GivenUp()));
    }
}

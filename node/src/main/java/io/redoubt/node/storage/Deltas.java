// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.VolumeDelta;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RangeSink;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.replication.SourceVolume;
import java.util.Optional;

/// What a source of the way back knows of the difference between its volumes and those that its replica begins with (rule 35): what the overlay
/// owns, what the journal below it holds above the point, and what the old side never shipped.
///
/// It is all of it or nothing: where a part is unknown nothing is told, and everything is compared by hashes.
record Deltas(Receivers receivers, Views views) {

    /// Durable when it returns. A source that was told before is not told again.
    ///
    /// @return why nothing was told; empty when all was, or there is nothing to tell of
    Optional<String> tell(ProtectSource told, SourceVolume volume) {
        if (!told.hasDelta() || volume.differences().areKnown()) {
            return Optional.empty();
        }
        Delta delta = told.getDelta();
        if (delta.getWholeList().contains(volume.id().value())) {
            return Optional.empty();
        }
        if (!delta.getUnknown().isEmpty()) {
            return Optional.of(delta.getUnknown());
        }
        Optional<VolumeDelta> of =
                delta.getVolumesList().stream()
                        .filter(each -> each.getVolume().equals(volume.id().value()))
                        .findFirst();
        Optional<Overlay> overlay = views.overlay(volume.id().value());
        if (of.isEmpty() || overlay.isEmpty()) {
            return Optional.of("volume %s stands on no view here".formatted(volume.id()));
        }
        Journal journal = receivers.require(told.getGroup()).journal();
        try {
            volume.differences()
                    .areOnly(
                            sink -> tell(journal, delta.getPoint(), of.get(), overlay.get(), sink));
            return Optional.empty();
        } catch (FaultException e) {
            // All of it is compared then: nothing was said to be known yet.
            if (e.fault() instanceof JournalFault.ChangesUnknown
                    || e.fault() instanceof JournalFault.NoSuchPoint
                    || e.fault() instanceof JournalFault.Damaged) {
                return Optional.of(e.fault().message());
            }
            throw e;
        }
    }

    private static void tell(
            Journal journal, long number, VolumeDelta delta, Overlay overlay, RangeSink sink) {
        var old = new VolumeId(delta.getOldVolume());
        RecoveryPoint point = journal.view(number).point();
        long cut = point.vector().getOrDefault(old, 0L);
        int slot = journal.find(old).orElseThrow();
        long _ = journal.changedSince(slot, cut, sink);
        overlay.tellOwn(sink);
        delta.getUnshippedList().forEach(range -> sink.range(range.getOffset(), range.getLength()));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/// Ranges whose present content goes into the stream once more, as writes: where the replica was damaged (rule 31), or found to differ.
///
/// A core, under the lock of its [GroupSource]; it never waits, because a cut that has closed a volume needs that lock.
final class Reshipments {
    private static final Logger LOG = System.getLogger(Reshipments.class.getName());
    private static final int PIECE_BYTES = 16 * DirtyMap.BLOCK;
    private static final int QUEUED_MAX = 4096;

    private final List<SourceVolume> volumes;
    private final SequencedSet<Piece> queue = new LinkedHashSet<>();

    private record Piece(int volume, long offset, int length) {}

    Reshipments(List<SourceVolume> volumes) {
        this.volumes = volumes;
    }

    /// Queues whole blocks of a volume, none larger than a record; what is beyond its end, or finds no room in the queue, is left out.
    void add(int volume, long offset, long length) {
        long end = Math.min(offset + length, volumes.get(volume).size());
        int most = Math.min(PIECE_BYTES, volumes.get(volume).recordBytes());
        for (long at = offset; at < end && queue.size() < QUEUED_MAX; ) {
            long pieceEnd = Math.min(end, (at / most + 1) * most);
            queue.add(new Piece(volume, at, (int) (pieceEnd - at)));
            at = pieceEnd;
        }
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /// Ships what can be shipped now: volumes whose writes travel and that no cut has closed.
    void pump() {
        for (Iterator<Piece> pieces = queue.iterator(); pieces.hasNext(); ) {
            Piece piece = pieces.next();
            SourceVolume volume = volumes.get(piece.volume);
            try {
                if (volume.mode() == Mode.STREAM
                        && volume.tryShipAgain(piece.offset, piece.length)) {
                    pieces.remove();
                }
            } catch (FaultException unreadable) {
                LOG.log(
                        Level.WARNING,
                        "{0} cannot be shipped again: {1}",
                        volume.id(),
                        unreadable.getMessage());
                pieces.remove();
            }
        }
    }
}

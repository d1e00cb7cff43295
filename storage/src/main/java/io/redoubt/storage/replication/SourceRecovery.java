// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a start of the source makes of what the process before it left (rules 7 to 9).
///
/// In another boot the spool is gone and the leaves do not count: everything in a dirty chunk goes by a pass. In the same boot a volume in
/// STREAM goes on from its spool: numbers without a record are declared void, and the range of a record that was not complete is read and
/// shipped under a new number. A volume in another mode goes back to TRACK, with the leaves of both generations and of its backlog.
final class SourceRecovery {
    private final SourceVolume volume;
    private final SourceState state;
    private final Spool spool;
    private final DirtyMap dirty;

    SourceRecovery(SourceVolume volume, SourceState state, Spool spool, DirtyMap dirty) {
        this.volume = volume;
        this.state = state;
        this.spool = spool;
        this.dirty = dirty;
    }

    void run() {
        long word = Word.open(state.word().get());
        state.word().set(word);
        if (Word.mode(word) == Mode.STREAM) {
            repair(Word.vseq(word));
            return;
        }
        if (Word.mode(word) == Mode.TRACK) {
            markBacklog(state, spool, dirty);
        }
        int generation = Word.generation(word);
        dirty.merge(1 - generation, generation);
        state.gapFrom(0);
        state.word().set(Word.withMode(word, Mode.TRACK));
        spool.discard();
    }

    /// Marks the blocks of every record that the receiver may not have.
    static void markBacklog(SourceState state, Spool spool, DirtyMap dirty) {
        long word = state.word().get();
        long end = state.gapFrom();
        long at = state.freed();
        while (at < end) {
            Spool.Found found = next(spool, at, end);
            if (found == null) {
                return;
            }
            SpoolRecord record = found.record();
            if (record.kind() != SpoolRecord.Kind.VOID) {
                dirty.mark(Word.generation(word), record.offset(), record.length());
            }
            at = record.vseq();
        }
    }

    private void repair(long end) {
        List<SpoolRecord> incomplete = new ArrayList<>();
        List<SpoolRecord> holes = new ArrayList<>();
        for (long at = state.freed(); at < end; ) {
            Spool.Found found = spool.after(at);
            if (found == null || found.record().vseq() > end) {
                Spool.Found beyond = next(spool, at, end);
                long to = beyond == null ? end : beyond.record().previous();
                holes.add(new SpoolRecord(SpoolRecord.Kind.VOID, at, to, 0, 0, 0));
                at = to;
            } else {
                if (!found.complete()) {
                    incomplete.add(found.record());
                }
                at = found.record().vseq();
            }
        }
        // The replacements first: dying in between leaves the records incomplete, and the next
        // start does all of it again.
        long replacement = 0;
        for (SpoolRecord record : incomplete) {
            replacement = volume.shipContent(record.offset(), record.length());
        }
        for (SpoolRecord record : incomplete) {
            spool.overwriteByVoid(
                    record.start(),
                    new SpoolRecord(
                            SpoolRecord.Kind.VOID,
                            record.previous(),
                            record.vseq(),
                            replacement,
                            0,
                            0));
        }
        for (SpoolRecord hole : holes) {
            long start = spool.place(hole.previous(), 1);
            if (!spool.room(start)) {
                volume.passes().need("the spool cannot be repaired: no room", false);
                return;
            }
            spool.overwriteByVoid(start, hole);
        }
    }

    /// The first record whose predecessor is at or after this number, past what died writers left.
    private static Spool.@Nullable Found next(Spool spool, long at, long end) {
        for (long start = at; start < end; start++) {
            Spool.Found found = spool.at(start);
            if (found != null && found.record().previous() >= at && found.record().vseq() <= end) {
                return found;
            }
        }
        return null;
    }
}

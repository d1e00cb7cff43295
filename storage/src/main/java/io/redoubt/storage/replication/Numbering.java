// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Clock;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// All that changes a volume's [Word]: draws, cuts, and the changes of mode. One compare-and-set each; whoever loses one looks again.
final class Numbering {
    /// A volume that a cut closed opens by itself after this long (rule 18).
    static final long CLOSED_NANOS_MAX = 50_000_000L;

    private static final Logger LOG = System.getLogger(SourceVolume.class.getName());

    private final VolumeId id;
    private final Clock clock;
    private final SourceState state;
    private final Spool spool;
    private final DirtyMap dirty;
    private volatile @Nullable PassSlice pass;
    private volatile String reason = "";
    private volatile long sinceMillis;
    private volatile long closedAtNanos;
    private long closedVseq;

    Numbering(VolumeId id, Clock clock, SourceState state, Spool spool, DirtyMap dirty) {
        this.id = id;
        this.clock = clock;
        this.state = state;
        this.spool = spool;
        this.dirty = dirty;
        this.sinceMillis = clock.wallMillis();
    }

    /// Draws a number, and room in the spool with it; marks leaves first when the mode wants them.
    ///
    /// @return null when a cut has closed the volume; `previous` is -1 when the record is not to be spooled
    @Nullable SpoolRecord draw(SpoolRecord.Kind kind, long offset, int length, int crc) {
        long units = SpoolRecord.units(kind == SpoolRecord.Kind.WRITE ? length : 0);
        int marked = -1;
        while (true) {
            long word = state.word().get();
            if (Word.closed(word)) {
                return null;
            }
            Mode mode = Word.mode(word);
            int generation = Word.generation(word);
            if (mode.marks && marked != generation) {
                dirty.mark(generation, offset, length);
                marked = generation;
                continue;
            }
            long vseq = Word.vseq(word);
            long start = mode.spools ? spool.place(vseq, units) : vseq;
            if (mode.spools && !spool.room(start)) {
                forceTrack("the spool is full");
                continue;
            }
            long end = mode.spools ? start + units : vseq + 1;
            state.reserve(end);
            if (state.word().swap(word, Word.withVseq(word, end))) {
                return new SpoolRecord(kind, mode.spools ? vseq : -1, end, offset, length, crc);
            }
        }
    }

    /// Leaves the spool, whatever is in it: everything from here on is known to the dirty map only.
    ///
    /// The gap's first number is there before the mode that reads it. One caller at a time: one that is overtaken between its look and
    /// its store would put an older number there, and the writes from that number to the change, which no leaf knows, would never
    /// travel.
    synchronized void forceTrack(String why) {
        for (long word = state.word().get(); Word.mode(word).spools; word = state.word().get()) {
            Mode to = Word.mode(word) == Mode.SYNC ? Mode.SYNC_TRACK : Mode.TRACK;
            state.gapFrom(Word.vseq(word));
            if (state.word().swap(word, Word.withMode(word, to))) {
                became(why);
                return;
            }
        }
    }

    /// Nobody can say what is in the dirty chunks: all of their blocks go by the next pass. In one step, so that no pass begins between the
    /// two halves. What a running pass reads from now on need not be what was there at its start: it gives no point.
    synchronized void distrustDirtyChunks(String why) {
        PassSlice running = pass;
        if (running != null) {
            running.spoil();
        }
        forceTrack(why);
        dirty.markDirtyChunks(Word.generation(state.word().get()));
    }

    /// SWITCH(n) of a group cut (rule 16): closes the volume and answers its last number.
    ///
    /// @param slice for a cut that begins a pass: makes the volume's part of it from the number that the cut draws; else null
    /// @return -1 when the volume cannot take part
    synchronized long switchTo(long cut, @Nullable LongFunction<PassSlice> slice) {
        if (cut <= state.cut()) {
            return -1;
        }
        state.cut(cut);
        while (true) {
            long word = openIfOverdue();
            if (Word.closed(word) || (slice != null && Word.mode(word) != Mode.TRACK)) {
                pass = slice == null ? pass : null;
                return -1;
            }
            long vseq = Word.vseq(word);
            long closed = Word.withClosed(word, cut);
            if (slice != null) {
                vseq++;
                state.reserve(vseq);
                closed = Word.withMode(Word.withVseq(closed, vseq), Mode.SYNC);
                closed = Word.withGeneration(closed, 1 - Word.generation(word));
                // There before the volume can open again: a write above the cut must find it.
                // Writes below it pass it by.
                pass = slice.apply(vseq);
            }
            closedAtNanos = clock.bootNanos();
            closedVseq = vseq;
            if (state.word().swap(word, closed)) {
                if (slice != null) {
                    became("resynchronising");
                }
                return vseq;
            }
        }
    }

    /// RELEASE(n): opens the volume.
    ///
    /// @return whether it was still closed for this cut with the number that it had answered
    synchronized boolean release(long cut, long answered) {
        while (true) {
            long word = openIfOverdue();
            if (!Word.closed(word)
                    || state.cut() != cut
                    || !Word.carriesCut(word, cut)
                    || closedVseq != answered) {
                return false;
            }
            if (state.word().swap(word, Word.open(word))) {
                return true;
            }
        }
    }

    long openIfOverdue() {
        while (true) {
            long word = state.word().get();
            if (!Word.closed(word) || clock.bootNanos() - closedAtNanos < CLOSED_NANOS_MAX) {
                return word;
            }
            state.word().swap(word, Word.open(word));
        }
    }

    /// The running pass is complete and durable at the receiver: mode and generation change in one step with the draws.
    void passComplete() {
        PassSlice running = pass;
        if (running == null) {
            throw new IllegalStateException("volume " + id + " is in no pass");
        }
        int frozen = running.frozenGeneration;
        while (true) {
            long word = state.word().get();
            boolean clean = Word.mode(word) == Mode.SYNC;
            long next =
                    clean
                            ? Word.withGeneration(Word.withMode(word, Mode.STREAM), frozen)
                            : Word.withMode(word, Mode.TRACK);
            if (state.word().swap(word, next)) {
                if (clean) {
                    // What was marked since the pass began is in the spool.
                    dirty.clearAll(1 - frozen);
                    became("");
                }
                pass = null;
                return;
            }
        }
    }

    /// The running pass is given up: what it had not made durable joins the dirty set again.
    ///
    /// @return false when none was running
    synchronized boolean passAborted(String why) {
        PassSlice running = pass;
        if (running == null) {
            return false;
        }
        long word = state.word().get();
        while (!state.word().swap(word, Word.withMode(word, Mode.TRACK))) {
            word = state.word().get();
        }
        dirty.merge(running.frozenGeneration, 1 - running.frozenGeneration);
        pass = null;
        state.gapFrom(0);
        became(why);
        return true;
    }

    private void became(String why) {
        reason = why;
        sinceMillis = clock.wallMillis();
        LOG.log(Level.INFO, "volume {0} is in {1} {2}", id, mode(), why);
    }

    Mode mode() {
        return Word.mode(state.word().get());
    }

    String reason() {
        return reason;
    }

    long sinceMillis() {
        return sinceMillis;
    }

    @Nullable PassSlice pass() {
        return pass;
    }
}

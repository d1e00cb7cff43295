// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage.Kind;
import io.redoubt.storage.nbd.Session.Context;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Answers what is where, for each chosen context a chunk of runs. A run that goes on is joined; past [#RUNS_MAX] the answer ends, and the
/// peer asks again from there.
final class BlockStatus {
    private static final int RUNS_MAX = 2048;

    private final Session session;
    private final int[] lengths = new int[RUNS_MAX];
    private final int[] states = new int[RUNS_MAX];
    private int runs;
    private int runsMax;
    private long left; // of the range that was asked for

    BlockStatus(Session session) {
        this.session = session;
    }

    /// @param length positive, inside the export, at most what four bytes hold
    /// @param one only the first run is wanted
    void answer(Replies replies, long cookie, long offset, long length, boolean one)
            throws IOException {
        int open = session.contexts().size();
        for (Context context : session.contexts()) {
            runs = 0;
            runsMax = one ? 1 : RUNS_MAX;
            left = length;
            try {
                ask(context, offset, length);
            } catch (FaultException e) {
                Outcome outcome = Outcome.of(e);
                replies.failed(cookie, outcome.error(), outcome.text());
                return;
            }
            put(replies, cookie, context, --open == 0);
        }
    }

    private void ask(Context context, long offset, long length) {
        switch (context) {
            case ALLOCATION ->
                    session.export()
                            .device()
                            .extents(offset, length, (bytes, kind) -> add(bytes, state(kind)));
            case DIRTY ->
                    session.export()
                            .dirty()
                            .orElseThrow()
                            .changes(
                                    offset,
                                    length,
                                    (bytes, changed) -> add(bytes, changed ? Wire.STATE_DIRTY : 0));
        }
    }

    private static int state(Kind kind) {
        return switch (kind) {
            case DATA -> 0;
            case ZERO -> Wire.STATE_ZERO;
            case HOLE -> Wire.STATE_ZERO | Wire.STATE_HOLE;
        };
    }

    /// @return whether there is room for one more that differs
    private boolean add(long bytes, int state) {
        long inside = Math.min(bytes, left);
        boolean joins = runs > 0 && states[runs - 1] == state;
        if (!joins && runs == runsMax) {
            return false;
        }
        if (joins) {
            lengths[runs - 1] += (int) inside; // unsigned; the sum is at most what was asked for
        } else {
            lengths[runs] = (int) inside;
            states[runs++] = state;
        }
        left -= inside;
        return left > 0;
    }

    private void put(Replies replies, long cookie, Context context, boolean last)
            throws IOException {
        int bytes = 4 + 8 * runs;
        replies.reserve(Wire.CHUNK_BYTES + bytes);
        ByteBuffer into = replies.buffer();
        int flags = last ? Wire.CHUNK_DONE : 0;
        Replies.chunk(into, flags, Wire.CHUNK_BLOCK_STATUS, cookie, bytes);
        into.putInt(context.id);
        for (int i = 0; i < runs; i++) {
            into.putInt(lengths[i]).putInt(states[i]);
        }
    }
}

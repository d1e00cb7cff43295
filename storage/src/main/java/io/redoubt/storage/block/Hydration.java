// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.nio.ByteBuffer;

/// Copies what an overlay does not own yet from its image, piece by piece, what guests asked for first; then drops the image.
///
/// It keeps nothing of its own: the overlay's maps say what is left, so a restart goes on where the last process was. One caller.
public final class Hydration {
    static final int PIECE = 256 << 10;

    private final Overlay overlay;
    private final Misses misses;
    private final ByteBuffer buffer;
    private long cursor;
    private boolean complete;

    public Hydration(Overlay overlay) {
        this(overlay, PIECE);
    }

    /// @param piece bytes of a step; a smaller one makes simulations fast
    public Hydration(Overlay overlay, int piece) {
        this.overlay = overlay;
        this.misses = overlay.source().noteMisses();
        this.buffer = ByteBuffer.allocateDirect(piece);
    }

    /// Copies the next piece that lacks something.
    ///
    /// @return bytes copied; 0 when nothing was left, and then the volume is a raw one and [#complete()]
    /// @throws io.redoubt.core.fault.FaultException with [VolumeFault.SourceGone] when the image does not answer; the same piece
    ///     comes again
    public long step() {
        for (long missed = misses.poll(); missed >= 0; missed = misses.poll()) {
            long copied = adopt(missed - missed % buffer.capacity());
            if (copied > 0) {
                return copied;
            }
        }
        while (cursor < overlay.size()) {
            long copied = adopt(cursor);
            cursor += buffer.capacity(); // only now: a fault leaves it where it is
            if (copied > 0) {
                return copied;
            }
        }
        if (!complete) {
            overlay.becomeRaw();
            complete = true;
        }
        return 0;
    }

    private long adopt(long offset) {
        int length = (int) Math.min(buffer.capacity(), overlay.size() - offset);
        return overlay.adopt(offset, length, buffer);
    }

    /// The image is not needed any more, durably.
    public boolean complete() {
        return complete;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.util.function.Consumer;

/// A sink for frames that says when enough was given to it.
final class Budget {
    private static final int FRAME_COST = 64;

    private final Consumer<Frame> sink;
    private int left;
    private boolean used;

    Budget(Consumer<Frame> sink, int bytes) {
        this.sink = sink;
        this.left = bytes;
    }

    void accept(Frame frame) {
        sink.accept(frame);
        used = true;
        left -=
                FRAME_COST
                        + switch (frame) {
                            case Frame.Write write -> write.data().remaining();
                            case Frame.PassBlocks blocks -> blocks.data().remaining();
                            // Little travels, but it was read and hashed under the lock that a cut
                            // waits for.
                            case Frame.Compare compare -> compare.length();
                            default -> 0;
                        };
    }

    boolean hasRoom() {
        return left > 0;
    }

    /// Whether there is more room than somebody else is to have.
    boolean hasRoomBeside(int kept) {
        return left > kept;
    }

    boolean used() {
        return used;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;

/// What an overlay stands on: a source that dies and comes back, lets guests write in the middle of a read of it, and is not
/// asked any more once it was dropped.
final class SimImage implements BlockImage {
    private final byte[] content;
    boolean alive = true;
    boolean dropped;
    Runnable meanwhile = () -> {};

    /// A network that does not answer.
    record NoAnswer() implements Fault {
        @Override
        public String message() {
            return "the source does not answer";
        }

        @Override
        public String remedy() {
            return "wait";
        }
    }

    SimImage(byte[] content) {
        this.content = content;
    }

    @Override
    public long size() {
        return content.length;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        if (dropped) {
            throw new Violation("the image was read after it was dropped");
        }
        if (!alive) {
            throw new FaultException(new NoAnswer());
        }
        into.put(content, (int) offset, into.remaining());
        Runnable now = meanwhile;
        meanwhile = () -> {};
        now.run();
    }
}

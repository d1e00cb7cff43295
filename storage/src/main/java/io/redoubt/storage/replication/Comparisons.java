// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.Journal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Compares ranges of the replica with fingerprints of the source (rule 14).
final class Comparisons {
    static final int BYTES_MAX = 1 << 20;

    private final Journal journal;
    private List<Frame.Compared> found = new ArrayList<>();

    Comparisons(Journal journal) {
        this.journal = journal;
    }

    /// For a verification: as of a number.
    Frame.Compared asOf(Frame.Compare asked, VolumeId volume) {
        return answer(asked, () -> journal.asOf(volume, asked.vseq()), Frame.Outcome.UNKNOWN);
    }

    /// For the open pass: the newest content, since its blocks and the writes behind them come after the question. The answer waits until
    /// everything that came is durable, because the source forgets a block that is the same. What cannot be read is sent again, which heals it.
    void inPass(Frame.Compare asked, VolumeId volume) {
        found.add(answer(asked, () -> journal.head(volume), Frame.Outcome.DIFFERENT));
    }

    private static Frame.Compared answer(
            Frame.Compare asked, Supplier<BlockImage> image, Frame.Outcome unreadable) {
        Frame.Outcome outcome;
        ByteBuffer bytes = ByteBuffer.allocate(asked.length());
        try {
            image.get().read(asked.offset(), bytes);
            outcome =
                    Fingerprint.of(bytes.flip()).equals(asked.of())
                            ? Frame.Outcome.SAME
                            : Frame.Outcome.DIFFERENT;
        } catch (FaultException e) {
            outcome = unreadable;
        }
        return new Frame.Compared(
                asked.pass(), asked.slot(), asked.vseq(), asked.offset(), asked.length(), outcome);
    }

    List<Frame.Compared> take() {
        List<Frame.Compared> taken = found;
        found = new ArrayList<>();
        return taken;
    }
}

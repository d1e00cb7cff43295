// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;

/// Writes the content of a snapshot back, through the layers that must hear of it. To be repeated from the beginning after a crash.
final class Revert {
    private Revert() {}

    /// What the newest snapshot does not have of what will be overwritten.
    static long bytesToSave(GrainIndex index, ChangeMap changes, long newest, int grain) {
        long bytes = 0;
        for (ChangeMap.Part part : changes.parts()) {
            for (long at = part.offset(); at < part.offset() + part.length(); at += grain) {
                bytes += index.newestOwner(at / grain) < newest ? grain : 0;
            }
        }
        return bytes;
    }

    static void run(
            BlockImage image, long size, ChangeMap changes, BlockDevice through, int grain) {
        ByteBuffer content = ByteBuffer.allocateDirect(grain);
        for (ChangeMap.Part part : changes.parts()) {
            long end = Math.min(size, part.offset() + part.length());
            for (long at = part.offset(); at < end; at += grain) {
                content.clear().limit((int) Math.min(grain, end - at));
                image.read(at, content);
                through.write(at, content.flip());
            }
        }
        if (through.size() > size) {
            through.zero(size, through.size() - size); // it has grown since
        }
        through.flush();
    }
}

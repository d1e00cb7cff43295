// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.protocol.Attachment;
import org.jspecify.annotations.Nullable;

/// A machine's disk.
///
/// @param datastore null for a volume of a view
/// @param holder    the machine that may connect, or null
/// @param group     the protection group that it is in, or null
/// @param thin      its room comes with the writes
/// @param allowance what it may take of its datastore's rate
/// @param origin    where it was made from, when that was a journal
/// @param snapshotBytes of data that is saved for its snapshots, as its node last told
public record Volume(
        String id,
        String tenant,
        String name,
        @Nullable String datastore,
        @Nullable String view,
        String node,
        String zone,
        long sizeBytes,
        @Nullable String template,
        @Nullable Origin origin,
        String state,
        long attachmentNumber,
        String attachmentNonce,
        @Nullable String holder,
        @Nullable String group,
        boolean thin,
        Allowance allowance,
        long snapshotBytes,
        Hydration hydration) {

    /// How far the copying from its source is, as its node last told.
    ///
    /// @param state       idle (nobody asked for it), copying, waiting, complete, failed; empty: no source, or nobody knows yet
    /// @param secondsLeft -1 when not known
    /// @param trouble     what is in the way, empty for nothing
    /// @param rate        bytes per second that were asked for, 0 for as fast as it goes
    public record Hydration(
            String state, long doneBytes, long secondsLeft, String trouble, long rate) {}

    /// What the volume reads from, or read from until all of it was copied; null when it was made of nothing.
    @Nullable String source() {
        return origin == null ? template : origin.words();
    }

    public Attachment attachment() {
        return Attachment.newBuilder()
                .setNumber(attachmentNumber)
                .setNonce(attachmentNonce)
                .build();
    }
}

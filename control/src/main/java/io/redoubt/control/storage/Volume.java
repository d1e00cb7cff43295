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
        String state,
        long attachmentNumber,
        String attachmentNonce,
        @Nullable String holder,
        @Nullable String group,
        boolean thin,
        Allowance allowance) {

    public Attachment attachment() {
        return Attachment.newBuilder()
                .setNumber(attachmentNumber)
                .setNonce(attachmentNonce)
                .build();
    }
}

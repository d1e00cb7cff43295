// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest;

import io.redoubt.core.Bytes;
import java.nio.file.Path;

/// A published template: a disk from which machines are made, never changed after its publication.
///
/// @param hash of everything that it was made from
/// @param size of the disk
public record Template(String name, String hash, Path directory, Bytes size) {
    /// The whole disk, raw, bootable by itself.
    public Path image() {
        return directory.resolve("image.raw");
    }

    /// The kernel alone, for a test boot without a disk.
    public Path kernel() {
        return directory.resolve("vmlinuz");
    }

    public Path initrd() {
        return directory.resolve("initrd");
    }
}

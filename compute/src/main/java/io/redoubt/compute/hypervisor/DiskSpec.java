// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.core.Name;
import java.nio.file.Path;

/// A disk of a machine: an export of an NBD server on this host.
///
/// @param name   the serial number by which the guest knows it, at most 20 characters
/// @param socket the server's Unix socket; after a restart of the server QEMU connects to the same path again
/// @param export the export's name, which carries the attachment number
public record DiskSpec(String name, Path socket, String export) {
    private static final int SERIAL_MAX = 20;

    public DiskSpec {
        Name.require("disk", name);
        if (name.length() > SERIAL_MAX) {
            throw new IllegalArgumentException(
                    "disk '%s' has %d characters; a virtio disk's serial number has room for %d"
                            .formatted(name, name.length(), SERIAL_MAX));
        }
    }
}

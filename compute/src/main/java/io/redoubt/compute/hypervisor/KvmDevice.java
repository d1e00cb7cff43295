// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The device file through which KVM is used, if the kernel offers one. That it exists says nothing about whether a guest boots.
final class KvmDevice {
    private static final Path DEVICE = Path.of("/dev/kvm");

    private KvmDevice() {}

    static boolean exists() {
        return Files.exists(DEVICE);
    }

    /// The group that may use it, which a user without privileges has to be given; none when there is no device.
    static List<Integer> groups() {
        try {
            return exists()
                            && Files.getAttribute(DEVICE, "unix:gid") instanceof Integer group
                            && group != 0
                    ? List.of(group)
                    : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }
}

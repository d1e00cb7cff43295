// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

/// What runs the guest's instructions.
public enum Accelerator {
    /// The processor itself.
    KVM,
    /// QEMU's translator: works everywhere, several times slower.
    TCG
}

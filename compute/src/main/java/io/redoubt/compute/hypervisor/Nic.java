// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

/// How a machine is connected.
public enum Nic {
    /// Not at all: the machine has no network card.
    NONE,
    /// A card with an address, whose network reaches neither this host nor anything beyond it.
    RESTRICTED
}

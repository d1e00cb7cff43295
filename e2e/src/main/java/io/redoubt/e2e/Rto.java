// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

/// From the decision to a guest that is ready, in seconds, split where the time went.
record Rto(double total, double grants, double view, double start, double boot) {
    String words() {
        return "%.2f s = grants expired %.2f + view open %.2f + QEMU started %.2f + guest ready %.2f"
                .formatted(total, grants, view, start, boot);
    }
}

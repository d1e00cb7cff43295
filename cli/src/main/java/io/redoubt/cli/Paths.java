// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// Puts what a person typed into a path.
final class Paths {
    private Paths() {}

    /// One part of a path: whatever was typed cannot become two.
    static String part(String typed) {
        return URLEncoder.encode(typed, StandardCharsets.UTF_8).replace("+", "%20");
    }
}

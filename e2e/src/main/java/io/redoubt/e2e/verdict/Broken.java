// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

/// A promise that was not kept.
///
/// @param evidence what was seen, with its numbers
public record Broken(Promise promise, String evidence) {
    public String words() {
        return "%s: %s. Seen: %s".formatted(promise, promise.words(), evidence);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// What a promotion knows of the source's right to acknowledge (rules 2 and 3).
public enum SourceEnd {
    /// Nothing: all that was granted must expire, and a source that may go on alone cannot be passed by.
    UNHEARD,
    /// It said itself that it released under the decision.
    RELEASED,
    /// A person has given a word, which is recorded, that it is off and stays off. What was granted must expire all the same.
    OFF_BY_WORD
}

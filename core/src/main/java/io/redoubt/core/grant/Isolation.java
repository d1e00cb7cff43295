// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// What a group's source does while it hears neither of its grantors (rule 3).
///
/// Both sides of a group keep a copy. The receiver has it durably before the source uses it, and drops it after the source has; so wherever a
/// source may go on alone, the receiver knows that the end of its own grants proves nothing.
///
/// @param version rises with every change; 0 is what a group begins with
/// @param goesOn  whether writes are acknowledged without a grant, which no clock ends
public record Isolation(long version, boolean goesOn) {
    /// Replies are held and the guests stand still until a grantor is heard.
    public static final Isolation PAUSES = new Isolation(0, false);

    /// The later word of two.
    public Isolation or(Isolation other) {
        return other.version > version ? other : this;
    }
}

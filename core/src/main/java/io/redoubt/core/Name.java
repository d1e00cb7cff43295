// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

import java.util.regex.Pattern;

/// The rule for every name and identifier that becomes part of a path, a socket or a command line:
/// lower-case letters, digits and hyphens, 1 to 63 of them, a letter or digit first.
public final class Name {
    private static final Pattern RULE = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    private Name() {}

    /// @return the text itself
    /// @throws IllegalArgumentException that says what was wrong and what is allowed
    public static String require(String what, String text) {
        if (!RULE.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    what
                            + " '"
                            + text
                            + "' is not usable: use 1 to 63 of a-z, 0-9 and '-', a letter or digit first");
        }
        return text;
    }
}

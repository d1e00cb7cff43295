// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.util.Locale;

/// One row of the table of `bench replication`.
///
/// @param profile under whose name it is chosen
/// @param what    is measured, with its unit
/// @param sense   on which side of the bound the target lies
record Figure(String profile, String what, Sense sense, double bound) {
    /// How a figure is judged.
    enum Sense {
        AT_MOST("≤"),
        AT_LEAST("≥"),
        NO_TARGET("");

        final String sign;

        Sense(String sign) {
            this.sign = sign;
        }
    }

    static Figure atMost(String profile, String what, double bound) {
        return new Figure(profile, what, Sense.AT_MOST, bound);
    }

    static Figure atLeast(String profile, String what, double bound) {
        return new Figure(profile, what, Sense.AT_LEAST, bound);
    }

    static Figure of(String profile, String what) {
        return new Figure(profile, what, Sense.NO_TARGET, 0);
    }

    String target() {
        return sense == Sense.NO_TARGET ? "" : sense.sign + " " + number(bound);
    }

    /// @return `met`, `**missed**`, or nothing when there is no target
    String verdict(double measured) {
        return switch (sense) {
            case AT_MOST -> measured <= bound ? "met" : "**missed**";
            case AT_LEAST -> measured >= bound ? "met" : "**missed**";
            case NO_TARGET -> "";
        };
    }

    static String number(double value) {
        double size = Math.abs(value);
        return String.format(
                Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A number of bytes, never negative. Text forms are binary: `10GiB`, `512MiB`, `4096` (requirement X1).
public record Bytes(long value) implements Comparable<Bytes> {
    private static final Pattern TEXT = Pattern.compile("(\\d+)\\s*(|B|KiB|MiB|GiB|TiB)");

    public Bytes {
        if (value < 0) {
            throw new IllegalArgumentException("a size cannot be negative: " + value);
        }
    }

    public static Bytes kibibytes(long count) {
        return new Bytes(Math.multiplyExact(count, 1L << 10));
    }

    public static Bytes mebibytes(long count) {
        return new Bytes(Math.multiplyExact(count, 1L << 20));
    }

    public static Bytes gibibytes(long count) {
        return new Bytes(Math.multiplyExact(count, 1L << 30));
    }

    /// @throws IllegalArgumentException with the accepted forms when the text is none of them
    public static Bytes parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not a size; write for example 4096, 64KiB, 512MiB, 10GiB or 2TiB");
        }
        long unit =
                switch (matcher.group(2)) {
                    case "KiB" -> 1L << 10;
                    case "MiB" -> 1L << 20;
                    case "GiB" -> 1L << 30;
                    case "TiB" -> 1L << 40;
                    default -> 1L;
                };
        try {
            return new Bytes(Math.multiplyExact(Long.parseLong(matcher.group(1)), unit));
        } catch (ArithmeticException | NumberFormatException _) {
            throw new IllegalArgumentException(
                    "'" + text + "' is more than the 8 EiB a size can be");
        }
    }

    @Override
    public int compareTo(Bytes other) {
        return Long.compare(value, other.value);
    }

    /// The shortest exact binary form.
    @Override
    public String toString() {
        String[] units = {"TiB", "GiB", "MiB", "KiB"};
        for (int i = 0; i < units.length; i++) {
            long unit = 1L << (40 - 10 * i);
            if (value >= unit && value % unit == 0) {
                return value / unit + " " + units[i];
            }
        }
        return value + " B";
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// A part of a list.
///
/// @param next pass it as `after` to get the following part; null at the end
public record Page<T>(List<T> items, @Nullable String next) {
    public static final int LIMIT = 100;
    private static final int LIMIT_MAX = 1000;

    /// @param limitPlusOne at most one more than the limit, to see whether there is a next page
    public static <T> Page<T> of(List<T> limitPlusOne, int limit, Function<T, String> cursor) {
        if (limitPlusOne.size() <= limit) {
            return new Page<>(limitPlusOne, null);
        }
        List<T> items = limitPlusOne.subList(0, limit);
        return new Page<>(items, cursor.apply(items.getLast()));
    }

    /// @param limit null for the usual one
    /// @param ask   gives at most so many rows
    public static <T, V> Page<V> of(
            @Nullable Integer limit,
            IntFunction<List<T>> ask,
            Function<T, V> view,
            Function<V, String> cursor) {
        int size = limit(limit);
        return of(ask.apply(size + 1).stream().map(view).toList(), size, cursor);
    }

    public static int limit(@Nullable Integer asked) {
        int limit = asked == null ? LIMIT : asked;
        if (limit < 1 || limit > LIMIT_MAX) {
            throw new IllegalArgumentException(
                    "limit must be 1 to %d, not %d".formatted(LIMIT_MAX, limit));
        }
        return limit;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.protocol.ByteRange;
import io.redoubt.storage.block.RangeSink;
import java.util.ArrayList;
import java.util.List;

/// Ranges in rising order, never more than so many: when there are too many, gaps are told with them, the small ones first.
final class CoarseRanges implements RangeSink {
    private final int most;
    private final long size;
    private long gap;
    private List<ByteRange> ranges = new ArrayList<>();

    /// @param size of the volume
    CoarseRanges(int most, long size) {
        this.most = most;
        this.size = size;
    }

    @Override
    public void range(long offset, long length) {
        append(ranges, offset, Math.min(offset + length, size));
        while (ranges.size() > most) {
            gap = Math.max(4096, gap * 2);
            var fewer = new ArrayList<ByteRange>();
            ranges.forEach(r -> append(fewer, r.getOffset(), r.getOffset() + r.getLength()));
            ranges = fewer;
        }
    }

    private void append(List<ByteRange> to, long offset, long end) {
        ByteRange last = to.isEmpty() ? null : to.getLast();
        if (last != null && offset - (last.getOffset() + last.getLength()) <= gap) {
            to.removeLast();
            to.add(of(last.getOffset(), Math.max(end, last.getOffset() + last.getLength())));
        } else {
            to.add(of(offset, end));
        }
    }

    private static ByteRange of(long offset, long end) {
        return ByteRange.newBuilder().setOffset(offset).setLength(end - offset).build();
    }

    List<ByteRange> ranges() {
        return List.copyOf(ranges);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The writes that arrived behind a point, and are lost to whoever goes on from there (A91).
///
/// @param volumes    those of the point
/// @param isComplete whether these are all: not when some came by a pass or were folded, and not when their records are gone or damaged
public record WritesBehind(Map<VolumeId, Count> volumes, boolean isComplete) {
    /// Records that are read for it, in segments.
    private static final int SEGMENTS_MAX = 64;

    /// @param writes one that is longer than a record of the stream counts as several
    /// @param bytes  of the whole blocks that they touched
    public record Count(long writes, long bytes) {
        public static final Count NONE = new Count(0, 0);

        public Count plus(Count more) {
            return new Count(writes + more.writes, bytes + more.bytes);
        }
    }

    public WritesBehind {
        volumes = Map.copyOf(volumes);
    }

    /// Reads the headers of the log from its end back to the first write of each volume behind the point. The point's own record is no
    /// boundary: it stands behind whatever arrived while it waited for its slowest volume.
    static WritesBehind count(OnDisk here, GroupState state, RecoveryPoint point, int activeEnd) {
        var counter = new Counter(here.segments(), state, point);
        List<Manifest.Segment> log = here.manifest().now().segments();
        for (int i = log.size() - 1; i >= 0 && !counter.open.isEmpty(); i--) {
            Manifest.Segment segment = log.get(i);
            boolean isLast = i == log.size() - 1;
            boolean follows = isLast || segment.number() + 1 == log.get(i + 1).number();
            if (!follows || log.size() - i > SEGMENTS_MAX) {
                break;
            }
            counter.scan(
                    segment.number(), segment.sealedEnd() == 0 ? activeEnd : segment.sealedEnd());
        }
        return new WritesBehind(counter.counts, counter.open.isEmpty() && counter.complete);
    }

    private static final class Counter {
        private final Segments segments;
        private final GroupState state;
        private final RecoveryPoint point;
        private final Map<VolumeId, Count> counts = new HashMap<>();
        private final Set<VolumeId> open =
                new HashSet<>(); // whose first write behind was not met yet
        private boolean complete = true;

        Counter(Segments segments, GroupState state, RecoveryPoint point) {
            this.segments = segments;
            this.state = state;
            this.point = point;
            point.vector()
                    .forEach((volume, last) -> {
                        counts.put(volume, Count.NONE);
                        if (state.find(volume).orElseThrow().through > last) {
                            open.add(volume);
                        }
                    });
        }

        void scan(int segment, int end) {
            DiskFile file = segments.file(segment);
            ByteBuffer header = LogRecord.buffer(LogRecord.HEADER);
            for (int at = Segments.HEADER; at < end; ) {
                file.read(at, header.clear());
                LogRecord record = LogRecord.decode(header.clear());
                if (record == null) {
                    complete = false; // what follows cannot be told from here
                    return;
                }
                take(record);
                at += record.size();
            }
        }

        private void take(LogRecord record) {
            switch (record.kind()) {
                case WRITE, ZERO -> {
                    if (!record.pass() && isBehind(record)) {
                        counts.computeIfPresent(
                                state.member(record.slot()).volume,
                                (_, sum) -> sum.plus(new Count(1, record.length())));
                    }
                }
                case VOID, PASS_BEGIN -> complete &= !isBehind(record);
                case CUT, MEMBER, PASS_END, DROP_POINT, PROTECT_POINT, LABEL_POINT, LEAVE -> {}
            }
        }

        /// A volume's records stand in the order of their numbers.
        private boolean isBehind(LogRecord record) {
            VolumeId volume = state.member(record.slot()).volume;
            long last = point.vector().getOrDefault(volume, 0L);
            if (record.first() <= last) {
                open.remove(volume);
            }
            return record.last() > last;
        }
    }
}

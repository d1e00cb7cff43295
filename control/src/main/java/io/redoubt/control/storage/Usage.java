// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.NodeListener;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.VolumeReport;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/// What nodes say of their volumes as they go: what passes their limits, as the mean over the last [#WINDOW_NANOS], and what their snapshots may still take.
///
/// Kept in memory alone: after a restart of the control plane it is known again with the second report. What a node does not report any more is
/// forgotten with its next report, what it reported too long ago is not told.
@Component
class Usage implements NodeListener {
    static final long WINDOW_NANOS = 5_000_000_000L;
    private static final long STALE_NANOS = 10_000_000_000L;
    private static final long SHORTEST_NANOS = WINDOW_NANOS / 10; // below it a mean says nothing
    private static final double SECOND = 1e9;

    private final LongSupplier nanos;
    private final Map<String, Map<String, Counters>> nodes = new ConcurrentHashMap<>();

    @Autowired
    Usage() {
        this(System::nanoTime);
    }

    Usage(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /// @param iops as the limits count: one for each 256 KiB, or part of it, that a request moves
    record Used(long iops, long bytesPerSecond) {}

    private record Sample(long at, long operations, long bytes) {}

    /// The counters of one volume over the window, oldest first; bounded because of two that are closer than
    /// [#SHORTEST_NANOS] only one stays.
    private static final class Counters {
        private final Deque<Sample> samples = new ArrayDeque<>();
        private volatile long snapshotsMayGrow;

        synchronized void add(Sample sample) {
            Sample last = samples.peekLast();
            if (last != null && last.operations() > sample.operations()) {
                samples.clear(); // the node began to count anew
            } else if (samples.size() > 1
                    && last != null
                    && sample.at() - beforeLast().at() < SHORTEST_NANOS) {
                samples.removeLast();
            }
            samples.addLast(sample);
            while (samples.size() > 2 && sample.at() - second().at() >= WINDOW_NANOS) {
                samples.removeFirst();
            }
        }

        private Sample beforeLast() {
            var backwards = samples.descendingIterator();
            backwards.next();
            return backwards.next();
        }

        private Sample second() {
            var forwards = samples.iterator();
            forwards.next();
            return forwards.next();
        }

        synchronized Optional<Used> over(long now) {
            if (samples.size() < 2 || now - samples.getLast().at() > STALE_NANOS) {
                return Optional.empty();
            }
            Sample first = samples.getFirst();
            Sample last = samples.getLast();
            if (last.at() - first.at() < SHORTEST_NANOS) {
                return Optional.empty();
            }
            double seconds = (last.at() - first.at()) / SECOND;
            return Optional.of(
                    new Used(
                            Math.round((last.operations() - first.operations()) / seconds),
                            Math.round((last.bytes() - first.bytes()) / seconds)));
        }
    }

    @Override
    public void report(String node, Report report) {
        long now = nanos.getAsLong();
        Map<String, Counters> before = nodes.getOrDefault(node, Map.of());
        var after = new HashMap<String, Counters>();
        for (VolumeReport volume : report.getVolumesList()) {
            Counters counters =
                    Objects.requireNonNullElseGet(before.get(volume.getVolume()), Counters::new);
            counters.add(new Sample(now, volume.getOperations(), volume.getBytes()));
            counters.snapshotsMayGrow = volume.getSnapshotsMayGrowBytes();
            after.put(volume.getVolume(), counters);
        }
        nodes.put(node, after);
    }

    /// Empty when the node has not told it lately.
    Optional<Used> of(String node, String volume) {
        return Optional.ofNullable(nodes.getOrDefault(node, Map.of()).get(volume))
                .flatMap(counters -> counters.over(nanos.getAsLong()));
    }

    /// Bytes that the snapshots of these volumes may still take, as their node told last.
    long snapshotsMayGrow(String node, Collection<String> volumes) {
        Map<String, Counters> known = nodes.getOrDefault(node, Map.of());
        long sum = 0;
        for (String volume : volumes) {
            Counters counters = known.get(volume);
            sum += counters == null ? 0 : counters.snapshotsMayGrow;
        }
        return sum;
    }

    /// The sum over volumes of one node; empty when nothing is known of one of them.
    Optional<Used> of(String node, Collection<String> volumes) {
        long iops = 0;
        long bytesPerSecond = 0;
        for (String volume : volumes) {
            Optional<Used> used = of(node, volume);
            if (used.isEmpty()) {
                return Optional.empty();
            }
            iops += used.get().iops();
            bytesPerSecond += used.get().bytesPerSecond();
        }
        return Optional.of(new Used(iops, bytesPerSecond));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.port.Clock;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.protocol.HydrationState;
import io.redoubt.storage.block.Hydrator;
import io.redoubt.storage.block.Overlay;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What is being copied on this node, by volume. A hydration that was told goes on after a restart.
final class Hydrations implements AutoCloseable {
    private static final String KIND = "hydration";
    private static final HydrationReport COMPLETE =
            HydrationReport.newBuilder().setState(HydrationState.HYDRATION_COMPLETE).build();

    private final Told told;
    private final Clock clock;
    private final Map<String, Overlay> overlays = new ConcurrentHashMap<>();
    private final Map<String, Hydrator> running = new ConcurrentHashMap<>();
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final Consumer<String> completed;

    /// @param completed told of each volume whose source was dropped, on the thread that copied and without a lock of this class
    Hydrations(Told told, Clock clock, Consumer<String> completed) {
        this.told = told;
        this.clock = clock;
        this.completed = completed;
    }

    /// An overlay was opened: it could be hydrated.
    void opened(String volume, Overlay overlay) {
        overlays.put(volume, overlay);
    }

    /// Goes on with what was told before.
    void reopen() {
        told.all(KIND, HydrateVolume.parser()).forEach(this::start);
    }

    synchronized HydrationReport hydrate(HydrateVolume wanted) {
        told.put(KIND, wanted.getVolume(), wanted);
        start(wanted);
        return report(wanted.getVolume());
    }

    private void start(HydrateVolume wanted) {
        asked.add(wanted.getVolume());
        @Nullable Hydrator present = running.get(wanted.getVolume());
        @Nullable Overlay overlay = overlays.get(wanted.getVolume());
        if (present != null) {
            present.rate(wanted.getBytesPerSecond());
        } else if (overlay != null) {
            running.put(
                    wanted.getVolume(),
                    Hydrator.start(
                            overlay,
                            clock,
                            wanted.getBytesPerSecond(),
                            () -> completed.accept(wanted.getVolume())));
        }
    }

    /// Before the volume's files are closed.
    synchronized void closing(String volume) {
        overlays.remove(volume);
        @Nullable Hydrator present = running.remove(volume);
        if (present != null) {
            present.close();
        }
    }

    synchronized void forget(String volume) {
        closing(volume);
        asked.remove(volume);
        told.remove(KIND, volume);
    }

    /// A volume without a source has nothing to copy, one with a source that nobody asked to copy is UNSPECIFIED.
    HydrationReport report(String volume) {
        @Nullable Hydrator hydrator = running.get(volume);
        @Nullable Overlay overlay = overlays.get(volume);
        if (hydrator == null) {
            return overlay == null ? COMPLETE : idle(overlay);
        }
        Hydrator.Status status = hydrator.status();
        return HydrationReport.newBuilder()
                .setState(
                        switch (status.state()) {
                            case COPYING, STOPPED -> HydrationState.HYDRATION_COPYING;
                            case WAITING -> HydrationState.HYDRATION_WAITING;
                            case COMPLETE -> HydrationState.HYDRATION_COMPLETE;
                            case FAILED -> HydrationState.HYDRATION_FAILED;
                        })
                .setDoneBytes(status.doneBytes())
                .setTotalBytes(status.totalBytes())
                .setSecondsLeft(status.secondsLeft())
                .setTrouble(status.trouble())
                .build();
    }

    private static HydrationReport idle(Overlay overlay) {
        return HydrationReport.newBuilder()
                .setDoneBytes(overlay.adoptedBytes())
                .setTotalBytes(overlay.size())
                .setSecondsLeft(-1)
                .build();
    }

    /// Whether it is open here and needs no source.
    boolean isComplete(String volume) {
        return report(volume).getState() == HydrationState.HYDRATION_COMPLETE;
    }

    /// Whether there is anything to tell: it has a source, or had one.
    boolean has(String volume) {
        return overlays.containsKey(volume) || asked.contains(volume);
    }

    @Override
    public synchronized void close() {
        running.values().forEach(Hydrator::close);
        running.clear();
    }
}

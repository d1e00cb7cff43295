// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Stops a region from its guests down: machines by asking, then nodes, then what they left, last the control plane.
///
/// Each stage is bounded, and what does not answer is ended: after [#run()] nothing of the region is alive.
record Shutdown(
        Home home, RegionRecord record, Supplier<ControlPlane> control, Consumer<String> progress) {
    private static final Duration MACHINES = Duration.ofSeconds(30);
    private static final Duration NODE = Duration.ofSeconds(15);
    private static final Duration CONTROL = Duration.ofSeconds(30);
    private static final Duration LEFT_OVER = Duration.ofSeconds(10);
    private static final Duration KILLED = Duration.ofSeconds(5);

    void run() throws IOException {
        stopMachines();
        for (RegionRecord.Part node : record.nodes()) {
            stop(node, NODE);
        }
        for (RegionRecord.Part node : record.nodes()) {
            endLeftOvers(record.id() + "/" + node.zone(), home.zone(node.zone()));
        }
        for (RegionRecord.Part part : record.parts()) {
            if (part.zone().isEmpty()) {
                stop(part, CONTROL);
            }
        }
        endLeftOvers(record.id(), home.path());
    }

    /// A guest that is told to shut down keeps its file systems clean; one that does not obey in time is ended later.
    private void stopMachines() {
        boolean nobodyToAsk =
                record.part(RegionRecord.CONTROL).filter(part -> part.process().alive()).isEmpty();
        if (nobodyToAsk) {
            return;
        }
        try {
            control.get().stopMachines(MACHINES, progress);
        } catch (FaultException e) {
            progress.accept("machines could not be asked to stop: " + e.fault().message());
        }
    }

    private void stop(RegionRecord.Part part, Duration limit) {
        HostProcess process = part.process();
        if (process.alive()) {
            progress.accept("stopping " + part.words());
            process.signal("TERM");
            process.signal("CONT"); // one that was paused hears it too
            if (!process.awaitEnd(limit)) {
                progress.accept(
                        part.words() + " did not stop within " + limit.toSeconds() + " s: killed");
                kill(process);
            }
        }
    }

    private void endLeftOvers(String mark, Path programs) throws IOException {
        List<HostProcess> left = HostProcess.belongingTo(Region.MARK, mark, programs);
        for (HostProcess process : left) {
            progress.accept("ending " + process.words());
            process.signal("TERM");
            process.signal("CONT");
        }
        long deadline = System.nanoTime() + LEFT_OVER.toNanos();
        for (HostProcess process : left) {
            if (!process.awaitEnd(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
                kill(process);
            }
        }
    }

    private static void kill(HostProcess process) {
        process.signal("KILL");
        if (!process.awaitEnd(KILLED)) {
            throw new FaultException(new LauncherFault.StillAlive(List.of(process.words())));
        }
    }
}

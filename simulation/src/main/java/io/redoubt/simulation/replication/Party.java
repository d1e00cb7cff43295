// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import org.jspecify.annotations.Nullable;

/// A host with its process, which dies, is started again, and stands still at times.
final class Party<P> {
    final SimHost host;
    private final SimTime time;
    private final Runnable died;
    private @Nullable P process;
    private long pausedUntil;

    /// @param died runs when the process was killed in a step
    Party(SimHost host, SimTime time, Runnable died) {
        this.host = host;
        this.time = time;
        this.died = died;
    }

    /// Null while it is dead.
    @Nullable P process() {
        return process;
    }

    /// Null while it is dead or stands still.
    @Nullable P running() {
        return pausedFor() == 0 ? process : null;
    }

    void started(P anew) {
        process = anew;
    }

    void gone() {
        process = null;
    }

    void pause(long nanos) {
        pausedUntil = time.nanos() + nanos;
    }

    long pausedFor() {
        return Math.max(0, pausedUntil - time.nanos());
    }

    /// Runs a step of the process.
    ///
    /// @return false when the process died in it
    boolean run(Runnable step) {
        try {
            step.run();
            return true;
        } catch (ProcessKilled _) {
            died.run();
            return false;
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A host: directories, a clock, and the moment at which its process dies.
///
/// A fault is drawn beforehand: [#killAfter] lets the n-th disk call from now throw [ProcessKilled], before or in the middle of its effect;
/// [#killAtSync] the n-th sync, the moment between what was written and what is durable.
/// Then the test calls [#restartProcess] or [#powerLoss] and starts the code under test anew.
public final class SimHost {
    private final SplittableRandom random;
    private final Map<String, SimDisk> disks = new LinkedHashMap<>();
    private final SimClock clock;
    private final SyncLedger syncs;
    private long callsUntilKill = Long.MAX_VALUE;
    private long syncsUntilKill = Long.MAX_VALUE;
    private int life;
    private int boot = 1;
    private long capacity = Long.MAX_VALUE;
    private boolean wholeSectors;
    private @Nullable Consumer<String> duringSync;

    public SimHost(SplittableRandom random, SimTime time) {
        this(random, time, new SyncLedger());
    }

    public SimHost(SplittableRandom random, SimTime time, SyncLedger syncs) {
        this.random = random;
        this.clock = new SimClock(time, () -> "boot-" + boot);
        this.syncs = syncs;
    }

    public SimDisk disk(String name) {
        return disks.computeIfAbsent(name, n -> new SimDisk(n, this, random.split(), syncs));
    }

    /// From now on all directories of the host together may hold this many bytes: they are on one file system.
    public void capacity(long bytes) {
        capacity = bytes;
    }

    /// What the file system still has for its directories.
    public long freeBytes() {
        return capacity == Long.MAX_VALUE
                ? capacity
                : Math.max(0, capacity - disks.values().stream().mapToLong(SimDisk::used).sum());
    }

    public SimClock clock() {
        return clock;
    }

    /// Lets the process die at the n-th disk call from now.
    public void killAfter(long calls) {
        callsUntilKill = calls;
    }

    /// Lets the process die at the n-th sync from now, before it has any effect.
    public void killAtSync(long syncs) {
        syncsUntilKill = syncs;
    }

    /// Runs whenever a file was synced, with the file's name, before the call returns: here a test lets somebody else come in between.
    public void duringSync(@Nullable Consumer<String> then) {
        duringSync = then;
    }

    void synced(String file) {
        Consumer<String> then = duringSync;
        if (then != null) {
            then.accept(file);
        }
    }

    /// No death is drawn any more.
    public void spare() {
        callsUntilKill = Long.MAX_VALUE;
        syncsUntilKill = Long.MAX_VALUE;
    }

    /// The process is gone; everything written stays. Handles of the old life are dead.
    public void restartProcess() {
        life++;
        spare();
        disks.values().forEach(SimDisk::unmap);
    }

    /// The host loses its power: what no sync covered is there, or not, or in pieces.
    public void powerLoss() {
        restartProcess();
        boot++;
        clock.reboot();
        disks.values().forEach(SimDisk::losePower);
    }

    /// From now on the disks write a sector as a whole or not at all, as disks say of themselves.
    public void wholeSectors() {
        wholeSectors = true;
    }

    boolean sectorsAreWhole() {
        return wholeSectors;
    }

    int life() {
        return life;
    }

    /// Counts a disk call of this life.
    ///
    /// @return whether the process must die in it
    boolean dies() {
        return --callsUntilKill <= 0;
    }

    /// Like [#dies], for a sync.
    boolean diesAtSync() {
        boolean now = --syncsUntilKill <= 0;
        return dies() || now;
    }

    /// Where half-done calls are torn.
    SplittableRandom random() {
        return random;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A directory that forgets: after a power loss every name and every sector that no returned sync covers is old, new or torn.
public final class SimDisk implements Disk {
    private final String name;
    private final SimHost host;
    private final SplittableRandom random;
    private final SyncLedger syncs;
    private Map<String, SimInode> names = new TreeMap<>();
    private Map<String, SimInode> durableNames = new TreeMap<>();
    private long capacity = Long.MAX_VALUE;

    SimDisk(String name, SimHost host, SplittableRandom random, SyncLedger syncs) {
        this.name = name;
        this.host = host;
        this.random = random;
        this.syncs = syncs;
    }

    /// From now on the files together may hold this many bytes.
    public void capacity(long bytes) {
        capacity = bytes;
    }

    /// Bytes in use.
    public long used() {
        return names.values().stream().mapToLong(SimInode::room).sum();
    }

    /// Turns one bit of a file, as a failing device does: of what is read, and of what is durable.
    ///
    /// @return false when the file ends before it
    public boolean flip(String file, long bit) {
        return require(file).flip((int) (bit / 8), 1 << (bit % 8));
    }

    @Override
    public DiskFile open(String file) {
        step("open " + file);
        return new SimFile(this, file, require(file));
    }

    @Override
    public DiskFile create(String file) {
        step("create " + file);
        if (names.containsKey(file)) {
            throw new FaultException(new DiskFault.Exists(file));
        }
        var inode = new SimInode();
        names.put(file, inode);
        return new SimFile(this, file, inode);
    }

    @Override
    public boolean exists(String file) {
        return names.containsKey(file);
    }

    @Override
    public List<String> list() {
        return new ArrayList<>(names.keySet());
    }

    @Override
    public void rename(String from, String to) {
        step("rename " + from);
        SimInode inode = require(from);
        names.remove(from);
        names.put(to, inode);
    }

    @Override
    public void delete(String file) {
        step("delete " + file);
        names.remove(file);
    }

    @Override
    public void sync() {
        syncStep("sync directory");
        if (syncs.counts()) {
            durableNames = new TreeMap<>(names);
        }
    }

    @Override
    public long freeBytes() {
        return Math.max(0, Math.min(capacity - used(), host.freeBytes()));
    }

    /// Dies here when the host's time has come.
    void step(String call) {
        if (host.dies()) {
            throw new ProcessKilled(name + ": " + call);
        }
    }

    void syncStep(String call) {
        if (host.diesAtSync()) {
            throw new ProcessKilled(name + ": " + call);
        }
    }

    /// Like [#step], for a write that may be half done when the process dies.
    ///
    /// @return how many of the bytes still arrive, or all
    int arrive(long offset, int length) {
        if (!host.dies()) {
            return length;
        }
        int arrived = length == 0 ? 0 : random.nextInt(length + 1);
        if (host.sectorsAreWhole() && arrived < length) {
            long end = (offset + arrived) / SimInode.SECTOR * SimInode.SECTOR;
            arrived = (int) Math.max(0, end - offset);
        }
        return -1 - arrived;
    }

    void makeRoom(String file, long more) {
        if (more > freeBytes()) {
            throw new FaultException(new DiskFault.Full(name + "/" + file, more, freeBytes()));
        }
    }

    boolean syncCounts() {
        return syncs.counts();
    }

    int life() {
        return host.life();
    }

    void synced(String file) {
        host.synced(file);
    }

    void unmap() {
        names.values().forEach(SimInode::unmap);
    }

    void losePower() {
        var after = new TreeMap<String, SimInode>();
        var touched = new TreeSet<String>(names.keySet());
        touched.addAll(durableNames.keySet());
        for (String each : touched) {
            @Nullable SimInode now = names.get(each);
            @Nullable SimInode then = durableNames.get(each);
            @Nullable SimInode kept = now == then || random.nextBoolean() ? now : then;
            if (kept != null) {
                after.put(each, kept);
            }
        }
        after.values().stream()
                .distinct()
                .forEach(i -> i.losePower(random, host.sectorsAreWhole()));
        names = after;
        durableNames = new TreeMap<>(after);
    }

    private SimInode require(String file) {
        SimInode inode = names.get(file);
        if (inode == null) {
            throw new FaultException(new DiskFault.Missing(file));
        }
        return inode;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// An open handle; it dies with the life of the process that opened it.
final class SimFile implements DiskFile {
    private final SimDisk disk;
    private final String name;
    private final SimInode inode;
    private final int life;

    SimFile(SimDisk disk, String name, SimInode inode) {
        this.disk = disk;
        this.name = name;
        this.inode = inode;
        this.life = disk.life();
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        alive();
        inode.refresh();
        int from = (int) Math.min(offset, inode.size);
        int count = Math.min(into.remaining(), inode.size - from);
        into.put(inode.bytes, from, count);
        return count;
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        alive();
        byte[] data = new byte[from.remaining()];
        from.get(data);
        long growth = Math.max(0, offset + data.length - inode.size);
        long more = growth + inode.holeBytes(offset, data.length);
        if (more > 0) {
            disk.makeRoom(name, more);
        }
        int arrived = disk.arrive(offset, data.length);
        if (arrived < 0) {
            inode.write((int) offset, data, -1 - arrived);
            throw new ProcessKilled("in a write to " + name);
        }
        inode.write((int) offset, data, data.length);
    }

    @Override
    public void sync() {
        alive();
        disk.syncStep("sync " + name);
        if (disk.syncCounts()) {
            inode.sync();
        }
        disk.synced(name);
    }

    @Override
    public long size() {
        alive();
        return inode.size;
    }

    @Override
    public void allocate(long size) {
        alive();
        disk.step("allocate " + name);
        if (size > inode.size) {
            disk.makeRoom(name, size - inode.size);
            inode.grow((int) size);
        }
    }

    @Override
    public void allocate(long offset, long length) {
        alive();
        disk.step("allocate " + name);
        disk.makeRoom(name, inode.holeBytes(offset, length));
        inode.fill(offset, length);
    }

    @Override
    public void punch(long offset, long length) {
        alive();
        disk.step("punch " + name);
        inode.punch((int) offset, (int) length);
    }

    @Override
    public long room() {
        alive();
        return inode.room();
    }

    @Override
    public void truncate(long size) {
        alive();
        disk.step("truncate " + name);
        inode.truncate((int) size);
    }

    @Override
    public void zero(long offset, long length) {
        write(offset, ByteBuffer.allocate((int) length));
    }

    @Override
    public MemorySegment map(long size) {
        alive();
        long more = Math.max(0, size - inode.size) + inode.holeBytes(0, size);
        if (more > 0) {
            disk.makeRoom(name, more);
        }
        return inode.map((int) size).asSlice(0, size);
    }

    @Override
    public void close() {}

    private void alive() {
        if (life != disk.life()) {
            throw new ProcessKilled(name + " belongs to a process that is dead");
        }
    }
}

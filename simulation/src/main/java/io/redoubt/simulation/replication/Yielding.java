// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.simulation.machine.Turns;
import io.redoubt.storage.block.BlockDevice;
import java.nio.ByteBuffer;

/// A disk that takes its time: before, in the middle and after whatever it does somebody else may have a turn.
record Yielding(BlockDevice disk) implements BlockDevice {
    @Override
    public long size() {
        return disk.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        int end = into.limit();
        int middle = into.position() + into.remaining() / 1024 * 512;
        Turns.pass();
        if (middle > into.position()) {
            int first = middle - into.position();
            disk.read(offset, into.limit(middle));
            Turns.pass();
            disk.read(offset + first, into.limit(end));
        } else {
            disk.read(offset, into);
        }
        Turns.pass();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        int end = from.limit();
        int middle = from.position() + from.remaining() / 1024 * 512;
        Turns.pass();
        if (middle > from.position()) {
            int first = middle - from.position();
            disk.write(offset, from.limit(middle));
            Turns.pass();
            disk.write(offset + first, from.limit(end));
        } else {
            disk.write(offset, from);
        }
        Turns.pass();
    }

    @Override
    public void zero(long offset, long length) {
        Turns.pass();
        disk.zero(offset, length);
        Turns.pass();
    }

    @Override
    public void flush() {
        Turns.pass();
        disk.flush();
    }

    @Override
    public void close() {
        disk.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;

/// The file that holds a datastore's free room, so that nobody else on the file system can take it. Its content means nothing.
///
/// Room changes hands in two steps, and a crash between them leaves either too much in the file or too little; [Datastore#open] puts it
/// right from the files that are there. As long as the file system has room besides, the receiver gets his first, so the
/// datastore never holds less than it should. Only on a file system that something else has filled to the last block is
/// the giver first; what a stranger grabs in between (a slice at most, each time) is missing, reported, and taken back once there is room.
final class Reserve implements AutoCloseable {
    static final String FILE = "datastore.reserve";
    private static final int BLOCK = 4096;

    private final DiskFile file;
    private long size;

    private Reserve(DiskFile file) {
        this.file = file;
        this.size = file.size();
    }

    static Reserve create(Disk disk) {
        disk.delete(FILE); // what an earlier crash left
        return new Reserve(disk.create(FILE));
    }

    static Reserve open(Disk disk) {
        return new Reserve(disk.exists(FILE) ? disk.open(FILE) : disk.create(FILE));
    }

    long size() {
        return size;
    }

    /// @throws FaultException with [DiskFault.Full] and nothing changed
    void growTo(long wanted) {
        if (wanted > size) {
            file.allocate(wanted);
            size = wanted;
        }
    }

    void shrinkTo(long wanted) {
        if (wanted < size) {
            file.truncate(wanted);
            size = wanted;
        }
    }

    /// Grows as far as the file system lets it, a slice at a time once the whole does not fit, and to the last block.
    void growTowards(long wanted, long slice) {
        try {
            if (size < wanted) {
                growTo(wanted);
            }
        } catch (FaultException whole) {
            requireFull(whole);
            for (long step = slice; step >= BLOCK && size < wanted; ) {
                try {
                    growTo(Math.min(wanted, size + step));
                } catch (FaultException piece) {
                    requireFull(piece);
                    step /= 2;
                }
            }
        }
    }

    void sync() {
        file.sync();
    }

    @Override
    public void close() {
        file.close();
    }

    static void requireFull(FaultException e) {
        if (!(e.fault() instanceof DiskFault.Full)) {
            throw e;
        }
    }
}

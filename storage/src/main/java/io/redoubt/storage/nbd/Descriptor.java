// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

/// A socket's number, which is shut down by whoever wants to end it and closed by its one owner: the kernel gives a closed number to
/// the next socket that is opened, so nobody may touch it after that.
final class Descriptor {
    private final int number;
    private boolean closed; // guarded by this

    Descriptor(int number) {
        this.number = number;
    }

    /// For the owner, until it closes it.
    int number() {
        return number;
    }

    /// Wakes the owner, wherever it waits. Repeatable.
    synchronized void shutDown() {
        if (!closed) {
            int _ = SocketCalls.shutdown(number); // ENOTCONN: the peer was first
        }
    }

    synchronized void close() {
        if (!closed) {
            closed = true;
            int _ = SocketCalls.close(number);
        }
    }
}

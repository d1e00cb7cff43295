// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.ReentrantLock;

/// The way back to a peer. Both threads of a connection collect whole replies in buffers of their own and send them here.
final class Outbox {
    private final SocketChannel channel;
    private final Patience patience;
    private final ReentrantLock sending = new ReentrantLock();

    Outbox(SocketChannel channel, Patience patience) {
        this.channel = channel;
        this.patience = patience;
    }

    /// Sends what is collected, all of it, and empties the buffer.
    void send(ByteBuffer replies) throws IOException {
        replies.flip();
        if (replies.hasRemaining()) {
            sending.lock();
            try {
                patience.begin();
                while (replies.hasRemaining()) {
                    channel.write(replies);
                }
            } finally {
                patience.end();
                sending.unlock();
            }
        }
        replies.clear();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/// The way back to a peer. Both threads of a connection collect whole replies in buffers of their own and send them here.
final class Outbox {
    /// Taken by the peer within its patience.
    private static final long PIECE = 1 << 20;

    private final Link link;
    private final Patience patience;
    private final ReentrantLock sending = new ReentrantLock();

    Outbox(Link link, Patience patience) {
        this.link = link;
        this.patience = patience;
    }

    /// Whether the kernel can send files on this way.
    boolean takesFiles() {
        return link.descriptor() >= 0;
    }

    /// Sends what is collected, which ends with the head of a reply, and then the data of that reply straight from the image's file.
    /// Where the image changed its mind since it was asked, the rest is read and sent.
    ///
    /// @throws IOException also for a refusal of the image: the head has promised the data, so the connection cannot go on
    void send(ByteBuffer replies, BlockImage image, long offset, long length) throws IOException {
        replies.flip();
        sending.lock();
        try {
            patience.begin();
            link.write(replies);
            replies.clear();
            long done = 0;
            while (done < length) {
                patience.begin();
                long piece = Math.min(PIECE, length - done);
                long count = takesFiles() ? image.send(offset + done, piece, link.descriptor()) : 0;
                if (count <= 0) {
                    replies.clear().limit((int) Math.min(replies.capacity(), piece));
                    count = replies.remaining();
                    image.read(offset + done, replies);
                    link.write(replies.flip());
                }
                done += count;
            }
        } catch (FaultException e) {
            throw new IOException("a read failed in the middle of its reply", e);
        } finally {
            patience.end();
            sending.unlock();
        }
        replies.clear();
    }

    /// Sends what is collected, all of it, and empties the buffer.
    void send(ByteBuffer replies) throws IOException {
        replies.flip();
        if (replies.hasRemaining()) {
            sending.lock();
            try {
                patience.begin();
                link.write(replies);
            } finally {
                patience.end();
                sending.unlock();
            }
        }
        replies.clear();
    }
}

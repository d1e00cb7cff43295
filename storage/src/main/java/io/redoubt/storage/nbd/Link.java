// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The bytes between a peer and us, over whatever kind of socket. One thread reads, and one at a time writes.
interface Link extends AutoCloseable {
    /// What a link is worth before a word was said.
    enum Secrecy {
        /// The file system decides who may connect.
        LOCAL,
        /// Nothing but the start of TLS is answered.
        WANTED,
        /// TLS 1.3, both ends with certificates.
        TLS
    }

    Secrecy secrecy();

    /// Begins TLS as the server, on a link whose secrecy is WANTED. Nothing of what follows may have been received yet.
    default void startTls() throws IOException {
        throw new IOException("this link has no TLS");
    }

    /// Waits for bytes and takes as many as there are room for.
    ///
    /// @param into direct
    /// @return how many, or -1 when the peer, or [#cut()], ended the stream
    int read(ByteBuffer into) throws IOException;

    /// Takes what is there, without waiting; only on a link with a [#descriptor()].
    ///
    /// @return how many bytes, 0 for none yet, or -1 as [#read] does
    default int poll(ByteBuffer into) throws IOException {
        throw new UnsupportedOperationException("a link without a descriptor");
    }

    /// Whether the peer has yet to take some of what was sent; only on a link with a [#descriptor()].
    default boolean hasUntaken() throws IOException {
        throw new UnsupportedOperationException("a link without a descriptor");
    }

    /// Sends all of it.
    ///
    /// @param from direct
    void write(ByteBuffer from) throws IOException;

    /// The socket itself, for the kernel to send files to; negative when bytes must pass through [#write].
    default int descriptor() {
        return -1;
    }

    /// How long a [#read] and each part of a [#write] wait; 0, as at the beginning, for as long as it takes.
    ///
    /// A wait that took longer ends with [java.net.SocketTimeoutException].
    void millisMax(int millis) throws IOException;

    /// Ends the stream for both sides, from any thread and at any time. Does not wait.
    void cut();

    /// Frees it; only when no thread is in [#read] or [#write] any more.
    @Override
    void close();
}

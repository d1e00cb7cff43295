// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A listening Unix socket.
final class UnixListener implements Listener {
    /// A large read fits, so that we do not wait for the peer to take its first part.
    private static final int SEND_ROOM = 512 << 10;

    private final Path path;
    private final Descriptor descriptor;
    private volatile boolean stopped;

    UnixListener(Path path, int descriptor) {
        this.path = path;
        this.descriptor = new Descriptor(descriptor);
    }

    Path path() {
        return path;
    }

    @Override
    public Link accept() throws IOException {
        int peer = stopped ? -1 : SocketCalls.accept(descriptor.number());
        if (stopped) {
            if (peer >= 0) {
                int _ = SocketCalls.close(peer);
            }
            descriptor.close();
            throw new ClosedChannelException();
        }
        if (peer < 0) {
            throw new IOException(SocketCalls.text(-peer));
        }
        int _ = SocketCalls.sendRoom(peer, SEND_ROOM); // without it we are only slower
        return new UnixStream(peer);
    }

    @Override
    public void stop() {
        if (!stopped) {
            stopped = true;
            descriptor.shutDown();
            try {
                Files.deleteIfExists(path);
            } catch (IOException _) {
                // the next server to listen there replaces it
            }
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}

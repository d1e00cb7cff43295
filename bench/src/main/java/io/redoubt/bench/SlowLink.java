// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/// A link between two ports of loopback that carries so many bytes a second towards the receiver.
final class SlowLink implements AutoCloseable {
    private static final int PIECE = 16 << 10;
    private static final int BUFFER = 64 << 10; // what waits in a socket must not hide the rate

    private final ServerSocket listener;
    private final int to;
    private final long bytesPerSecond;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    SlowLink(int to, long bytesPerSecond) {
        try {
            listener = new ServerSocket();
            listener.setReceiveBufferSize(BUFFER);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.to = to;
        this.bytesPerSecond = bytesPerSecond;
        Thread.ofPlatform().daemon().name("slow-link").start(this::acceptForEver);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void acceptForEver() {
        while (!listener.isClosed()) {
            try {
                Socket near = listener.accept();
                Socket far = new Socket(InetAddress.getLoopbackAddress(), to);
                open.add(near);
                open.add(far);
                carry(near, far, bytesPerSecond);
                carry(far, near, Long.MAX_VALUE);
            } catch (IOException _) {
                LockSupport.parkNanos(1_000_000); // closed, or nobody listens there
            }
        }
    }

    private static void carry(Socket from, Socket to, long rate) {
        Thread.ofPlatform()
                .daemon()
                .name("slow-link")
                .start(() -> {
                    try (from;
                            to;
                            InputStream in = from.getInputStream();
                            OutputStream out = to.getOutputStream()) {
                        byte[] piece = new byte[PIECE];
                        long freeAt = System.nanoTime();
                        for (int count = in.read(piece); count > 0; count = in.read(piece)) {
                            if (rate < Long.MAX_VALUE) {
                                freeAt =
                                        Math.max(freeAt, System.nanoTime())
                                                + count * 1_000_000_000L / rate;
                                LockSupport.parkNanos(freeAt - System.nanoTime());
                            }
                            out.write(piece, 0, count);
                        }
                    } catch (IOException _) {
                        // Either side ended.
                    }
                });
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket each : open) {
                each.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

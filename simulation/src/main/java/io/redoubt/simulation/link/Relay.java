// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.link;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A link that can be slowed, delayed and cut: a TCP proxy, since not every kernel can do this to a real one.
public final class Relay implements Closeable {
    private static final int CONNECT_MILLIS_MAX = 2_000;
    private static final int BACKLOG = 16;

    private final InetSocketAddress here;
    private final InetSocketAddress there;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile long bytesPerSecond = Long.MAX_VALUE;
    private volatile long delayNanos;
    private @Nullable Listening listening;

    private record Listening(ServerSocket socket, Thread thread) {}

    /// @param here  where the source connects to
    /// @param there where the receiver listens
    public Relay(InetSocketAddress here, InetSocketAddress there) throws IOException {
        this.here = here;
        this.there = there;
        heal();
    }

    /// Of each direction.
    public void rate(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /// From source to receiver. What is on its way already obeys the new delay, too.
    public void delay(long millis) {
        delayNanos = millis * 1_000_000;
    }

    /// Closes every connection; new ones are refused.
    public synchronized void cut() throws IOException {
        Listening before = listening;
        listening = null;
        if (before != null) {
            before.socket.close();
        }
        closeAll();
        if (before != null) {
            end(before.thread);
            closeAll(); // it may have taken one more
        }
    }

    private void closeAll() {
        open.forEach(Relay::close);
        open.clear();
    }

    /// The kernel gives the port free once nobody waits at it any more.
    private static void end(Thread accepting) {
        try {
            accepting.join(CONNECT_MILLIS_MAX);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Takes connections again.
    public synchronized void heal() throws IOException {
        if (listening == null) {
            var made = new ServerSocket();
            made.setReuseAddress(true);
            made.bind(here, BACKLOG);
            Thread thread =
                    Thread.ofPlatform().name("relay").daemon().start(() -> acceptFrom(made));
            listening = new Listening(made, thread);
        }
    }

    private void acceptFrom(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                join(from.accept());
            } catch (IOException e) {
                // The receiver is away, or the link was cut: the source sees a closed connection.
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private void join(Socket near) throws IOException {
        open.add(near);
        var far = new Socket();
        open.add(far);
        Runnable end =
                () -> {
                    close(near);
                    close(far);
                    open.remove(near);
                    open.remove(far);
                };
        try {
            far.connect(there, CONNECT_MILLIS_MAX);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            new RelayPipe(near, far, () -> delayNanos, () -> bytesPerSecond, end).start();
            new RelayPipe(far, near, () -> 0, () -> bytesPerSecond, end).start();
        } catch (IOException e) {
            end.run();
            throw e;
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone either way.
        }
    }

    @Override
    public void close() throws IOException {
        cut();
    }
}

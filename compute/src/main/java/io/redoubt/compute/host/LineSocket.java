// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import io.redoubt.core.fault.FaultException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Lines of text over a Unix socket, as QEMU's monitor and the guest agent speak them.
///
/// A byte FF starts the line anew: the agent sends it to mark where its answers begin again.
public final class LineSocket implements AutoCloseable {
    /// What `sockaddr_un` has room for, without its final zero.
    public static final int PATH_BYTES_MAX = 107;

    private static final int LINE_BYTES_MAX = 16 << 20;
    private static final int READ_BYTES = 16 << 10;
    private static final int RESET = 0xFF;

    private final Path path;
    private final SocketChannel channel;

    private LineSocket(Path path, SocketChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /// @throws FaultException with [HostFault.SocketPathTooLong]
    public static Path requireShort(Path socket) {
        int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new FaultException(
                    new HostFault.SocketPathTooLong(socket, bytes, PATH_BYTES_MAX));
        }
        return socket;
    }

    /// Connects once, then gives each line to `lines` and the end to `ended`, on a thread of its own.
    ///
    /// @throws FaultException with [HostFault.NoPeer] when nobody listens
    public static LineSocket connect(Path path, Consumer<String> lines, Runnable ended) {
        requireShort(path);
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            closeQuietly(channel);
            throw new FaultException(new HostFault.NoPeer(path, String.valueOf(e.getMessage())), e);
        }
        var socket = new LineSocket(path, channel);
        Thread.ofVirtual().name("lines of " + path).start(() -> socket.read(lines, ended));
        return socket;
    }

    /// Sends the text and a line end as one message.
    ///
    /// @throws FaultException with [HostFault.NoPeer] when the other side is gone
    public synchronized void send(String line) {
        send(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /// Sends the byte that makes the other side forget an unfinished line.
    public synchronized void sendReset() {
        send(ByteBuffer.wrap(new byte[] {(byte) RESET}));
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private void send(ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new FaultException(new HostFault.NoPeer(path, String.valueOf(e.getMessage())), e);
        }
    }

    private void read(Consumer<String> lines, Runnable ended) {
        var line = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    take(buffer.get(), line, lines);
                }
            }
        } catch (IOException e) {
            // The same as an end: whoever waits is told, and asks the process itself how it ended.
        } finally {
            closeQuietly(channel);
            ended.run();
        }
    }

    private static void take(byte next, ByteArrayOutputStream line, Consumer<String> lines)
            throws IOException {
        if ((next & 0xFF) == RESET) {
            line.reset();
        } else if (next == '\n') {
            lines.accept(line.toString(StandardCharsets.UTF_8).strip());
            line.reset();
        } else if (line.size() == LINE_BYTES_MAX) {
            throw new IOException("a line of more than " + LINE_BYTES_MAX + " bytes");
        } else {
            line.write(next);
        }
    }

    private static void closeQuietly(@org.jspecify.annotations.Nullable SocketChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing can be done about it, and nothing depends on it.
            }
        }
    }
}

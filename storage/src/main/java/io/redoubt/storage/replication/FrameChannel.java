// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/// Frames over a socket. One thread reads; any thread sends.
final class FrameChannel implements Closeable {
    private static final int SILENCE_MILLIS_MAX = 10_000;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final ReentrantLock sending = new ReentrantLock();
    private final Outbox outbox = new Outbox(this);
    private ByteBuffer unpacked = ByteBuffer.allocate(0);

    /// @param socket closed with the channel; a peer that says nothing for 10 s is taken for dead
    FrameChannel(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(SILENCE_MILLIS_MAX);
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 256 << 10));
        this.out = socket.getOutputStream();
    }

    /// @throws FaultException with [StreamFault.Garbled] when what comes is no frame
    Frame receive() throws IOException {
        if (unpacked.hasRemaining()) {
            return nextUnpacked();
        }
        byte[] prefix = new byte[FrameCodec.PREFIX];
        in.readFully(prefix);
        ByteBuffer head = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN);
        int length = head.getInt();
        boolean packed = Packed.is(length);
        byte[] body = new byte[packed ? packedLength(length) : plainLength(length)];
        in.readFully(body);
        if (packed) {
            unpacked = Packed.unpack(body, head.getInt());
            return nextUnpacked();
        }
        return FrameCodec.decode(ByteBuffer.wrap(body), head.getInt());
    }

    private Frame nextUnpacked() {
        if (unpacked.remaining() < FrameCodec.PREFIX) {
            throw new FaultException(new StreamFault.Garbled("packed frames end within one"));
        }
        int length = plainLength(unpacked.getInt());
        int crc = unpacked.getInt();
        if (length > unpacked.remaining()) {
            throw new FaultException(new StreamFault.Garbled("packed frames end within one"));
        }
        ByteBuffer body = unpacked.slice(unpacked.position(), length);
        unpacked.position(unpacked.position() + length);
        return FrameCodec.decode(body, crc);
    }

    private static int plainLength(int length) {
        return bounded(length, FrameCodec.FRAME_BYTES_MAX);
    }

    private static int packedLength(int length) {
        return bounded(Packed.bodyLength(length), Packed.RAW_BYTES_MAX);
    }

    private static int bounded(int length, int max) {
        if (length <= 0 || length > max) {
            throw new FaultException(new StreamFault.Garbled("a frame of " + length + " bytes"));
        }
        return length;
    }

    /// Whether another frame has begun to arrive.
    boolean more() throws IOException {
        return unpacked.hasRemaining() || in.available() >= FrameCodec.PREFIX;
    }

    /// Sends it later, in order with whatever was posted, but for acks (see [Outbox]). Never waits for the link.
    ///
    /// @throws IOException when the connection ended
    void post(Frame frame) throws IOException {
        outbox.put(frame);
    }

    /// Waits until everything that was posted went out, for so long at most.
    void drain(Duration max) {
        outbox.drain(max);
    }

    void send(Frame frame) throws IOException {
        send(FrameCodec.encode(frame));
    }

    /// Whole frames, already encoded.
    void send(ByteBuffer encoded) throws IOException {
        sending.lock();
        try {
            out.write(
                    encoded.array(),
                    encoded.arrayOffset() + encoded.position(),
                    encoded.remaining());
            out.flush();
        } finally {
            sending.unlock();
        }
    }

    /// Does not wait for the link, either.
    @Override
    public void close() {
        if (!outbox.close()) {
            closeSocket();
            return;
        }
        // A peer that does not listen holds the thread that sends, and TLS would wait for it to say
        // goodbye.
        Thread.ofPlatform()
                .name("stream-close")
                .daemon()
                .start(() -> {
                    try {
                        socket.setSoLinger(true, 0);
                    } catch (IOException _) {
                        // It is closed already.
                    }
                    closeSocket();
                });
    }

    private void closeSocket() {
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone either way.
        }
    }
}

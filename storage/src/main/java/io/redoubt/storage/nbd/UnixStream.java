// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;

/// A connected Unix socket, in the plainest system calls.
final class UnixStream implements Link {
    private final Descriptor descriptor;
    private final MemorySegment value = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);

    UnixStream(int descriptor) {
        this.descriptor = new Descriptor(descriptor);
    }

    @Override
    public Secrecy secrecy() {
        return Secrecy.LOCAL;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int count = receive(into, true);
        if (count == -SocketCalls.EAGAIN) {
            throw new SocketTimeoutException("no answer in time");
        }
        return count;
    }

    @Override
    public int poll(ByteBuffer into) throws IOException {
        int count = receive(into, false);
        return count == -SocketCalls.EAGAIN ? 0 : count;
    }

    @Override
    public boolean hasUntaken() throws IOException {
        int result = SocketCalls.untaken(descriptor.number(), value);
        if (result < 0) {
            throw new IOException(SocketCalls.text(-result));
        }
        return result > 0;
    }

    /// @return -1 for the end, [SocketCalls#EAGAIN] negated for nothing
    private int receive(ByteBuffer into, boolean waits) throws IOException {
        MemorySegment room = MemorySegment.ofBuffer(into);
        int count;
        do {
            count = SocketCalls.receive(descriptor.number(), room, waits);
        } while (count == -SocketCalls.EINTR);
        if (count > 0) {
            into.position(into.position() + count);
            return count;
        }
        return switch (-count) {
            case 0, SocketCalls.ECONNRESET -> -1;
            case SocketCalls.EAGAIN -> count;
            default -> throw new IOException(SocketCalls.text(-count));
        };
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        MemorySegment bytes = MemorySegment.ofBuffer(from);
        while (bytes.byteSize() > 0) {
            int count = SocketCalls.send(descriptor.number(), bytes);
            if (count < 0 && count != -SocketCalls.EINTR) {
                throw switch (-count) {
                    case SocketCalls.EPIPE -> new EOFException("the peer takes no more");
                    case SocketCalls.EAGAIN -> new SocketTimeoutException("not taken in time");
                    default -> new IOException(SocketCalls.text(-count));
                };
            }
            bytes = bytes.asSlice(Math.max(0, count));
        }
        from.position(from.limit());
    }

    @Override
    public int descriptor() {
        return descriptor.number();
    }

    @Override
    public void millisMax(int millis) throws IOException {
        int result = SocketCalls.millisMax(descriptor.number(), millis);
        if (result < 0) {
            throw new IOException(SocketCalls.text(-result));
        }
    }

    @Override
    public void cut() {
        descriptor.shutDown();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Range;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A small NBD client: one connection, one request at a time, simple replies. For tests and tools.
public final class NbdClient implements BlockDevice {
    private static final VolumeId REMOTE = new VolumeId("remote");
    private static final long ZERO_MAX = 1L << 30;

    private final SocketChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteBuffer header = ByteBuffer.allocate(Wire.REQUEST_BYTES);
    private final long size;
    private final int flags;
    private long cookie; // guarded by lock

    private record Offer(long size, int flags) {}

    private NbdClient(SocketChannel channel, Offer info) {
        this.channel = channel;
        this.size = info.size();
        this.flags = info.flags();
    }

    /// @throws FaultException with an [NbdFault]
    public static NbdClient connect(Path socket, String export) {
        SocketChannel channel = UnixSocket.connect(socket);
        try {
            return new NbdClient(channel, negotiate(channel, export));
        } catch (IOException e) {
            close(channel);
            throw disconnected(e);
        } catch (FaultException e) {
            close(channel);
            throw e;
        }
    }

    @Override
    public long size() {
        return size;
    }

    public boolean isReadOnly() {
        return (flags & Wire.READ_ONLY) != 0;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(REMOTE, offset, into.remaining(), size);
        int limit = into.limit();
        long at = offset;
        while (into.position() < limit) {
            into.limit((int) Math.min(limit, into.position() + (long) Wire.PAYLOAD_MAX));
            int piece = into.remaining();
            request("read", Wire.CMD_READ, 0, at, piece, null, into);
            at += piece;
        }
        into.limit(limit);
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(REMOTE, offset, length, size);
        BlockDevice.super.extents(offset, length, sink);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        write(offset, from, false);
    }

    /// @param fua the write is durable when the call returns
    public void write(long offset, ByteBuffer from, boolean fua) {
        Range.require(REMOTE, offset, from.remaining(), size);
        int limit = from.limit();
        long at = offset;
        while (from.position() < limit) {
            from.limit((int) Math.min(limit, from.position() + (long) Wire.PAYLOAD_MAX));
            int piece = from.remaining();
            int flag = fua ? Wire.CMD_FLAG_FUA : 0;
            request("write", Wire.CMD_WRITE, flag, at, piece, from, null);
            at += piece;
        }
        from.limit(limit);
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(REMOTE, offset, length, size);
        for (long done = 0; done < length; done += ZERO_MAX) {
            long piece = Math.min(ZERO_MAX, length - done);
            request("zero", Wire.CMD_WRITE_ZEROES, 0, offset + done, piece, null, null);
        }
    }

    @Override
    public void flush() {
        request("flush", Wire.CMD_FLUSH, 0, 0, 0, null, null);
    }

    /// Tells the server and closes.
    public void disconnect() {
        close();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (channel.isOpen()) {
                header.clear().putInt(Wire.REQUEST_MAGIC).putShort((short) 0);
                header.putShort((short) Wire.CMD_DISC).putLong(0).putLong(0).putInt(0);
                send(channel, header.flip());
            }
        } catch (IOException _) {
            // the server is gone: so is the connection
        } finally {
            close(channel);
            lock.unlock();
        }
    }

    private void request(
            String what,
            int command,
            int commandFlags,
            long offset,
            long length,
            @Nullable ByteBuffer from,
            @Nullable ByteBuffer into) {
        lock.lock();
        try {
            long mine = ++cookie;
            header.clear().putInt(Wire.REQUEST_MAGIC).putShort((short) commandFlags);
            header.putShort((short) command).putLong(mine).putLong(offset).putInt((int) length);
            send(channel, header.flip());
            if (from != null) {
                send(channel, from);
            }
            header.clear().limit(Wire.SIMPLE_REPLY_BYTES);
            receive(channel, header);
            int magic = header.getInt();
            int error = header.getInt();
            if (magic != Wire.SIMPLE_REPLY_MAGIC || header.getLong() != mine) {
                throw new IOException("an answer to no question of ours");
            }
            if (error != Wire.OK) {
                throw new FaultException(new NbdFault.Refused(what, error));
            }
            if (into != null) {
                int position = into.position();
                receive(channel, into);
                into.position(position + (int) length);
            }
        } catch (IOException e) {
            close(channel);
            throw disconnected(e);
        } finally {
            lock.unlock();
        }
    }

    private static Offer negotiate(SocketChannel channel, String export) throws IOException {
        ByteBuffer hello = ByteBuffer.allocate(18);
        receive(channel, hello);
        if (hello.getLong() != Wire.NBDMAGIC || hello.getLong() != Wire.IHAVEOPT) {
            throw new IOException("this is no NBD server of the new style");
        }
        byte[] name = export.getBytes(UTF_8);
        ByteBuffer go = ByteBuffer.allocate(4 + 16 + 4 + name.length + 2);
        go.putInt(Wire.FLAG_FIXED_NEWSTYLE | Wire.FLAG_NO_ZEROES);
        go.putLong(Wire.IHAVEOPT).putInt(Wire.OPT_GO).putInt(4 + name.length + 2);
        go.putInt(name.length).put(name).putShort((short) 0);
        send(channel, go.flip());
        Offer info = new Offer(0, 0);
        while (true) {
            ByteBuffer reply = ByteBuffer.allocate(20);
            receive(channel, reply);
            if (reply.getLong() != Wire.OPTION_REPLY_MAGIC || reply.getInt() != Wire.OPT_GO) {
                throw new IOException("an answer to no option of ours");
            }
            int kind = reply.getInt();
            int length = reply.getInt();
            if (length < 0 || length > 64 << 10) {
                throw new IOException("an option's answer of %d bytes".formatted(length));
            }
            ByteBuffer data = ByteBuffer.allocate(length);
            receive(channel, data);
            switch (kind) {
                case Wire.REP_ACK -> {
                    return info;
                }
                case Wire.REP_INFO -> {
                    if (data.getShort() == Wire.INFO_EXPORT) {
                        info = new Offer(data.getLong(), Short.toUnsignedInt(data.getShort()));
                    }
                }
                case Wire.REP_ERR_UNKNOWN ->
                        throw new FaultException(new NbdFault.UnknownExport(export));
                default -> throw new IOException("option answer 0x%x".formatted(kind));
            }
        }
    }

    private static void send(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// Fills the buffer to its limit and puts its position back.
    private static void receive(SocketChannel channel, ByteBuffer into) throws IOException {
        int start = into.position();
        while (into.hasRemaining()) {
            if (channel.read(into) < 0) {
                throw new EOFException("the server closed it");
            }
        }
        into.position(start);
    }

    private static FaultException disconnected(IOException e) {
        return new FaultException(new NbdFault.Disconnected(String.valueOf(e.getMessage())), e);
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // nothing more can be done with it
        }
    }
}

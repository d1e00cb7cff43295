// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// One connection of a client, one request at a time. After an [IOException] it is of no use any more, and the request that met it
/// may or may not have happened; after a [FaultException] it is as good as before.
final class Conversation implements AutoCloseable {
    private static final int BUFFER_BYTES = 68 << 10;
    private static final int CHUNKS_MAX =
            1 << 16; // of one reply; more than any server has reason for
    private static final int EXTENTS_MAX = 4096; // of one reply that are looked at

    private final Link link;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final Offer offer;
    private long cookie;

    /// Runs of one block status.
    static final class Runs {
        final int[] lengths = new int[EXTENTS_MAX];
        final int[] states = new int[EXTENTS_MAX];
        int count;
    }

    /// What was asked, and where the answer goes.
    private record Question(
            String what,
            int command,
            long offset,
            long length,
            @Nullable ByteBuffer into,
            @Nullable Runs runs) {}

    private Conversation(Link link, NbdAddress address, String export) throws IOException {
        this.link = link;
        this.offer = Greeting.exchange(link, address, export, buffer);
    }

    /// @throws FaultException with [NbdFault.UnknownExport], or why the socket's path cannot be one
    static Conversation open(NbdAddress address, String export, int answerMillisMax)
            throws IOException {
        Link link =
                switch (address) {
                    case NbdAddress.Unix unix -> UnixSocket.connect(unix.socket(), answerMillisMax);
                    case NbdAddress.Tls tls -> connect(tls, answerMillisMax);
                };
        try {
            return new Conversation(link, address, export);
        } catch (IOException | RuntimeException e) {
            link.close();
            throw e;
        }
    }

    private static Link connect(NbdAddress.Tls tls, int millisMax) throws IOException {
        var socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(tls.host(), tls.port()), millisMax);
            Link link = new TcpLink(socket, tls.context());
            link.millisMax(millisMax);
            return link;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    Offer offer() {
        return offer;
    }

    /// @param into at most as much as the server's payloads may hold
    void read(long offset, ByteBuffer into) throws IOException {
        int length = into.remaining();
        ask(new Question("read", Wire.CMD_READ, offset, length, into, null), 0, null);
    }

    void write(long offset, ByteBuffer from, boolean fua) throws IOException {
        int flags = fua ? Wire.CMD_FLAG_FUA : 0;
        int length = from.remaining();
        ask(new Question("write", Wire.CMD_WRITE, offset, length, null, null), flags, from);
    }

    void zero(long offset, long length, boolean keepsRoom) throws IOException {
        int flags = keepsRoom ? Wire.CMD_FLAG_NO_HOLE : 0;
        ask(new Question("zero", Wire.CMD_WRITE_ZEROES, offset, length, null, null), flags, null);
    }

    void flush() throws IOException {
        ask(new Question("flush", Wire.CMD_FLUSH, 0, 0, null, null), 0, null);
    }

    void status(long offset, long length, Runs runs) throws IOException {
        runs.count = 0;
        ask(new Question("map", Wire.CMD_BLOCK_STATUS, offset, length, null, runs), 0, null);
    }

    /// From any thread.
    void cut() {
        link.cut();
    }

    /// After it failed.
    void abandon() {
        link.close();
    }

    /// Tells the server, where it still listens.
    @Override
    public void close() {
        try {
            head(0, Wire.CMD_DISC, 0, 0);
            link.write(buffer.flip());
        } catch (IOException _) {
            // the server is gone: so is the connection
        } finally {
            link.close();
        }
    }

    private void head(int flags, int command, long offset, long length) {
        buffer.clear().putInt(Wire.REQUEST_MAGIC).putShort((short) flags);
        buffer.putShort((short) command).putLong(++cookie).putLong(offset).putInt((int) length);
    }

    private void ask(Question question, int flags, @Nullable ByteBuffer from) throws IOException {
        head(flags, question.command(), question.offset(), question.length());
        if (from == null) {
            link.write(buffer.flip());
        } else {
            do {
                int piece = Math.min(buffer.remaining(), from.remaining());
                buffer.put(buffer.position(), from, from.position(), piece);
                from.position(from.position() + piece);
                link.write(buffer.position(buffer.position() + piece).flip());
                buffer.clear();
            } while (from.hasRemaining());
        }
        answer(question);
    }

    private void answer(Question question) throws IOException {
        int refused = Wire.OK;
        String words = "";
        long got = 0;
        for (int chunks = 0; chunks < CHUNKS_MAX; chunks++) {
            receive(16);
            int magic = buffer.getInt();
            if (magic == Wire.SIMPLE_REPLY_MAGIC) {
                int error = buffer.getInt();
                requireMine(buffer.getLong());
                if (error == Wire.OK && question.into() != null) {
                    got += take(question.into(), 0, (int) question.length());
                }
                finish(question, error, words, got);
                return;
            }
            if (magic != Wire.STRUCTURED_REPLY_MAGIC || !offer.structured()) {
                throw new IOException("an answer that is none: 0x%x".formatted(magic));
            }
            int flags = buffer.getShort();
            int type = Short.toUnsignedInt(buffer.getShort());
            requireMine(buffer.getLong());
            receive(4);
            long length = Integer.toUnsignedLong(buffer.getInt());
            switch (type) {
                case Wire.CHUNK_NONE -> skip(length);
                case Wire.CHUNK_OFFSET_DATA -> got += data(question, length);
                case Wire.CHUNK_OFFSET_HOLE -> got += hole(question, length);
                case Wire.CHUNK_BLOCK_STATUS -> runs(question, length);
                default -> {
                    if ((type & Wire.CHUNK_ERROR_BIT) == 0 || length < 6) {
                        throw new IOException("a chunk of type %d".formatted(type));
                    }
                    receive(6);
                    refused = buffer.getInt();
                    int text = (int) Math.min(Short.toUnsignedInt(buffer.getShort()), length - 6);
                    receive(text);
                    words = UTF_8.decode(buffer).toString();
                    skip(length - 6 - text);
                }
            }
            if ((flags & Wire.CHUNK_DONE) != 0) {
                finish(question, refused, words, got);
                return;
            }
        }
        throw new IOException("an answer without end");
    }

    /// @param got bytes of a read that arrived
    private static void finish(Question question, int error, String words, long got)
            throws IOException {
        if (error == Wire.ESHUTDOWN) {
            throw new IOException("the server is shutting down");
        }
        if (error != Wire.OK) {
            throw new FaultException(new NbdFault.Refused(question.what(), error, words));
        }
        if (question.into() != null) {
            if (got != question.length()) {
                throw new IOException("%d bytes came of %d".formatted(got, question.length()));
            }
            question.into().position(question.into().limit());
        }
    }

    private int data(Question question, long length) throws IOException {
        receive(8);
        long at = buffer.getLong() - question.offset();
        ByteBuffer into = question.into();
        if (into == null || length < 8 || at < 0 || length - 8 > question.length() - at) {
            throw new IOException("data that was not asked for");
        }
        return take(into, (int) at, (int) length - 8);
    }

    private int hole(Question question, long length) throws IOException {
        receive(12);
        long at = buffer.getLong() - question.offset();
        long bytes = Integer.toUnsignedLong(buffer.getInt());
        ByteBuffer into = question.into();
        if (into == null || length != 12 || at < 0 || bytes > question.length() - at) {
            throw new IOException("a hole that was not asked for");
        }
        ByteBuffer part = into.slice(into.position() + (int) at, (int) bytes);
        while (part.hasRemaining()) {
            part.put((byte) 0);
        }
        return (int) bytes;
    }

    private void runs(Question question, long length) throws IOException {
        Runs runs = question.runs();
        if (runs == null || length < 12 || (length - 4) % 8 != 0) {
            throw new IOException("a block status that was not asked for");
        }
        receive(4);
        boolean wanted = buffer.getInt() == offer.allocation();
        for (long left = (length - 4) / 8; left > 0; left--) {
            receive(8);
            if (wanted && runs.count < EXTENTS_MAX) {
                runs.lengths[runs.count] = buffer.getInt();
                runs.states[runs.count++] = buffer.getInt();
            }
        }
    }

    /// Receives into a part of the buffer that is counted from its position, which stays.
    private int take(ByteBuffer into, int at, int length) throws IOException {
        ByteBuffer part = into.slice(into.position() + at, length);
        if (part.isDirect()) {
            Greeting.receive(link, part);
            return length;
        }
        while (part.hasRemaining()) {
            receive(Math.min(BUFFER_BYTES, part.remaining()));
            part.put(buffer);
        }
        return length;
    }

    private void skip(long length) throws IOException {
        for (long left = length; left > 0; left -= buffer.limit()) {
            receive((int) Math.min(BUFFER_BYTES, left));
        }
    }

    private void receive(int count) throws IOException {
        Greeting.receive(link, buffer.clear().limit(count));
    }

    private void requireMine(long answered) throws IOException {
        if (answered != cookie) {
            throw new IOException("an answer to no question of ours");
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.HexFormat;

/// The other end of a connection, byte by byte. It knows the protocol from its document and nothing from the code.
final class Peer implements AutoCloseable {
    static final String GREETING = "4e42444d41474943" + "49484156454f5054" + "0003";
    private static final int FIXED_NO_ZEROES = 3;

    private final SocketChannel channel;

    Peer(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
    }

    Peer(InetSocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
    }

    /// A peer in transmission over simple replies.
    static Peer simple(Path socket) throws IOException {
        var peer = new Peer(socket);
        peer.receive(18);
        peer.send(flags()).send(go("vol-7"));
        peer.receive(20 + 12 + 20 + 14 + 20);
        return peer;
    }

    /// A peer in transmission over structured replies, with block status.
    static Peer structured(Path socket) throws IOException {
        var peer = new Peer(socket);
        peer.receive(18);
        peer.send(flags()).send(option(8, new byte[0]));
        peer.receive(20);
        peer.send(metaContext(10, "vol-7", "base:allocation"));
        peer.receive(20 + 19 + 20);
        peer.send(go("vol-7"));
        peer.receive(20 + 12 + 20 + 14 + 20);
        return peer;
    }

    SocketChannel channel() {
        return channel;
    }

    static byte[] flags() {
        return ByteBuffer.allocate(4).putInt(FIXED_NO_ZEROES).array();
    }

    static byte[] option(int option, byte[] data) {
        return ByteBuffer.allocate(16 + data.length)
                .putLong(0x49484156454f5054L)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .array();
    }

    static byte[] go(String name) {
        return option(7, info(name));
    }

    static byte[] info(String name, int... kinds) {
        byte[] text = name.getBytes(UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + text.length + 2 * kinds.length);
        data.putInt(text.length).put(text).putShort((short) kinds.length);
        for (int kind : kinds) {
            data.putShort((short) kind);
        }
        return data.array();
    }

    static byte[] metaContext(int option, String name, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(1000);
        data.putInt(name.length()).put(name.getBytes(UTF_8)).putInt(queries.length);
        for (String query : queries) {
            data.putInt(query.length()).put(query.getBytes(UTF_8));
        }
        byte[] bytes = new byte[data.flip().remaining()];
        data.get(bytes);
        return option(option, bytes);
    }

    static byte[] request(int flags, int command, long cookie, long offset, long length) {
        return ByteBuffer.allocate(28)
                .putInt(0x25609513)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(cookie)
                .putLong(offset)
                .putInt((int) length)
                .array();
    }

    static byte[] write(int flags, long cookie, long offset, byte[] payload) {
        return join(request(flags, 1, cookie, offset, payload.length), payload);
    }

    static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    static String simpleReply(int error, long cookie) {
        return "67446698%08x%016x".formatted(error, cookie);
    }

    Peer send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        return this;
    }

    byte[] receive(int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new IOException(
                        "closed after %d of %d bytes".formatted(buffer.position(), count));
            }
        }
        return buffer.array();
    }

    /// Takes what is there and drops it, without waiting for more.
    void drainQuietly() {
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        try {
            channel.configureBlocking(false);
            while (channel.read(buffer.clear()) > 0) {
                // more may be there
            }
            channel.configureBlocking(true);
        } catch (IOException _) {
            // it was closed: there is nothing to take
        }
    }

    /// Takes and drops everything until the server closes.
    void drainToEnd() {
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                // more comes
            }
        } catch (IOException _) {
            // reset, which is closed as well
        }
    }

    String hex(int count) throws IOException {
        return HexFormat.of().formatHex(receive(count));
    }

    void expect(String hex) throws IOException {
        assertThat(hex(hex.length() / 2)).isEqualTo(hex);
    }

    /// An option reply: its kind; the data is read and thrown away.
    int optionReply(int option) throws IOException {
        ByteBuffer reply = ByteBuffer.wrap(receive(20));
        assertThat(reply.getLong()).isEqualTo(0x3e889045565a9L);
        assertThat(reply.getInt()).isEqualTo(option);
        int kind = reply.getInt();
        receive(reply.getInt());
        return kind;
    }

    /// The error number in a structured error chunk, which must be the last of its request.
    int errorChunk(long cookie) throws IOException {
        ByteBuffer chunk = ByteBuffer.wrap(receive(20));
        assertThat(chunk.getInt()).isEqualTo(0x668e33ef);
        assertThat(chunk.getShort()).as("done").isEqualTo((short) 1);
        assertThat(chunk.getShort()).as("type").isEqualTo((short) 0x8001);
        assertThat(chunk.getLong()).isEqualTo(cookie);
        return ByteBuffer.wrap(receive(chunk.getInt())).getInt();
    }

    /// Fails unless the server closes, having sent nothing more.
    void expectClosed() throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        int count;
        try {
            count = channel.read(one);
        } catch (IOException e) {
            return; // reset, which is closed as well
        }
        assertThat(count)
                .as("a byte came: %s", HexFormat.of().formatHex(one.array()))
                .isEqualTo(-1);
    }

    /// Still in transmission: a read of nothing special works.
    void expectAlive() throws IOException {
        send(request(0, 3, 0x77, 0, 0));
        expect(simpleReply(0, 0x77));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

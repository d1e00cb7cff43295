// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Whole replies of one thread, collected until they are sent in one go.
final class Replies {
    private static final int TEXT_BYTES_MAX = 512;

    private final Outbox out;
    private final boolean structured;
    private final ByteBuffer buffer;

    /// @param buffer with room for at least one error reply; its content is of no use
    Replies(Outbox out, boolean structured, ByteBuffer buffer) {
        this.out = out;
        this.structured = structured;
        this.buffer = buffer.clear();
    }

    ByteBuffer buffer() {
        return buffer;
    }

    /// Makes room for a reply of this size by sending what is there.
    void reserve(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            send();
        }
    }

    void send() throws IOException {
        out.send(buffer);
    }

    /// Success of a request that returns no data.
    void done(long cookie) throws IOException {
        reserve(Wire.SIMPLE_REPLY_BYTES);
        simple(buffer, cookie, Wire.OK);
    }

    /// @param text for the peer's log; told only in structured replies
    void failed(long cookie, int error, String text) throws IOException {
        if (!structured) {
            reserve(Wire.SIMPLE_REPLY_BYTES);
            simple(buffer, cookie, error);
            return;
        }
        byte[] bytes = text.getBytes(UTF_8);
        int length = Math.min(bytes.length, TEXT_BYTES_MAX);
        reserve(Wire.CHUNK_BYTES + 6 + length);
        chunk(buffer, Wire.CHUNK_DONE, Wire.CHUNK_ERROR, cookie, 6 + length);
        buffer.putInt(error).putShort((short) length).put(bytes, 0, length);
    }

    static void simple(ByteBuffer into, long cookie, int error) {
        into.putInt(Wire.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie);
    }

    static void chunk(ByteBuffer into, int flags, int type, long cookie, int length) {
        into.putInt(Wire.STRUCTURED_REPLY_MAGIC).putShort((short) flags).putShort((short) type);
        into.putLong(cookie).putInt(length);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/// A short text in a small file: its length in two bytes, then UTF-8.
public final class Text {
    private Text() {}

    public static void put(ByteBuffer into, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        into.putShort((short) bytes.length).put(bytes);
    }

    public static String get(ByteBuffer from) {
        byte[] bytes = new byte[Short.toUnsignedInt(from.getShort())];
        from.get(bytes);
        return new String(bytes, UTF_8);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What came with an option, taken apart with every length checked before it is used.
record OptionData(ByteBuffer bytes) {
    private static final int NAME_BYTES_MAX = 4096;

    /// The data of an option is not what its kind asks for.
    static final class BadOption extends Exception {
        private static final long serialVersionUID = 1;

        final int reply;

        BadOption(int reply, String message) {
            super(message);
            this.reply = reply;
        }
    }

    boolean hasRemaining() {
        return bytes.hasRemaining();
    }

    /// A length in four bytes, then the name.
    String name() throws BadOption {
        return name(require(4).getInt());
    }

    /// All that is left, as a name.
    String rest() throws BadOption {
        return name(bytes.remaining());
    }

    /// A count in four bytes, then as many names.
    List<String> names(int countMax) throws BadOption {
        long count = Integer.toUnsignedLong(require(4).getInt());
        if (count > countMax) {
            throw new BadOption(Wire.REP_ERR_TOO_BIG, count + " queries");
        }
        List<String> names = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            names.add(name());
        }
        return names;
    }

    /// A count in two bytes, then as many numbers of two bytes, and nothing after them.
    Set<Integer> shorts() throws BadOption {
        int count = Short.toUnsignedInt(require(2).getShort());
        if (bytes.remaining() != 2 * count) {
            throw new BadOption(Wire.REP_ERR_INVALID, "information requests are cut");
        }
        Set<Integer> shorts = new HashSet<>();
        for (int i = 0; i < count; i++) {
            shorts.add(Short.toUnsignedInt(bytes.getShort()));
        }
        return shorts;
    }

    void requireEnd() throws BadOption {
        if (bytes.hasRemaining()) {
            throw new BadOption(Wire.REP_ERR_INVALID, bytes.remaining() + " bytes too many");
        }
    }

    private ByteBuffer require(int count) throws BadOption {
        if (bytes.remaining() < count) {
            throw new BadOption(Wire.REP_ERR_INVALID, "option is cut");
        }
        return bytes;
    }

    private String name(int length) throws BadOption {
        if (length < 0 || length > bytes.remaining()) {
            throw new BadOption(Wire.REP_ERR_INVALID, "name is cut");
        }
        if (length > NAME_BYTES_MAX) {
            throw new BadOption(
                    Wire.REP_ERR_TOO_BIG, "name of more than %d bytes".formatted(NAME_BYTES_MAX));
        }
        ByteBuffer name = bytes.slice(bytes.position(), length);
        bytes.position(bytes.position() + length);
        try {
            return UTF_8.newDecoder().decode(name).toString();
        } catch (CharacterCodingException _) {
            throw new BadOption(Wire.REP_ERR_INVALID, "name is not UTF-8");
        }
    }
}

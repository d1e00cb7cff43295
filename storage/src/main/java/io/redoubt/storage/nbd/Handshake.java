// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The negotiation of a connection: fixed newstyle, option by option, until the peer chooses an export or leaves.
final class Handshake {
    private static final int OPTIONS_MAX = 64;
    private static final int OPTION_BYTES_MAX = 16 << 10;
    private static final int SKIPPED_BYTES_MAX = 1 << 20;
    private static final int NAME_BYTES_MAX = 4096;
    private static final int QUERIES_MAX = 64;

    private final Exports exports;
    private final Inbox in;
    private final Outbox out;
    private final ByteBuffer replies = ByteBuffer.allocate(64 << 10);
    private boolean noZeroes;
    private boolean structured;
    private Optional<String> allocationOf = Optional.empty();

    Handshake(Exports exports, Inbox in, Outbox out) {
        this.exports = exports;
        this.in = in;
        this.out = out;
    }

    /// The data of an option is not what its kind asks for.
    private static final class BadOption extends Exception {
        final int reply;

        BadOption(int reply, String message) {
            super(message);
            this.reply = reply;
        }
    }

    /// @return empty when the peer ended the negotiation without an export
    Optional<Session> run() throws IOException {
        replies.putLong(Wire.NBDMAGIC).putLong(Wire.IHAVEOPT);
        replies.putShort((short) (Wire.FLAG_FIXED_NEWSTYLE | Wire.FLAG_NO_ZEROES));
        out.send(replies);
        if (!in.awaitMessage(4)) {
            return Optional.empty();
        }
        int flags = in.buffer().getInt();
        if ((flags & ~(Wire.FLAG_FIXED_NEWSTYLE | Wire.FLAG_NO_ZEROES)) != 0
                || (flags & Wire.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new ProtocolException("client flags 0x%x".formatted(flags));
        }
        noZeroes = (flags & Wire.FLAG_NO_ZEROES) != 0;
        for (int count = 0; count < OPTIONS_MAX; count++) {
            if (!in.awaitMessage(16)) {
                return Optional.empty();
            }
            long magic = in.buffer().getLong();
            int option = in.buffer().getInt();
            int length = in.buffer().getInt();
            if (magic != Wire.IHAVEOPT) {
                throw new ProtocolException("option magic 0x%x".formatted(magic));
            }
            Optional<ByteBuffer> data = data(option, length);
            if (data.isEmpty()) {
                continue;
            }
            if (option == Wire.OPT_EXPORT_NAME) {
                return Optional.of(exportName(data.get()));
            }
            if (option == Wire.OPT_ABORT) {
                reply(option, Wire.REP_ACK);
                out.send(replies);
                return Optional.empty();
            }
            Optional<Session> session = answer(option, data.get());
            out.send(replies);
            if (session.isPresent()) {
                return session;
            }
        }
        throw new ProtocolException("more than %d options".formatted(OPTIONS_MAX));
    }

    /// The option's data, or empty when it was too much and has been refused.
    private Optional<ByteBuffer> data(int option, int length) throws IOException {
        if (length < 0 || length > OPTION_BYTES_MAX) {
            if (length < 0 || length > SKIPPED_BYTES_MAX || option == Wire.OPT_EXPORT_NAME) {
                throw new ProtocolException(
                        "option %d with %d bytes".formatted(option, length & 0xffffffffL));
            }
            in.skip(length);
            refuse(
                    option,
                    Wire.REP_ERR_TOO_BIG,
                    "%d bytes, at most %d are read".formatted(length, OPTION_BYTES_MAX));
            out.send(replies);
            return Optional.empty();
        }
        in.require(length);
        var bytes = new byte[length];
        in.buffer().get(bytes);
        return Optional.of(ByteBuffer.wrap(bytes));
    }

    private Optional<Session> answer(int option, ByteBuffer data) {
        try {
            switch (option) {
                case Wire.OPT_GO, Wire.OPT_INFO -> {
                    return info(option, data);
                }
                case Wire.OPT_LIST -> list(data);
                case Wire.OPT_STRUCTURED_REPLY -> {
                    requireEnd(data);
                    structured = true;
                    reply(option, Wire.REP_ACK);
                }
                case Wire.OPT_SET_META_CONTEXT, Wire.OPT_LIST_META_CONTEXT ->
                        metaContext(option, data);
                default -> refuse(option, Wire.REP_ERR_UNSUP, "option is not known");
            }
        } catch (BadOption e) {
            refuse(option, e.reply, String.valueOf(e.getMessage()));
        }
        return Optional.empty();
    }

    /// The old way to choose: an unknown name can only be answered by closing.
    private Session exportName(ByteBuffer data) throws IOException {
        try {
            Export export = require(name(data, data.remaining()));
            replies.putLong(export.device().size());
            replies.putShort((short) Session.flags(export, structured));
            if (!noZeroes) {
                replies.put(new byte[124]);
            }
            out.send(replies);
            return new Session(export, structured, false);
        } catch (BadOption e) {
            throw new ProtocolException(e.getMessage());
        }
    }

    private Optional<Session> info(int option, ByteBuffer data) throws BadOption {
        String name = name(data);
        int count = Short.toUnsignedInt(require(data, 2).getShort());
        if (data.remaining() != 2 * count) {
            throw new BadOption(Wire.REP_ERR_INVALID, "information requests are cut");
        }
        boolean wantsName = false;
        boolean wantsDescription = false;
        for (int i = 0; i < count; i++) {
            int wanted = Short.toUnsignedInt(data.getShort());
            wantsName |= wanted == Wire.INFO_NAME;
            wantsDescription |= wanted == Wire.INFO_DESCRIPTION;
        }
        Export export = require(name);
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(12)
                        .putShort((short) Wire.INFO_EXPORT)
                        .putLong(export.device().size())
                        .putShort((short) Session.flags(export, structured)));
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(14)
                        .putShort((short) Wire.INFO_BLOCK_SIZE)
                        .putInt(Wire.MIN_BLOCK)
                        .putInt(Wire.PREFERRED_BLOCK)
                        .putInt(Wire.PAYLOAD_MAX));
        if (wantsName) {
            text(option, Wire.INFO_NAME, name);
        }
        if (wantsDescription) {
            text(option, Wire.INFO_DESCRIPTION, export.description());
        }
        reply(option, Wire.REP_ACK);
        boolean allocation = structured && allocationOf.filter(name::equals).isPresent();
        return option == Wire.OPT_GO
                ? Optional.of(new Session(export, structured, allocation))
                : Optional.empty();
    }

    private void text(int option, int kind, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(2 + bytes.length).putShort((short) kind).put(bytes));
    }

    private void list(ByteBuffer data) throws BadOption {
        requireEnd(data);
        for (String name : exports.list()) {
            byte[] bytes = name.getBytes(UTF_8);
            if (replies.remaining() < bytes.length + 64) {
                break; // as many as fit: a list is only a hint
            }
            reply(
                    Wire.OPT_LIST,
                    Wire.REP_SERVER,
                    ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes));
        }
        reply(Wire.OPT_LIST, Wire.REP_ACK);
    }

    private void metaContext(int option, ByteBuffer data) throws BadOption {
        if (!structured) {
            throw new BadOption(Wire.REP_ERR_INVALID, "structured replies come first");
        }
        String name = name(data);
        long count = Integer.toUnsignedLong(require(data, 4).getInt());
        if (count > QUERIES_MAX) {
            throw new BadOption(Wire.REP_ERR_TOO_BIG, count + " queries");
        }
        List<String> queries = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            queries.add(name(data));
        }
        requireEnd(data);
        require(name);
        boolean setting = option == Wire.OPT_SET_META_CONTEXT;
        boolean chosen =
                queries.contains(Wire.BASE_ALLOCATION)
                        || (!setting && (queries.isEmpty() || queries.contains("base:")));
        if (setting) {
            allocationOf = chosen ? Optional.of(name) : Optional.empty();
        }
        if (chosen) {
            byte[] context = Wire.BASE_ALLOCATION.getBytes(UTF_8);
            reply(
                    option,
                    Wire.REP_META_CONTEXT,
                    ByteBuffer.allocate(4 + context.length)
                            .putInt(setting ? Session.ALLOCATION_CONTEXT : 0)
                            .put(context));
        }
        reply(option, Wire.REP_ACK);
    }

    private Export require(String name) throws BadOption {
        return exports.find(name)
                .orElseThrow(() -> new BadOption(Wire.REP_ERR_UNKNOWN, "export is not known"));
    }

    private static ByteBuffer require(ByteBuffer data, int count) throws BadOption {
        if (data.remaining() < count) {
            throw new BadOption(Wire.REP_ERR_INVALID, "option is cut");
        }
        return data;
    }

    private static void requireEnd(ByteBuffer data) throws BadOption {
        if (data.hasRemaining()) {
            throw new BadOption(Wire.REP_ERR_INVALID, data.remaining() + " bytes too many");
        }
    }

    private static String name(ByteBuffer data) throws BadOption {
        return name(data, require(data, 4).getInt());
    }

    private static String name(ByteBuffer data, int length) throws BadOption {
        if (length < 0 || length > data.remaining()) {
            throw new BadOption(Wire.REP_ERR_INVALID, "name is cut");
        }
        if (length > NAME_BYTES_MAX) {
            throw new BadOption(
                    Wire.REP_ERR_TOO_BIG, "name of more than %d bytes".formatted(NAME_BYTES_MAX));
        }
        ByteBuffer bytes = data.slice(data.position(), length);
        data.position(data.position() + length);
        try {
            return UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException _) {
            throw new BadOption(Wire.REP_ERR_INVALID, "name is not UTF-8");
        }
    }

    private void refuse(int option, int kind, String why) {
        byte[] text = why.getBytes(UTF_8);
        reply(option, kind, ByteBuffer.allocate(text.length).put(text));
    }

    private void reply(int option, int kind) {
        reply(option, kind, ByteBuffer.allocate(0));
    }

    private void reply(int option, int kind, ByteBuffer data) {
        data.flip();
        replies.putLong(Wire.OPTION_REPLY_MAGIC).putInt(option).putInt(kind);
        replies.putInt(data.remaining()).put(data);
    }
}

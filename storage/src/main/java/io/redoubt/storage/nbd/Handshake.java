// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.storage.nbd.OptionData.BadOption;
import io.redoubt.storage.nbd.Session.Context;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The negotiation of a connection: fixed newstyle, option by option, until the peer chooses an export or leaves.
final class Handshake {
    private static final int OPTIONS_MAX = 64;
    private static final int OPTION_BYTES_MAX = 16 << 10;
    private static final int SKIPPED_BYTES_MAX = 1 << 20;
    private static final int QUERIES_MAX = 64;

    private final Exports exports;
    private final Link link;
    private final Inbox in;
    private final Outbox out;
    private final ByteBuffer replies;
    private boolean noZeroes;
    private boolean structured;
    private String contextsOf = "";
    private Set<Context> contexts = Set.of();

    /// @param replies room for all replies to one option, 64 KiB and more
    Handshake(Exports exports, Link link, Inbox in, Outbox out, ByteBuffer replies) {
        this.exports = exports;
        this.link = link;
        this.in = in;
        this.out = out;
        this.replies = replies.clear();
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
            Optional<OptionData> data = data(option, length);
            if (data.isEmpty()) {
                continue;
            }
            if (link.secrecy() == Link.Secrecy.WANTED && option != Wire.OPT_ABORT) {
                encrypt(option, data.get());
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

    /// Before TLS nothing else is answered, so nobody learns a name or hides an option in front of it.
    private void encrypt(int option, OptionData data) throws IOException {
        if (option == Wire.OPT_EXPORT_NAME) {
            throw new ProtocolException("an export was chosen before TLS");
        }
        if (option != Wire.OPT_STARTTLS) {
            refuse(option, Wire.REP_ERR_TLS_REQD, "this server speaks TLS only");
            out.send(replies);
            return;
        }
        if (data.hasRemaining()) {
            refuse(option, Wire.REP_ERR_INVALID, "STARTTLS has no data");
            out.send(replies);
            return;
        }
        if (in.has(1)) {
            throw new ProtocolException("more was sent before TLS began");
        }
        reply(option, Wire.REP_ACK);
        out.send(replies);
        link.startTls();
    }

    /// The option's data, or empty when it was too much and has been refused.
    private Optional<OptionData> data(int option, int length) throws IOException {
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
        return Optional.of(new OptionData(ByteBuffer.wrap(bytes)));
    }

    private Optional<Session> answer(int option, OptionData data) {
        try {
            switch (option) {
                case Wire.OPT_GO, Wire.OPT_INFO -> {
                    return info(option, data);
                }
                case Wire.OPT_LIST -> list(data);
                case Wire.OPT_STRUCTURED_REPLY -> {
                    data.requireEnd();
                    structured = true;
                    reply(option, Wire.REP_ACK);
                }
                case Wire.OPT_SET_META_CONTEXT, Wire.OPT_LIST_META_CONTEXT ->
                        metaContext(option, data);
                case Wire.OPT_STARTTLS -> {
                    boolean again = link.secrecy() == Link.Secrecy.TLS;
                    refuse(
                            option,
                            again ? Wire.REP_ERR_INVALID : Wire.REP_ERR_UNSUP,
                            again ? "TLS has begun already" : "no TLS on a Unix socket");
                }
                default -> refuse(option, Wire.REP_ERR_UNSUP, "option is not known");
            }
        } catch (BadOption e) {
            refuse(option, e.reply, String.valueOf(e.getMessage()));
        }
        return Optional.empty();
    }

    /// The old way to choose: an unknown name can only be answered by closing.
    private Session exportName(OptionData data) throws IOException {
        try {
            Export export = require(data.rest());
            replies.putLong(export.device().size());
            replies.putShort((short) Session.flags(export, structured));
            if (!noZeroes) {
                replies.put(new byte[124]);
            }
            out.send(replies);
            return new Session(export, structured, Set.of());
        } catch (BadOption e) {
            throw new ProtocolException(e.getMessage());
        }
    }

    private Optional<Session> info(int option, OptionData data) throws BadOption {
        String name = data.name();
        Set<Integer> wanted = data.shorts();
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
        if (wanted.contains(Wire.INFO_NAME)) {
            text(option, Wire.INFO_NAME, name);
        }
        if (wanted.contains(Wire.INFO_DESCRIPTION)) {
            text(option, Wire.INFO_DESCRIPTION, export.description());
        }
        reply(option, Wire.REP_ACK);
        Set<Context> chosen = contextsOf.equals(name) ? contexts : Set.of();
        return option == Wire.OPT_GO
                ? Optional.of(new Session(export, structured, chosen))
                : Optional.empty();
    }

    private void text(int option, int kind, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(2 + bytes.length).putShort((short) kind).put(bytes));
    }

    private void list(OptionData data) throws BadOption {
        data.requireEnd();
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

    /// A choice replaces the one before, and so does one that is refused.
    private void metaContext(int option, OptionData data) throws BadOption {
        boolean setting = option == Wire.OPT_SET_META_CONTEXT;
        if (setting) {
            contexts = Set.of();
        }
        if (!structured) {
            throw new BadOption(Wire.REP_ERR_INVALID, "structured replies come first");
        }
        String name = data.name();
        List<String> queries = data.names(QUERIES_MAX);
        data.requireEnd();
        Export export = require(name);
        var chosen = EnumSet.noneOf(Context.class);
        for (Context context : Context.values()) {
            if (context.isOfferedBy(export) && isMeant(context, queries, setting)) {
                chosen.add(context);
                byte[] text = context.text.getBytes(UTF_8);
                reply(
                        option,
                        Wire.REP_META_CONTEXT,
                        ByteBuffer.allocate(4 + text.length)
                                .putInt(setting ? context.id : 0)
                                .put(text));
            }
        }
        if (setting) {
            contexts = chosen;
            contextsOf = name;
        }
        reply(option, Wire.REP_ACK);
    }

    /// A list may ask for all, or for all of a namespace; a choice names each.
    private static boolean isMeant(Context context, List<String> queries, boolean setting) {
        String namespace = context.text.substring(0, context.text.indexOf(':') + 1);
        return queries.contains(context.text)
                || (!setting && (queries.isEmpty() || queries.contains(namespace)));
    }

    private Export require(String name) throws BadOption {
        return exports.find(name)
                .orElseThrow(() -> new BadOption(Wire.REP_ERR_UNKNOWN, "export is not known"));
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

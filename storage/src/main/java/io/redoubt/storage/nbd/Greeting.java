// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// The negotiation as a client: TLS where it is wanted, structured replies and `base:allocation` where they are to be had, then the export.
final class Greeting {
    private static final int ANSWERS_MAX = 64; // to one option
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    private final Link link;
    private final ByteBuffer buffer;

    /// @param buffer direct, [#ANSWER_BYTES_MAX] and more
    private Greeting(Link link, ByteBuffer buffer) {
        this.link = link;
        this.buffer = buffer;
    }

    static Offer exchange(Link link, NbdAddress address, String export, ByteBuffer buffer)
            throws IOException {
        return new Greeting(link, buffer).run(address, export);
    }

    private Offer run(NbdAddress address, String export) throws IOException {
        receive(link, buffer.clear().limit(18));
        if (buffer.getLong() != Wire.NBDMAGIC || buffer.getLong() != Wire.IHAVEOPT) {
            throw new IOException("this is no NBD server of the new style");
        }
        int flags = Short.toUnsignedInt(buffer.getShort());
        if ((flags & Wire.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new IOException("this NBD server cannot refuse an option");
        }
        int ours = Wire.FLAG_FIXED_NEWSTYLE | (flags & Wire.FLAG_NO_ZEROES);
        link.write(buffer.clear().putInt(ours).flip());
        if (address instanceof NbdAddress.Tls tls && link instanceof TcpLink tcp) {
            option(Wire.OPT_STARTTLS, new byte[0]);
            if (answer(Wire.OPT_STARTTLS) != Wire.REP_ACK) {
                throw new IOException("the server has no TLS");
            }
            tcp.startTls(tls.host());
        }
        option(Wire.OPT_STRUCTURED_REPLY, new byte[0]);
        boolean structured = answer(Wire.OPT_STRUCTURED_REPLY) == Wire.REP_ACK;
        int allocation = structured ? allocation(export) : Offer.NO_CONTEXT;
        return go(export, structured, allocation);
    }

    private int allocation(String export) throws IOException {
        byte[] name = export.getBytes(UTF_8);
        byte[] context = Wire.BASE_ALLOCATION.getBytes(UTF_8);
        ByteBuffer data = ByteBuffer.allocate(12 + name.length + context.length);
        data.putInt(name.length).put(name).putInt(1).putInt(context.length).put(context);
        option(Wire.OPT_SET_META_CONTEXT, data.array());
        int id = Offer.NO_CONTEXT;
        for (int count = 0; count < ANSWERS_MAX; count++) {
            int kind = answer(Wire.OPT_SET_META_CONTEXT);
            if (kind != Wire.REP_META_CONTEXT) {
                return kind == Wire.REP_ACK ? id : Offer.NO_CONTEXT;
            }
            if (buffer.remaining() != 4 + context.length) {
                throw new IOException("a context that was not asked for");
            }
            id = buffer.getInt();
        }
        throw new IOException("answers without end");
    }

    private Offer go(String export, boolean structured, int allocation) throws IOException {
        byte[] name = export.getBytes(UTF_8);
        ByteBuffer data = ByteBuffer.allocate(8 + name.length);
        data.putInt(name.length).put(name).putShort((short) 1);
        option(Wire.OPT_GO, data.putShort((short) Wire.INFO_BLOCK_SIZE).array());
        long size = -1;
        int flags = 0;
        int payload = Wire.PAYLOAD_MAX;
        for (int count = 0; count < ANSWERS_MAX; count++) {
            int kind = answer(Wire.OPT_GO);
            switch (kind) {
                case Wire.REP_ACK -> {
                    if (size < 0) {
                        throw new IOException("an export without a size");
                    }
                    return new Offer(size, flags, payload, structured, allocation);
                }
                case Wire.REP_INFO -> {
                    int what = buffer.remaining() < 2 ? -1 : buffer.getShort();
                    if (what == Wire.INFO_EXPORT && buffer.remaining() == 10) {
                        size = buffer.getLong();
                        flags = Short.toUnsignedInt(buffer.getShort());
                    } else if (what == Wire.INFO_BLOCK_SIZE && buffer.remaining() == 12) {
                        int most = buffer.getInt(buffer.position() + 8);
                        payload = most > 0 ? Math.min(payload, most) : payload;
                    }
                }
                case Wire.REP_ERR_UNKNOWN ->
                        throw new FaultException(new NbdFault.UnknownExport(export));
                default -> throw new IOException("the server answers 0x%x to GO".formatted(kind));
            }
        }
        throw new IOException("answers without end");
    }

    private void option(int option, byte[] data) throws IOException {
        buffer.clear().putLong(Wire.IHAVEOPT).putInt(option).putInt(data.length).put(data);
        link.write(buffer.flip());
    }

    /// @return the kind of the next answer; its data is in the buffer
    private int answer(int option) throws IOException {
        receive(link, buffer.clear().limit(20));
        if (buffer.getLong() != Wire.OPTION_REPLY_MAGIC || buffer.getInt() != option) {
            throw new IOException("an answer to no option of ours");
        }
        int kind = buffer.getInt();
        int length = buffer.getInt();
        if (length < 0 || length > ANSWER_BYTES_MAX) {
            throw new IOException("an option's answer of %d bytes".formatted(length));
        }
        receive(link, buffer.clear().limit(length));
        return kind;
    }

    /// Fills the buffer to its limit and puts its position back.
    static void receive(Link link, ByteBuffer into) throws IOException {
        int start = into.position();
        while (into.hasRemaining()) {
            if (link.read(into) < 0) {
                throw new EOFException("the server closed it");
            }
        }
        into.position(start);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.VolumeLimit;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The requests of one connection, after the negotiation. Reads and writes are executed here, in order, straight from and into the
/// socket's buffers; replies are collected and sent together when no further request has arrived, or at 128 KiB.
///
/// Every length and offset from the wire is checked against the export before it is used in any sum.
final class Transmission {
    private static final int SEND_AT = 128 << 10;

    /// From here on it pays to take the head of a request alone, so that the payload lies as the file's pages do, and to write it in
    /// parts.
    private static final int LARGE_WRITE = 64 << 10;

    /// So much of a large payload is written at once, or more when it is there: the peer sends the next part meanwhile.
    private static final int PIECE_MIN = 64 << 10;

    private static final int PAGE = 4096;

    private final Session session;
    private final BlockDevice device;
    private final VolumeLimit limit;
    private final long size;
    private final Inbox in;
    private final Replies replies;
    private final Reads reads;
    private final Deferred deferred;
    private final ByteBuffer payload;
    private @Nullable BlockStatus status;
    private int burst; // requests since we last waited
    private boolean largeWrites; // was the last request

    private int flags;
    private int command;
    private long cookie;
    private long offset;
    private long length;

    /// @param buffer for replies
    Transmission(Session session, Inbox in, Outbox out, ByteBuffer buffer, Deferred deferred) {
        this.session = session;
        this.device = session.export().device();
        this.limit = session.export().limit();
        this.size = device.size();
        this.in = in;
        this.replies = new Replies(out, session.structured(), buffer);
        this.reads = new Reads(session, out, replies);
        this.deferred = deferred;
        this.payload = in.buffer().duplicate();
    }

    /// Returns when the peer disconnected.
    void run() throws IOException, InterruptedException {
        while (true) {
            if (!in.has(Wire.REQUEST_BYTES)) {
                replies.send();
                if (!in.awaitRequest(largeWrites, burst == 1)) {
                    return;
                }
                burst = 0;
            }
            burst++;
            parse();
            largeWrites = command == Wire.CMD_WRITE && length >= LARGE_WRITE;
            if (command == Wire.CMD_DISC) {
                replies.send();
                return;
            }
            if (command == Wire.CMD_WRITE) {
                write();
            } else {
                execute();
            }
            if (replies.buffer().position() >= SEND_AT) {
                replies.send();
            }
        }
    }

    private void parse() throws IOException {
        ByteBuffer bytes = in.buffer();
        int magic = bytes.getInt();
        if (magic != Wire.REQUEST_MAGIC) {
            throw new ProtocolException("request magic 0x%x".formatted(magic));
        }
        flags = Short.toUnsignedInt(bytes.getShort());
        command = Short.toUnsignedInt(bytes.getShort());
        cookie = bytes.getLong();
        offset = bytes.getLong();
        length = Integer.toUnsignedLong(bytes.getInt());
    }

    private void execute() throws IOException, InterruptedException {
        switch (command) {
            case Wire.CMD_READ -> {
                if (mayUse(Wire.CMD_FLAG_FUA | (session.structured() ? Wire.CMD_FLAG_DF : 0))
                        && isInside(Wire.EINVAL)
                        && isShort()) {
                    passLimit(length);
                    reads.answer(cookie, offset, (int) length, (flags & Wire.CMD_FLAG_DF) != 0);
                }
            }
            case Wire.CMD_FLUSH -> {
                if (!mayUse(Wire.CMD_FLAG_FUA)) {
                    return;
                }
                if (offset != 0 || length != 0) {
                    replies.failed(cookie, Wire.EINVAL, "a flush has no range");
                } else {
                    flush();
                }
            }
            case Wire.CMD_TRIM -> {
                if (mayUse(Wire.CMD_FLAG_FUA) && mayChange() && isInside(Wire.EINVAL)) {
                    passLimit(0);
                    defer(Deferred.Work.TRIM, (flags & Wire.CMD_FLAG_FUA) != 0);
                }
            }
            case Wire.CMD_WRITE_ZEROES -> {
                if (mayUse(Wire.CMD_FLAG_FUA | Wire.CMD_FLAG_NO_HOLE | Wire.CMD_FLAG_FAST_ZERO)
                        && mayChange()
                        && isInside(Wire.ENOSPC)) {
                    zero();
                }
            }
            case Wire.CMD_CACHE -> {
                if (mayUse(Wire.CMD_FLAG_FUA) && isInside(Wire.EINVAL)) {
                    passLimit(length);
                    defer(Deferred.Work.CACHE, false);
                }
            }
            case Wire.CMD_BLOCK_STATUS -> {
                if (mayUse(Wire.CMD_FLAG_FUA | Wire.CMD_FLAG_REQ_ONE) && isInside(Wire.EINVAL)) {
                    blockStatus();
                }
            }
            default ->
                    replies.failed(
                            cookie, Wire.EINVAL, "command %d is not known".formatted(command));
        }
    }

    private boolean mayUse(int known) throws IOException {
        if ((flags & ~known) != 0) {
            replies.failed(
                    cookie, Wire.EINVAL, "flags 0x%x of command %d".formatted(flags, command));
            return false;
        }
        return true;
    }

    private boolean mayChange() throws IOException {
        if (session.export().isReadOnly()) {
            replies.failed(cookie, Wire.EPERM, "the export is read-only");
            return false;
        }
        return true;
    }

    private boolean isInside(int error) throws IOException {
        if (offset < 0 || length > size || offset > size - length) {
            replies.failed(
                    cookie,
                    error,
                    "%d bytes at %s are not inside %d"
                            .formatted(length, Long.toUnsignedString(offset), size));
            return false;
        }
        return true;
    }

    private boolean isShort() throws IOException {
        if (length > Wire.PAYLOAD_MAX) {
            replies.failed(
                    cookie,
                    Wire.EINVAL,
                    "%d bytes, at most %d".formatted(length, Wire.PAYLOAD_MAX));
            return false;
        }
        return true;
    }

    /// Waits here, before the request is executed, as long as the volume's limit says; what was done before is answered first.
    private void passLimit(long moved) throws IOException, InterruptedException {
        if (!limit.tryPass(moved)) {
            replies.send();
            limit.pass(moved);
        }
    }

    private void write() throws IOException, InterruptedException {
        if (length > Wire.PAYLOAD_MAX) {
            replies.failed(cookie, Wire.EINVAL, "a payload of %d bytes".formatted(length));
            replies.send();
            throw new ProtocolException("a payload of %d bytes".formatted(length));
        }
        if (!mayUse(Wire.CMD_FLAG_FUA) || !mayChange() || !isInside(Wire.ENOSPC)) {
            in.skip(length);
            return;
        }
        passLimit(length);
        Outcome outcome = length < LARGE_WRITE ? writeWhole() : writeInPieces();
        if (outcome.error() == Wire.OK && (flags & Wire.CMD_FLAG_FUA) != 0) {
            flush();
        } else {
            answer(outcome);
        }
    }

    /// Here while that takes no longer than to wake the other thread.
    private void flush() throws IOException, InterruptedException {
        Flusher flusher = session.export().flusher();
        if (flusher.isQuick()) {
            answer(flusher.attempt());
        } else {
            defer(Deferred.Work.FLUSH, true);
        }
    }

    private void answer(Outcome outcome) throws IOException {
        if (outcome.error() == Wire.OK) {
            replies.done(cookie);
        } else {
            replies.failed(cookie, outcome.error(), outcome.text());
        }
    }

    private Outcome writeWhole() throws IOException {
        int bytes = (int) length;
        if (!in.has(bytes)) {
            replies.send();
            in.require(bytes);
        }
        return take(offset, bytes);
    }

    /// It is written as it comes: the peer sends the next part meanwhile, and memory stays bounded whatever its size.
    private Outcome writeInPieces() throws IOException {
        replies.send();
        Outcome outcome = Outcome.OK;
        long done = 0;
        while (done < length) {
            in.require((int) Math.min(PIECE_MIN, length - done));
            int piece = in.requireSome(length - done);
            if (done + piece < length) {
                piece -= piece % PAGE; // what follows lies as the file's pages do
            }
            if (outcome.error() == Wire.OK) {
                outcome = take(offset + done, piece);
            } else {
                in.skip(piece); // the rest must be read all the same
            }
            done += piece;
        }
        return outcome;
    }

    private Outcome take(long to, int bytes) {
        ByteBuffer buffer = in.buffer();
        payload.limit(buffer.position() + bytes).position(buffer.position());
        buffer.position(buffer.position() + bytes);
        try {
            device.write(to, payload);
            return Outcome.OK;
        } catch (FaultException e) {
            return Outcome.of(e);
        }
    }

    private void zero() throws IOException, InterruptedException {
        if ((flags & Wire.CMD_FLAG_FAST_ZERO) != 0 && !device.zeroesFast()) {
            replies.failed(cookie, Wire.ENOTSUP, "zeroing may be as slow as writing");
        } else {
            passLimit(0);
            boolean keepsRoom = (flags & Wire.CMD_FLAG_NO_HOLE) != 0;
            Deferred.Work work = keepsRoom ? Deferred.Work.ZERO : Deferred.Work.TRIM;
            defer(work, (flags & Wire.CMD_FLAG_FUA) != 0);
        }
    }

    private void blockStatus() throws IOException {
        if (session.contexts().isEmpty() || length == 0) {
            replies.failed(cookie, Wire.EINVAL, "no context was chosen, or no length given");
            return;
        }
        BlockStatus present = status;
        if (present == null) {
            present = new BlockStatus(session);
            status = present;
        }
        present.answer(replies, cookie, offset, length, (flags & Wire.CMD_FLAG_REQ_ONE) != 0);
    }

    private void defer(Deferred.Work work, boolean flush) throws IOException, InterruptedException {
        var task = new Deferred.Task(work, cookie, offset, length, flush);
        if (!deferred.tryAdd(task)) {
            replies.send(); // we may wait now
            deferred.add(task);
        }
    }
}

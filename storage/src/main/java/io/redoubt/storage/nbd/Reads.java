// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;

/// The ways in which a read of one connection is answered: into the buffer of the replies, by the kernel from the file, in several
/// chunks, or in one piece that exceeds the buffer.
final class Reads {
    /// From here on the kernel sends the data from the file, which is cheaper than a copy.
    private static final int FILE_SENT_MIN = 32 << 10;

    private static final int PIECE_MAX = 256 << 10;

    private static final int BIG_READS_MAX = 4;

    /// Replies that must be in one piece but exceed the buffer; each takes up to 32 MiB while it is made.
    private static final Semaphore BIG_READS = new Semaphore(BIG_READS_MAX);

    private final BlockDevice device;
    private final boolean structured;
    private final Outbox out;
    private final Replies replies;
    private final boolean takesFiles;

    private long cookie;
    private long offset;

    Reads(Session session, Outbox out, Replies replies) {
        this.device = session.export().device();
        this.structured = session.structured();
        this.out = out;
        this.replies = replies;
        this.takesFiles = out.takesFiles();
    }

    /// @param inOnePiece never as several chunks
    void answer(long request, long from, int bytes, boolean inOnePiece) throws IOException {
        cookie = request;
        offset = from;
        if (bytes >= FILE_SENT_MIN && takesFiles && isInFile(bytes)) {
            readFromFile(bytes);
        } else if (bytes + Wire.CHUNK_BYTES + 8 <= replies.buffer().capacity()) {
            replies.reserve(bytes + Wire.CHUNK_BYTES + 8);
            readInto(replies.buffer(), offset, bytes, true);
        } else if (structured && !inOnePiece) {
            readInPieces(bytes);
        } else {
            readInOne(bytes);
        }
    }

    private boolean isInFile(int bytes) {
        try {
            return device.send(offset, bytes, -1) >= bytes;
        } catch (FaultException _) {
            return false; // reading meets it, too, and can say so
        }
    }

    private void readFromFile(int bytes) throws IOException {
        replies.reserve(Wire.CHUNK_BYTES + 8);
        if (structured) {
            Replies.chunk(
                    replies.buffer(), Wire.CHUNK_DONE, Wire.CHUNK_OFFSET_DATA, cookie, 8 + bytes);
            replies.buffer().putLong(offset);
        } else {
            Replies.simple(replies.buffer(), cookie, Wire.OK);
        }
        out.send(replies.buffer(), device, offset, bytes);
    }

    /// Puts a reply or a chunk of one with its data, or with the device's refusal.
    ///
    /// @return whether there was data
    private boolean readInto(ByteBuffer into, long from, int bytes, boolean last)
            throws IOException {
        int start = into.position();
        if (structured && bytes == 0) {
            Replies.chunk(into, Wire.CHUNK_DONE, Wire.CHUNK_NONE, cookie, 0);
            return true;
        }
        if (structured) {
            Replies.chunk(
                    into, last ? Wire.CHUNK_DONE : 0, Wire.CHUNK_OFFSET_DATA, cookie, 8 + bytes);
            into.putLong(from);
        } else {
            Replies.simple(into, cookie, Wire.OK);
        }
        try {
            into.limit(into.position() + bytes);
            device.read(from, into);
            into.limit(into.capacity());
            return true;
        } catch (FaultException e) {
            into.limit(into.capacity()).position(start);
            Outcome outcome = Outcome.of(e);
            replies.failed(cookie, outcome.error(), outcome.text());
            return false;
        }
    }

    private void readInPieces(int bytes) throws IOException {
        int pieceMax = PIECE_MAX - Wire.CHUNK_BYTES - 8;
        int done = 0;
        while (done < bytes) {
            int piece = Math.min(pieceMax, bytes - done);
            replies.reserve(piece + Wire.CHUNK_BYTES + 8);
            if (!readInto(replies.buffer(), offset + done, piece, done + piece == bytes)) {
                return; // the error chunk was the last
            }
            done += piece;
        }
    }

    private void readInOne(int bytes) throws IOException {
        replies.send();
        if (!BIG_READS.tryAcquire()) {
            // Those who have the memory may be slow to take their replies: nobody waits for them.
            if (isReadable(bytes)) {
                readFromFile(bytes);
            }
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer whole = arena.allocate(bytes + Wire.CHUNK_BYTES + 8L).asByteBuffer();
            if (readInto(whole, offset, bytes, true)) {
                whole.limit(whole.capacity());
                out.send(whole);
            }
        } finally {
            BIG_READS.release();
        }
    }

    /// Reads all of it and drops it, so that a refusal is met before the head of the reply promises data.
    private boolean isReadable(int bytes) throws IOException {
        ByteBuffer buffer = replies.buffer(); // empty
        Outcome outcome = Outcome.OK;
        try {
            for (int done = 0; done < bytes; done += buffer.position()) {
                buffer.clear().limit(Math.min(buffer.capacity(), bytes - done));
                device.read(offset + done, buffer);
            }
        } catch (FaultException e) {
            outcome = Outcome.of(e);
        }
        buffer.clear();
        if (outcome.error() != Wire.OK) {
            replies.failed(cookie, outcome.error(), outcome.text());
        }
        return outcome.error() == Wire.OK;
    }
}

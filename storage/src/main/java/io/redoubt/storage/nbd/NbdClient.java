// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Range;
import io.redoubt.storage.nbd.Conversation.Runs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Somebody's volume, over NBD: one connection, one request at a time.
///
/// With [Retries] it lives through cut connections. A request that was cut is sent again: reading, writing and zeroing twice is the same as
/// once, as long as this client is the only one that writes. What the server had acknowledged and no flush has covered is sent again first,
/// in its order, because the server that comes back may be one that lost it with its power; so a [#flush()] that returns covers every
/// write that ever returned. The client keeps a copy of those writes, at most 16 MiB, and flushes by itself when it would need more.
///
/// Waits inside are bounded by [Retries], and [#close()] ends them.
public final class NbdClient implements BlockDevice {
    private static final VolumeId REMOTE = new VolumeId("remote");
    private static final int ZERO_MAX = 1 << 30;
    private static final int WRITE_MAX = 8 << 20; // so that a few fit into what is kept
    private static final int STATUS_MAX = 1 << 30;
    private static final long PAUSE_MILLIS_MIN = 20;
    private static final long PAUSE_MILLIS_MAX = 1000;

    /// A request that cuts every connection is the server's trouble with it, and not with the connection.
    private static final int CUTS_MAX = 10;

    private final NbdAddress address;
    private final String export;
    private final Retries retries;
    private final ReentrantLock lock = new ReentrantLock();
    private final Unflushed unflushed = new Unflushed(); // guarded by lock
    private volatile @Nullable Conversation conversation; // changed under lock
    private volatile boolean closed;
    private volatile long size = -1;
    private volatile int flags;

    /// One request; it may be made again from its beginning.
    @FunctionalInterface
    private interface Request {
        void on(Conversation conversation) throws IOException;
    }

    private NbdClient(NbdAddress address, String export, Retries retries) {
        this.address = address;
        this.export = export;
        this.retries = retries;
    }

    /// Without a second attempt.
    ///
    /// @throws FaultException with an [NbdFault]
    public static NbdClient connect(Path socket, String export) {
        return connect(new NbdAddress.Unix(socket), export, Retries.NONE);
    }

    /// @throws FaultException with an [NbdFault]
    public static NbdClient connect(NbdAddress address, String export, Retries retries) {
        var client = new NbdClient(address, export, retries);
        client.request(_ -> {});
        return client;
    }

    /// As the server told last; it may grow with a new connection.
    @Override
    public long size() {
        return size;
    }

    public boolean isReadOnly() {
        return (flags & Wire.READ_ONLY) != 0;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(REMOTE, offset, into.remaining(), size);
        int limit = into.limit();
        long at = offset;
        while (into.position() < limit) {
            int piece = Math.min(payloadMax(), limit - into.position());
            ByteBuffer part = into.slice(into.position(), piece);
            long from = at;
            request(conversation -> conversation.read(from, part.clear()));
            into.position(into.position() + piece);
            at += piece;
        }
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(REMOTE, offset, length, size);
        var runs = new Runs();
        long end = offset + length;
        long at = offset;
        while (at < end) {
            long from = at;
            long asked = Math.min(STATUS_MAX, end - at);
            request(conversation -> {
                runs.count = 0;
                if (conversation.offer().allocation() != Offer.NO_CONTEXT) {
                    conversation.status(from, asked, runs);
                }
            });
            if (runs.count == 0) {
                sink.extent(end - at, Kind.DATA); // this server cannot tell
                return;
            }
            for (int i = 0; i < runs.count && at < end; i++) {
                long bytes = Math.min(end - at, Integer.toUnsignedLong(runs.lengths[i]));
                if (bytes > 0 && !sink.extent(bytes, kind(runs.states[i]))) {
                    return;
                }
                at += bytes;
            }
            if (at == from) {
                throw new FaultException(new NbdFault.Refused("map", Wire.EINVAL, "no progress"));
            }
        }
    }

    private static Kind kind(int state) {
        if ((state & Wire.STATE_ZERO) == 0) {
            return Kind.DATA;
        }
        return (state & Wire.STATE_HOLE) == 0 ? Kind.ZERO : Kind.HOLE;
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        write(offset, from, false);
    }

    /// @param fua the write is durable when the call returns
    public void write(long offset, ByteBuffer from, boolean fua) {
        Range.require(REMOTE, offset, from.remaining(), size);
        int limit = from.limit();
        long at = offset;
        while (from.position() < limit) {
            int most = Math.min(payloadMax(), WRITE_MAX);
            int piece = Math.min(most, limit - from.position());
            ByteBuffer part = from.slice(from.position(), piece);
            long to = at;
            change(
                    piece,
                    conversation -> conversation.write(to, part.clear(), fua),
                    () -> unflushed.wrote(to, part.clear()));
            from.position(from.position() + piece);
            at += piece;
        }
    }

    @Override
    public void zero(long offset, long length) {
        zero(offset, length, true);
    }

    @Override
    public void trim(long offset, long length) {
        zero(offset, length, false); // NBD's own trim may leave anything behind
    }

    private void zero(long offset, long length, boolean keepsRoom) {
        Range.require(REMOTE, offset, length, size);
        for (long done = 0; done < length; done += ZERO_MAX) {
            long piece = Math.min(ZERO_MAX, length - done);
            long at = offset + done;
            change(
                    0,
                    conversation -> conversation.zero(at, piece, keepsRoom),
                    () -> unflushed.zeroed(at, piece));
        }
    }

    /// A change, and a note of it once it is acknowledged.
    private void change(int bytes, Request request, Runnable acknowledged) {
        lock.lock();
        try {
            if (retries.any() && !unflushed.hasRoomFor(bytes)) {
                flush();
            }
            request(request);
            if (retries.any()) {
                acknowledged.run();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void flush() {
        lock.lock();
        try {
            request(Conversation::flush);
            unflushed.flushed();
        } finally {
            lock.unlock();
        }
    }

    /// Ends the connection; a request that runs in another thread ends with [NbdFault.Disconnected].
    @Override
    public void close() {
        closed = true;
        Conversation present = conversation;
        if (lock.tryLock()) {
            try {
                if (present != null) {
                    present.close();
                    conversation = null;
                }
            } finally {
                lock.unlock();
            }
        } else if (present != null) {
            present.cut(); // its thread frees it
        }
    }

    private int payloadMax() {
        Conversation present = conversation;
        return present == null ? Wire.PAYLOAD_MAX : present.offer().payloadMax();
    }

    private void request(Request request) {
        lock.lock();
        try {
            long cutAt = 0;
            int cuts = 0;
            for (int attempts = 1; ; attempts++) {
                try {
                    Conversation ready = connected();
                    cuts++; // if this does not return
                    request.on(ready);
                    return;
                } catch (IOException e) {
                    abandon();
                    cutAt = attempts == 1 ? System.nanoTime() : cutAt;
                    requirePatience(attempts, cuts, cutAt, e);
                    pause(attempts, e);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void requirePatience(int attempts, int cuts, long cutAt, IOException cause) {
        String why = String.valueOf(cause.getMessage());
        if (closed || !retries.any() || Thread.currentThread().isInterrupted()) {
            throw new FaultException(new NbdFault.Disconnected(why), cause);
        }
        long waited = System.nanoTime() - cutAt;
        if (cuts >= CUTS_MAX || waited > retries.patience().toNanos()) {
            throw new FaultException(
                    new NbdFault.GaveUp(address.toString(), attempts, waited / 1_000_000, why),
                    cause);
        }
    }

    private void pause(int attempts, IOException cause) {
        try {
            Thread.sleep(
                    Math.min(PAUSE_MILLIS_MAX, PAUSE_MILLIS_MIN << Math.min(attempts - 1, 10)));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new FaultException(new NbdFault.Disconnected("interrupted"), cause);
        }
    }

    /// The present connection, or a new one on which all that may have been lost was sent again.
    private Conversation connected() throws IOException {
        Conversation present = conversation;
        if (present != null) {
            return present;
        }
        if (closed) {
            throw new IOException("this client was closed");
        }
        Conversation made = open();
        try {
            for (Unflushed.Change change : unflushed.changes()) {
                if (change.isWrite()) {
                    made.write(change.offset(), change.data().duplicate(), false);
                } else {
                    made.zero(change.offset(), change.length(), true);
                }
            }
        } catch (IOException | RuntimeException e) {
            made.abandon();
            throw e;
        }
        size = made.offer().size();
        flags = made.offer().flags();
        conversation = made;
        return made;
    }

    private Conversation open() throws IOException {
        Conversation made;
        try {
            made = Conversation.open(address, export, (int) retries.answer().toMillis());
        } catch (FaultException e) {
            if (retries.any() && e.fault() instanceof NbdFault.SocketFailed) {
                throw new IOException(e.getMessage(), e); // it may come back
            }
            throw e;
        }
        long now = made.offer().size();
        if (now < size) {
            made.close();
            throw new FaultException(new NbdFault.Shrunk(export, size, now));
        }
        return made;
    }

    private void abandon() {
        Conversation present = conversation;
        if (present != null) {
            present.abandon();
            conversation = null;
        }
    }
}

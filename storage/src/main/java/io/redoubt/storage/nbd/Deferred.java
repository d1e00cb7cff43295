// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The second thread of a connection: what must not hold up reads and writes, which is flushing, zeroing and reading ahead.
/// All flushes that wait together are done by one.
final class Deferred implements Runnable {
    /// Requests of one connection that may wait here; when there are more, it reads no further.
    private static final int WAITING_MAX = 128;

    private static final int PIECE =
            8 << 20; // of a zeroing, so that a fence or a close is not held up by gigabytes

    private static final int LOOK_MILLIS = 100;
    private static final int REPLY_BYTES = 16 << 10;
    private static final int SCRATCH_BYTES = 64 << 10;

    enum Work {
        FLUSH,
        ZERO,
        TRIM,
        CACHE,
        STOP
    }

    /// @param flush the reply waits for a flush, after the work
    record Task(Work work, long cookie, long offset, long length, boolean flush) {}

    private final Export export;
    private final Replies replies;
    private @Nullable ByteBuffer scratch; // for what is read ahead and dropped
    private final ArrayBlockingQueue<Task> waiting = new ArrayBlockingQueue<>(WAITING_MAX);

    private final Runnable cut;
    private volatile boolean over;
    private volatile boolean abandoned;

    /// @param cut closes the connection, when this thread cannot go on
    Deferred(Export export, Outbox out, boolean structured, Runnable cut) {
        this.export = export;
        this.cut = cut;
        this.replies = new Replies(out, structured, ByteBuffer.allocateDirect(REPLY_BYTES));
    }

    boolean tryAdd(Task task) {
        return waiting.offer(task);
    }

    void add(Task task) throws InterruptedException, ClosedChannelException {
        while (!waiting.offer(task, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (over) {
                throw new ClosedChannelException();
            }
        }
    }

    /// The peer is gone: what was to be read ahead for it is not.
    void abandon() {
        abandoned = true;
    }

    @Override
    public void run() {
        List<Task> batch = new ArrayList<>(WAITING_MAX);
        try {
            while (true) {
                batch.clear();
                batch.add(waiting.take());
                waiting.drainTo(batch);
                if (!answer(batch)) {
                    return;
                }
            }
        } catch (IOException | InterruptedException _) {
            // The connection is over; whoever closed it says why.
        } finally {
            over = true;
            cut.run();
        }
    }

    private boolean answer(List<Task> batch) throws IOException, InterruptedException {
        flush(batch, Work.FLUSH); // first: they have waited for nothing but this
        for (Task task : batch) {
            if (task.work() != Work.FLUSH && task.work() != Work.STOP) {
                Outcome outcome = perform(task);
                if (outcome.error() != Wire.OK) {
                    replies.failed(task.cookie(), outcome.error(), outcome.text());
                } else if (!task.flush()) {
                    replies.done(task.cookie());
                } else {
                    flush(List.of(task), task.work());
                }
            }
        }
        replies.send();
        return batch.stream().noneMatch(task -> task.work() == Work.STOP);
    }

    private void flush(List<Task> batch, Work work) throws IOException, InterruptedException {
        if (batch.stream().noneMatch(task -> task.work() == work)) {
            return;
        }
        Outcome outcome = export.flusher().attempt();
        for (Task task : batch) {
            if (task.work() == work && outcome.error() == Wire.OK) {
                replies.done(task.cookie());
            } else if (task.work() == work) {
                replies.failed(task.cookie(), outcome.error(), outcome.text());
            }
        }
        replies.send();
    }

    private Outcome perform(Task task) throws InterruptedException {
        try {
            long done = 0;
            while (done < task.length()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                long piece = Math.min(PIECE, task.length() - done);
                long at = task.offset() + done;
                if (task.work() == Work.ZERO) {
                    export.device().zero(at, piece);
                } else if (task.work() == Work.TRIM) {
                    export.device().trim(at, piece);
                } else if (abandoned) {
                    return Outcome.OK;
                } else {
                    piece = Math.min(piece, SCRATCH_BYTES);
                    export.device().read(at, scratch().clear().limit((int) piece));
                }
                done += piece;
            }
            return Outcome.OK;
        } catch (FaultException e) {
            return Outcome.of(e);
        }
    }

    private ByteBuffer scratch() {
        ByteBuffer present = scratch;
        if (present == null) {
            present = ByteBuffer.allocateDirect(SCRATCH_BYTES);
            scratch = present;
        }
        return present;
    }
}

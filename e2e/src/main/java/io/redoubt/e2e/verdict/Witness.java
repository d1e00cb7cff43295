// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;

/// Reads a serial log while a guest writes it, and remembers when each line was seen.
///
/// A line is seen up to [#LOOK_AGAIN_MILLIS] after it was written, never before.
public final class Witness implements AutoCloseable {
    public static final long LOOK_AGAIN_MILLIS = 10;
    private static final int PIECE_BYTES_MAX = 1 << 20;

    private final Path log;
    private final ReentrantLock lock = new ReentrantLock();
    private final Transcript transcript = new Transcript(); // guarded by lock
    private final Thread thread;
    private long place; // guarded by lock
    private volatile boolean closed;

    private Witness(Path log) {
        this.log = log;
        this.thread = Thread.ofPlatform().daemon().name("witness").unstarted(this::watch);
    }

    /// @param log need not exist yet
    public static Witness of(Path log) {
        var witness = new Witness(log);
        witness.thread.start();
        return witness;
    }

    public Path log() {
        return log;
    }

    /// Everything that stands in the log now.
    public Transcript transcript() {
        read();
        lock.lock();
        try {
            return transcript.copy();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    private void watch() {
        try {
            while (!closed) {
                read();
                Thread.sleep(LOOK_AGAIN_MILLIS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        lock.lock();
        try (var file = new RandomAccessFile(log.toFile(), "r")) {
            for (long left = file.length() - place; left > 0; left = file.length() - place) {
                byte[] bytes = new byte[(int) Math.min(left, PIECE_BYTES_MAX)];
                file.seek(place);
                file.readFully(bytes);
                transcript.accept(bytes, System.currentTimeMillis());
                place += bytes.length;
            }
        } catch (IOException e) {
            if (Files.exists(log)) {
                throw new UncheckedIOException(e);
            } // else the guest has not started yet, or its machine was deleted
        } finally {
            lock.unlock();
        }
    }
}

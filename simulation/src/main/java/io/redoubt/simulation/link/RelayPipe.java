// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.link;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/// One direction of one connection of a [Relay]: what was read is written after the delay, at the rate. What is on its way is bounded;
/// then the sender has to wait, as on a real link.
final class RelayPipe {
    private static final int PIECE = 16 << 10;
    private static final int PIECES_MAX = 2048;
    private static final long LOOK_NANOS = 2_000_000;

    /// What was read at once; empty for the end.
    private static final class Piece {
        final long readAtNanos = System.nanoTime();
        final byte[] bytes;

        Piece(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    private final Socket from;
    private final Socket to;
    private final LongSupplier delayNanos;
    private final LongSupplier bytesPerSecond;
    private final Runnable end;
    private final ArrayBlockingQueue<Piece> onTheWay = new ArrayBlockingQueue<>(PIECES_MAX);
    private volatile boolean ended;

    /// @param end closes both sockets, more than once without harm
    RelayPipe(
            Socket from,
            Socket to,
            LongSupplier delayNanos,
            LongSupplier bytesPerSecond,
            Runnable end) {
        this.from = from;
        this.to = to;
        this.delayNanos = delayNanos;
        this.bytesPerSecond = bytesPerSecond;
        this.end = end;
    }

    void start() {
        Thread.ofPlatform().name("relay-in").daemon().start(this::readAll);
        Thread.ofPlatform().name("relay-out").daemon().start(this::writeAll);
    }

    private void readAll() {
        byte[] buffer = new byte[PIECE];
        try (InputStream in = from.getInputStream()) {
            int count = in.read(buffer);
            while (count > 0 && !ended) {
                onTheWay.put(new Piece(Arrays.copyOf(buffer, count)));
                count = in.read(buffer);
            }
            onTheWay.put(new Piece(new byte[0]));
        } catch (IOException _) {
            end.run(); // a reset does not wait its turn
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void writeAll() {
        try (OutputStream out = to.getOutputStream()) {
            long freeAtNanos = System.nanoTime();
            for (Piece piece = onTheWay.take(); piece.bytes.length > 0; piece = onTheWay.take()) {
                while (System.nanoTime() - piece.readAtNanos < delayNanos.getAsLong()) {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
                freeAtNanos = Math.max(freeAtNanos, System.nanoTime());
                long rate = bytesPerSecond.getAsLong();
                if (rate < Long.MAX_VALUE) {
                    freeAtNanos += piece.bytes.length * 1_000_000_000L / rate;
                    LockSupport.parkNanos(freeAtNanos - System.nanoTime());
                }
                out.write(piece.bytes);
            }
        } catch (IOException _) {
            // Told to the reader by the end.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            ended = true;
            end.run();
            onTheWay.clear(); // a reader that waits for room sees the end
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

/// Whether what a stream sends is compressed: only while more comes through that way (rule 22). It is tried while the connection is what the
/// sender waits for, and given up when a second of it brought less than a tenth more, whatever the reason: data that is random already, a
/// processor that is the bottleneck then, a receiver that is.
///
/// A core: it reads no clock.
final class Packing {
    static final long WINDOW_NANOS = 1_000_000_000L;
    static final long AGAIN_NANOS = 30_000_000_000L;
    private static final int WAITING_PERCENT_LEAST = 50;
    private static final int IDLE_PERCENT = 5;
    private static final int GAIN_PERCENT_LEAST = 10;

    private long began;
    private long bytes;
    private long waited;
    private boolean packs;
    private boolean trial;
    private double plainRate; // bytes each nanosecond
    private long decidedAt;
    private long notBefore;

    Packing(long now) {
        began = now;
        notBefore = now;
    }

    boolean packs() {
        return packs;
    }

    /// The sender could do nothing but wait, for a limit.
    void waited(long nanos) {
        waited += nanos;
    }

    /// @param sent  bytes of frames, before they were compressed
    /// @param nanos that compressing them and giving them to the connection took
    void sent(int sent, long nanos, long now) {
        bytes += sent;
        waited += nanos;
        if (now - began >= WINDOW_NANOS) {
            decide((double) bytes / (now - began), 100 * waited / (now - began), now);
            began = now;
            bytes = 0;
            waited = 0;
        }
    }

    private void decide(double rate, long waitingPercent, long now) {
        if (!packs) {
            if (waitingPercent >= WAITING_PERCENT_LEAST && now - notBefore >= 0) {
                plainRate = rate;
                packs = true;
                trial = true;
                decidedAt = now;
            }
        } else if (trial && rate * 100 < plainRate * (100 + GAIN_PERCENT_LEAST)) {
            packs = false;
            notBefore = now + AGAIN_NANOS;
        } else {
            trial = false;
            // Nobody waits any more, or it is time to look again.
            packs = waitingPercent >= IDLE_PERCENT && now - decidedAt < AGAIN_NANOS;
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.concurrent.locks.LockSupport;

/// How long to let requests of a busy peer gather. While a peer has answers to take, it is not waiting for us: requests that come one by
/// one meanwhile cost a receive and a send each, and looking for them takes the processor from the peer. So we sleep, and take
/// several at once.
///
/// The time grows while the peer still has answers when we wake up, and halves as soon as it has none. A peer with one request under way
/// has taken its answer before it asks again, so it never waits for this.
final class Gathering {
    private static final long NANOS_MAX = 50_000;
    private static final long NANOS_MIN = 5_000;

    /// To ask costs a system call, and a pause that was wrong a wake-up: who is not known to be busy is asked about every so many bursts,
    /// and half as often after each time that the first pause found nothing left to take, as with a few requests under way.
    private static final int ASK_EVERY_MIN = 16;

    private static final int ASK_EVERY_MAX = 1024;

    /// So much has gathered anyway; more would fill the socket, and then the peer does wait.
    private static final int BURST_BYTES_MAX = 64 << 10;

    private long nanos;
    private int bursts;
    private int askEvery = ASK_EVERY_MIN;
    private boolean punctual;

    boolean isPausing() {
        return nanos > 0;
    }

    /// Lets requests gather, if that is due.
    void pause() {
        if (nanos > 0) {
            if (!punctual) {
                punctual = true;
                int _ = SocketCalls.sleepPunctually(); // else we only sleep longer
            }
            LockSupport.parkNanos(nanos);
        }
    }

    /// Whether it is time to find out about the peer, once for each burst.
    boolean asks() {
        bursts++;
        return nanos > 0 || bursts % askEvery == 0;
    }

    /// @param burstBytes  that were received together
    /// @param hasUntaken the peer still has answers to take, of bursts before this one
    void found(int burstBytes, boolean hasUntaken) {
        if (hasUntaken && burstBytes < BURST_BYTES_MAX) {
            askEvery = nanos > 0 ? ASK_EVERY_MIN : askEvery;
            nanos = Math.clamp(nanos + nanos / 16, NANOS_MIN, NANOS_MAX);
        } else if (nanos >= 2 * NANOS_MIN) {
            nanos /= 2;
        } else {
            askEvery = nanos > 0 ? Math.min(2 * askEvery, ASK_EVERY_MAX) : askEvery;
            nanos = 0;
        }
    }

    long nanos() {
        return nanos;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.concurrent.locks.LockSupport;

/// Whether to let requests of a busy peer gather. While a peer has answers to take, it is not waiting for us: requests that come one by
/// one meanwhile cost a receive and a send each, and looking for them takes the processor from the peer. So we sleep, and take
/// several at once.
///
/// A pause after which the peer had nothing left to take was too long for it, and the last one for a while. A peer with one request under
/// way has taken its answer before it asks again, so it never waits for this.
final class Gathering {
    /// Asked of the kernel, which makes 40 us of it on a busy host: five requests of a fast peer. More gathers little more, and is too long
    /// for a peer with sixteen under way.
    private static final long PAUSE_NANOS = 15_000;

    /// To ask costs a system call, and a pause that was wrong a wake-up: who is not known to be busy is asked about every so many bursts,
    /// and half as often after each pause that was too long, as with a few requests under way.
    private static final int ASK_EVERY_MIN = 16;

    private static final int ASK_EVERY_MAX = 1024;

    /// So many good pauses in a row, and it is asked about as often as at first.
    private static final int GOOD_PAUSES = 64;

    /// So much has gathered anyway; more would fill the socket, and then the peer does wait.
    private static final int BURST_BYTES_MAX = 64 << 10;

    private boolean pausing;
    private int good;
    private int bursts;
    private int askEvery = ASK_EVERY_MIN;
    private boolean punctual;

    boolean isPausing() {
        return pausing;
    }

    /// Lets requests gather, if that is due.
    void pause() {
        if (pausing) {
            if (!punctual) {
                punctual = true;
                int _ = SocketCalls.sleepPunctually(); // else we only sleep longer
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /// Whether it is time to find out about the peer, once for each burst.
    boolean asks() {
        bursts++;
        return pausing || bursts % askEvery == 0;
    }

    /// @param burstBytes  that were received together
    /// @param hasUntaken the peer still has answers to take, of bursts before this one
    void found(int burstBytes, boolean hasUntaken) {
        if (pausing && hasUntaken) {
            good = Math.min(good + 1, GOOD_PAUSES);
            askEvery = good == GOOD_PAUSES ? ASK_EVERY_MIN : askEvery;
        } else if (pausing) {
            good = 0;
            askEvery = Math.min(2 * askEvery, ASK_EVERY_MAX);
        }
        pausing = hasUntaken && burstBytes < BURST_BYTES_MAX;
    }
}

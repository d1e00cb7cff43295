// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.time.Duration;

/// What one peer may take from the server.
///
/// @param handshake   for the whole negotiation
/// @param message     for one message to arrive, from its first byte to its last (each 256 KiB of a larger one), or for
///                    replies to be taken by the peer; between messages a peer may be silent for ever, and the time that a
///                    request spends inside the device does not count
/// @param connections at once; a further one takes the place of a peer that is slow to choose an export, or is closed
/// @param close       how long [NbdServer#close()] waits for requests in execution to end
public record NbdLimits(Duration handshake, Duration message, int connections, Duration close) {
    public static final NbdLimits DEFAULT =
            new NbdLimits(
                    Duration.ofSeconds(10), Duration.ofSeconds(30), 64, Duration.ofSeconds(5));
}

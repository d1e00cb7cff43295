// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// When a peer is left alone for a moment, told by the time that this takes at least.
@Timeout(60)
class InboxTest {
    private static final int REQUESTS = 400;
    private static final int ROUNDS = 10;
    private static final long PAUSE_NANOS_MIN = 5_000;

    /// Its next request is always there.
    private static final class Quick implements Link {
        private static final byte[] REQUEST = new byte[Wire.REQUEST_BYTES];

        boolean untaken;

        @Override
        public Secrecy secrecy() {
            return Secrecy.LOCAL;
        }

        @Override
        public int read(ByteBuffer into) {
            into.put(REQUEST);
            return REQUEST.length;
        }

        @Override
        public int poll(ByteBuffer into) {
            return read(into);
        }

        @Override
        public boolean hasUntaken() {
            return untaken;
        }

        @Override
        public void write(ByteBuffer from) {
            from.position(from.limit());
        }

        @Override
        public int descriptor() {
            return 0;
        }

        @Override
        public void millisMax(int millis) {}

        @Override
        public void cut() {}

        @Override
        public void close() {}
    }

    private final Quick peer = new Quick();
    private final Inbox inbox =
            new Inbox(peer, new Patience(), ByteBuffer.allocateDirect(Inbox.BYTES));

    @Test
    void a_peer_that_has_taken_its_answers_never_waits() throws Exception {
        assertThat(leastNanos()).isLessThan(REQUESTS * PAUSE_NANOS_MIN);
    }

    @Test
    void one_that_has_answers_to_take_is_left_alone_and_served_at_once_when_it_has_none()
            throws Exception {
        peer.untaken = true;
        assertThat(leastNanos()).isGreaterThan(REQUESTS * PAUSE_NANOS_MIN);
        peer.untaken = false;
        assertThat(leastNanos()).isLessThan(REQUESTS * PAUSE_NANOS_MIN);
    }

    /// Whatever else the machine does meanwhile, one of the rounds is not disturbed.
    private long leastNanos() throws IOException {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < REQUESTS; i++) {
                boolean _ = inbox.awaitRequest(false, true);
                inbox.buffer().position(inbox.buffer().limit());
            }
            least = Math.min(least, System.nanoTime() - start);
        }
        return least;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.Isolation;
import io.redoubt.protocol.ProtectReceiver;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Rule 3 at the receiver: what its source does alone is known after every restart, and no clock ends it.
@Timeout(60)
class ReceiverIsolationTest {
    @TempDir Path home;
    private Receivers receivers;

    @BeforeEach
    void open() {
        receivers =
                new Receivers(
                        home,
                        new Told(new SystemDisk(home.resolve("told"))),
                        new SystemClock(),
                        volume -> {
                            throw new IllegalStateException("nothing is adopted here: " + volume);
                        });
        receivers.reopen();
    }

    @AfterEach
    void close() {
        receivers.close();
    }

    private void told(long version, boolean goesOn) {
        receivers.protect(
                ProtectReceiver.newBuilder()
                        .setGroup("g")
                        .setTerm(1)
                        .setLineage("00112233445566778899aabbccddeeff")
                        .addSourceNodes("nobody")
                        .setIsolation(Isolation.newBuilder().setVersion(version).setGoesOn(goesOn))
                        .build());
    }

    private Isolation reported() {
        return receivers.reports(Map.of(), Map.of()).getFirst().getIsolation();
    }

    @Test
    void what_the_source_does_alone_survives_restarts_and_late_words() {
        told(0, false);
        told(2, true);
        told(1, false);
        close();
        open();
        assertThat(reported().getVersion()).isEqualTo(2);
        assertThat(reported().getGoesOn()).isTrue();
        told(3, false);
        close();
        open();
        assertThat(reported().getGoesOn()).isFalse();
    }

    @Test
    void
            a_receiver_whose_source_goes_on_alone_is_promoted_by_a_release_or_a_word_and_else_refuses_at_once() {
        told(1, true);
        receivers.stopGrants("g", 2);
        close();
        open();
        assertThatThrownBy(() -> receivers.promote("g", 2, SourceEnd.UNHEARD))
                .hasMessageContaining("may still acknowledge");
        assertThat(receivers.require("g").roles().promoted()).isFalse();
        assertThat(receivers.promote("g", 2, SourceEnd.OFF_BY_WORD).getWaitedMillis())
                .isBetween(5_000L, 8_000L);
        assertThat(receivers.require("g").roles().promoted()).isTrue();
    }
}

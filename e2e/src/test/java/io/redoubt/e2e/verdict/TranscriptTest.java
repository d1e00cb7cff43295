// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TranscriptTest {
    private static final String FOUND =
            "FOUND rows=7 minid=1 maxid=7 gaps=0 badrows=0 integrity=ok files=7 second=7 missing=0 badsums=0 fsck=0 xfs=0 lastat=17";

    private final Transcript transcript = new Transcript();

    private void say(String text, long atMillis) {
        transcript.accept(text.getBytes(StandardCharsets.UTF_8), atMillis);
    }

    @Test
    void acknowledgements_are_read_among_boot_noise_and_carriage_returns() {
        say("[    0.31] virtio_blk virtio2: [vda] 393216 512-byte sectors\r\nSeaBIOS\0\0\r\n", 10);
        say("GUEST-READY uptime=2.31 fsck=0\r\nWRITING from 1\r\nACK 1\r\nACK 2\r\n", 20);
        assertThat(transcript.lastAck()).isEqualTo(2);
        assertThat(transcript.failures()).isEmpty();
    }

    @Test
    void a_line_that_the_guests_death_tore_was_not_said() {
        say("ACK 11\r\nACK 1", 10);
        assertThat(transcript.lastAck()).isEqualTo(11);
        say("2\r\n", 20);
        assertThat(transcript.lastAck()).isEqualTo(12);
        assertThat(transcript.seenAt(12)).contains(20L);
    }

    @Test
    void a_number_with_noise_behind_it_does_not_count() {
        say("ACK 3\nACK 4[   12.1] XFS (vdb): Ending clean mount\n", 10);
        assertThat(transcript.lastAck()).isEqualTo(3);
    }

    @Test
    void the_last_acknowledgement_by_a_moment_is_the_one_seen_by_then() {
        say("ACK 1\n", 100);
        say("ACK 2\nACK 3\n", 200);
        assertThat(transcript.lastAckBy(99)).isZero();
        assertThat(transcript.lastAckBy(100)).isEqualTo(1);
        assertThat(transcript.lastAckBy(250)).isEqualTo(3);
        assertThat(transcript.acksBetween(100, 200)).isEqualTo(2);
        assertThat(transcript.longestSilenceMillis(100, 900)).isEqualTo(700);
    }

    @Test
    void a_finding_is_read_with_noise_before_it() {
        say("[    3.2] random: crng init done " + FOUND + "\r\n", 10);
        assertThat(transcript.findings())
                .singleElement()
                .satisfies(found -> {
                    assertThat(found.word()).isEqualTo(Finding.FOUND);
                    assertThat(found.rows()).isEqualTo(7);
                    assertThat(found.second()).isEqualTo(7);
                    assertThat(found.integrity()).isEqualTo("ok");
                });
    }

    @Test
    void a_finding_with_a_part_missing_or_unreadable_is_none() {
        say(FOUND.replace(" xfs=0", "") + "\n", 10);
        say(FOUND.replace("maxid=7", "maxid=seven") + "\n", 10);
        say(FOUND, 10); // its end was not seen
        assertThat(transcript.findings()).isEmpty();
    }

    @Test
    void a_writer_that_gave_up_is_noticed() {
        say("WRITER-FAILED number 9 could not be stored on the second disk\r\n", 10);
        say("[ 3.1] Kernel panic - not syncing: Attempted to kill init!\n", 10);
        assertThat(transcript.failures())
                .containsExactly(
                        "WRITER-FAILED number 9 could not be stored on the second disk",
                        "Kernel panic - not syncing: Attempted to kill init!");
    }

    @Test
    void a_line_without_end_takes_no_room_without_end() {
        say("x".repeat(100_000), 10);
        say("\nACK 1\n", 20);
        assertThat(transcript.lastAck()).isEqualTo(1);
    }
}

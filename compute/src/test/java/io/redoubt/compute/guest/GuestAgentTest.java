// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.lab.ScriptedPeer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The conversation with an agent that says exactly what a test wants; QemuTest has it with a real one.
class GuestAgentTest {
    private static final Duration BOUND = Duration.ofSeconds(2);

    @TempDir Path directory;

    @Test
    void what_an_earlier_conversation_left_is_thrown_away() {
        try (ScriptedPeer peer = ScriptedPeer.at(directory.resolve("agent"))) {
            peer.answer(
                    "guest-sync-delimited",
                    "{\"return\": 12}",
                    "half of an answer\u00FF{\"return\": ID}");
            peer.answer("guest-fsfreeze-status", "{\"return\": \"thawed\"}");
            try (GuestAgent agent = GuestAgent.connect(peer.path(), BOUND)) {
                assertThat(agent.frozen(BOUND)).isFalse();
            }
        }
    }

    @Test
    void an_agent_that_answers_slower_than_it_is_asked_is_heard() {
        try (ScriptedPeer peer = synchronised()) {
            peer.slow(Duration.ofMillis(700));
            peer.answer("guest-fsfreeze-status", "{\"return\": \"frozen\"}");
            try (GuestAgent agent = GuestAgent.connect(peer.path(), BOUND)) {
                assertThat(agent.frozen(BOUND)).isTrue();
            }
        }
    }

    @Test
    void an_agent_that_is_not_there_is_a_fault_after_the_bound() {
        try (ScriptedPeer peer = ScriptedPeer.at(directory.resolve("agent"))) {
            long start = System.nanoTime();
            assertThatThrownBy(() -> GuestAgent.connect(peer.path(), BOUND))
                    .hasMessageContaining("has not answered guest-sync-delimited within 2000 ms");
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(BOUND, BOUND.plusSeconds(3));
        }
    }

    @Test
    void an_error_is_a_fault_with_the_words_of_the_agent() {
        try (ScriptedPeer peer = synchronised();
                GuestAgent agent = GuestAgent.connect(peer.path(), BOUND)) {
            peer.answer(
                    "guest-fsfreeze-freeze",
                    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"disabled\"}}");
            assertThatThrownBy(() -> agent.freeze(BOUND))
                    .hasMessageContaining("refused guest-fsfreeze-freeze: disabled");
        }
    }

    @Test
    void a_program_that_does_not_end_is_a_fault_after_the_bound() {
        try (ScriptedPeer peer = synchronised();
                GuestAgent agent = GuestAgent.connect(peer.path(), Duration.ofSeconds(20))) {
            peer.answer("guest-exec", "{\"return\": {\"pid\": 77}}");
            peer.answer("guest-exec-status", "{\"return\": {\"exited\": false}}");
            assertThatThrownBy(() -> agent.run(Duration.ofSeconds(3), "/bin/sleep", "99"))
                    .hasMessageContaining("the end of /bin/sleep within 3000 ms");
        }
    }

    @Test
    void what_a_program_printed_is_decoded() {
        try (ScriptedPeer peer = synchronised();
                GuestAgent agent = GuestAgent.connect(peer.path(), BOUND)) {
            peer.answer("guest-exec", "{\"return\": {\"pid\": 77}}");
            peer.answer(
                    "guest-exec-status",
                    "{\"return\": {\"exited\": true, \"exitcode\": 2, \"out-data\": \"b2s=\", \"err-data\": \"IQ==\"}}");
            assertThat(agent.run(BOUND, "/bin/x")).isEqualTo(new GuestAgent.Result(2, "ok!"));
        }
    }

    private ScriptedPeer synchronised() {
        ScriptedPeer peer = ScriptedPeer.at(directory.resolve("agent"));
        peer.answer("guest-sync-delimited", "{\"return\": ID}");
        return peer;
    }
}

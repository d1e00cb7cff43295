// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.lab.ScriptedPeer;
import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The conversation with a monitor that says exactly what a test wants.
class QmpTest {
    private static final Duration BOUND = Duration.ofMillis(400);
    private static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}";

    private final List<String> events = new CopyOnWriteArrayList<>();
    private final AtomicInteger ends = new AtomicInteger();

    @TempDir Path directory;

    @Test
    void an_answer_is_told_from_the_events_around_it() {
        try (ScriptedPeer peer = greeting();
                Qmp qmp = connect(peer)) {
            peer.answer(
                    "query-status",
                    "{\"event\": \"STOP\", \"data\": {}}",
                    "{\"return\": {\"status\": \"paused\"}, \"id\": ID}",
                    "{\"event\": \"RESUME\", \"data\": {}}");
            assertThat(qmp.execute("query-status", Map.of(), BOUND).path("status").asString(""))
                    .isEqualTo("paused");
            peer.answer("cont", "{\"return\": {}, \"id\": ID}");
            qmp.execute("cont", Map.of(), BOUND);
            assertThat(events).containsExactly("STOP", "RESUME");
        }
    }

    @Test
    void an_error_is_a_fault_with_the_words_of_the_monitor() {
        try (ScriptedPeer peer = greeting();
                Qmp qmp = connect(peer)) {
            peer.answer(
                    "cont",
                    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}, \"id\": ID}");
            assertThatThrownBy(() -> qmp.execute("cont", Map.of(), BOUND))
                    .hasMessageContaining("QEMU refused cont: no such thing");
        }
    }

    @Test
    void a_late_answer_does_not_become_the_answer_of_the_next_command() {
        try (ScriptedPeer peer = greeting();
                Qmp qmp = connect(peer)) {
            peer.answer("stop");
            assertThatThrownBy(() -> qmp.execute("stop", Map.of(), BOUND))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e ->
                                    assertThat(e.fault())
                                            .isEqualTo(new HypervisorFault.Silent("stop", 0)));
            peer.answer(
                    "query-status",
                    "{\"return\": {\"status\": \"late\"}, \"id\": 2}",
                    "{\"return\": {\"status\": \"running\"}, \"id\": ID}");
            assertThat(qmp.execute("query-status", Map.of(), BOUND).path("status").asString(""))
                    .isEqualTo("running");
        }
    }

    @Test
    void a_monitor_that_serves_somebody_else_is_silent_and_not_waited_for_longer_than_the_bound() {
        try (ScriptedPeer peer = ScriptedPeer.at(directory.resolve("qmp"))) {
            assertThatThrownBy(() -> connect(peer))
                    .hasMessageContaining("has not answered its greeting");
        }
    }

    @Test
    void a_closed_connection_ends_the_running_command_at_once_and_a_new_one_works() {
        try (ScriptedPeer peer = greeting()) {
            try (Qmp qmp = connect(peer)) {
                peer.answer("stop", ScriptedPeer.CLOSE);
                assertThatThrownBy(() -> qmp.execute("stop", Map.of(), Duration.ofSeconds(30)))
                        .hasMessageContaining("closed the connection before stop");
                assertThat(qmp.isOpen()).isFalse();
                // The end is told by the thread that read it, a moment after the command has heard
                // of it.
                long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
                while (ends.get() == 0 && System.nanoTime() - end < 0) {
                    Thread.onSpinWait();
                }
                assertThat(ends).hasPositiveValue();
            }
            peer.answer("stop", "{\"return\": {}, \"id\": ID}");
            try (Qmp again = connect(peer)) {
                again.execute("stop", Map.of(), BOUND);
            }
        }
    }

    @Test
    void a_line_that_is_not_json_ends_the_conversation() {
        try (ScriptedPeer peer = greeting();
                Qmp qmp = connect(peer)) {
            peer.answer("stop", "Segmentation fault");
            assertThatThrownBy(() -> qmp.execute("stop", Map.of(), Duration.ofSeconds(30)))
                    .hasMessageContaining("closed the connection before stop");
        }
    }

    @Test
    void a_socket_that_nobody_listens_at_is_named() {
        Path nobody = directory.resolve("nobody");
        assertThatThrownBy(() -> Qmp.connect(nobody, BOUND, event -> {}, () -> {}))
                .hasMessageContaining("Nobody answers at the socket " + nobody);
    }

    private ScriptedPeer greeting() {
        ScriptedPeer peer = ScriptedPeer.at(directory.resolve("qmp")).greetingWith(GREETING);
        peer.answer("qmp_capabilities", "{\"return\": {}, \"id\": ID}");
        return peer;
    }

    private Qmp connect(ScriptedPeer peer) {
        return Qmp.connect(
                peer.path(),
                BOUND,
                event -> events.add(event.path("event").asString("")),
                ends::incrementAndGet);
    }
}

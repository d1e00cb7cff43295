// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.node.storage.NodeFault;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// An order of a person reaches the daemon once, is refused while somebody else decides, and is withdrawn when nobody answers.
@Timeout(30)
class BreakGlassTest {
    private static final BreakGlassOrder ORDER = BreakGlassOrder.newBuilder().setGroup("g").build();

    @TempDir private Path home;

    private CompletableFuture<BreakGlassAnswer> ordered() throws Exception {
        var answer =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return new BreakGlass(home)
                                .order(ORDER, Duration.ofSeconds(20))
                                .orElseThrow();
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        while (!Files.exists(home.resolve("break-glass/order"))) {
            Thread.sleep(5);
        }
        return answer;
    }

    @Test
    void an_order_is_carried_out_once_and_answered() throws Exception {
        var carried = new AtomicInteger();
        CompletableFuture<BreakGlassAnswer> answer = ordered();
        var daemon = new BreakGlass(home);
        for (int i = 0; i < 2; i++) {
            daemon.look(
                    () -> false,
                    order -> {
                        carried.incrementAndGet();
                        assertThat(order.getGroup()).isEqualTo("g");
                        return BreakGlassAnswer.newBuilder().setTerm(7).build();
                    });
        }
        assertThat(answer.get().getTerm()).isEqualTo(7);
        assertThat(carried).hasValue(1);
    }

    @Test
    void while_a_control_plane_is_there_it_decides() throws Exception {
        CompletableFuture<BreakGlassAnswer> answer = ordered();
        new BreakGlass(home)
                .look(
                        () -> true,
                        _ -> {
                            throw new IllegalStateException("carried out");
                        });
        assertThat(answer.get().getFault().getMessage()).contains("it decides");
    }

    @Test
    void a_refusal_is_told_with_its_remedy() throws Exception {
        CompletableFuture<BreakGlassAnswer> answer = ordered();
        new BreakGlass(home)
                .look(
                        () -> false,
                        _ -> {
                            throw new FaultException(new NodeFault.NoPointYet("g"));
                        });
        assertThat(answer.get().getFault().getRemedy()).isNotEmpty();
    }

    @Test
    void an_order_that_nobody_answers_is_withdrawn() throws Exception {
        assertThat(new BreakGlass(home).order(ORDER, Duration.ofMillis(300))).isEmpty();
        assertThat(home.resolve("break-glass/order")).doesNotExist();
    }
}

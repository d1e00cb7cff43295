// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.protocol.MachineState;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A machine's state for a caller who must not wait for its QEMU: asked beside the caller, one question at a time.
///
/// The reports and the grants of a node leave in one loop, so a QEMU that hangs must not hold them up.
final class StateWatch {
    private final Supplier<MachineState> question;
    private @Nullable CompletableFuture<MachineState> asked;
    private MachineState last = MachineState.MACHINE_STATE_UNSPECIFIED;

    /// @param question may take long; does not throw
    StateWatch(Supplier<MachineState> question) {
        this.question = question;
    }

    /// Asks, unless the last question is still open.
    synchronized void ask() {
        if (asked == null) {
            asked =
                    CompletableFuture.supplyAsync(
                            question, task -> Thread.ofVirtual().name("machine-state").start(task));
        }
    }

    /// The answer, or when there is none by then the one before.
    ///
    /// @param deadlineNanos of [System#nanoTime()]
    synchronized MachineState seen(long deadlineNanos) {
        CompletableFuture<MachineState> open = asked;
        if (open == null) {
            return last;
        }
        try {
            last = open.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
            asked = null;
        } catch (TimeoutException _) {
            // still open: what was seen last holds until QEMU answers or its question fails
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            asked = null;
            throw new CompletionException(e.getCause());
        }
        return last;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.HostFault;
import io.redoubt.compute.host.LineSocket;
import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One conversation with QEMU's monitor (QMP): greeting, capabilities, then commands and events.
///
/// QEMU serves one client at a time; a second one connects and hears nothing until the first has left.
final class Qmp implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    private final Consumer<JsonNode> events;
    private final Runnable ended;
    private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    private final AtomicLong nextId = new AtomicLong(1);
    private final Path path;
    private final LineSocket socket;
    private volatile boolean open = true;

    private Qmp(Path path, Consumer<JsonNode> events, Runnable ended) {
        this.path = path;
        this.events = events;
        this.ended = ended;
        this.socket = LineSocket.connect(path, this::take, this::end);
    }

    /// @param events called on the thread that also reads the answers: it must not wait for one
    /// @param ended  called once, when the conversation has ended from either side
    static Qmp connect(Path path, Duration bound, Consumer<JsonNode> events, Runnable ended) {
        var qmp = new Qmp(path, events, ended);
        try {
            qmp.await("its greeting", qmp.greeting, bound);
            qmp.execute("qmp_capabilities", Map.of(), bound);
            return qmp;
        } catch (FaultException e) {
            qmp.close();
            throw e;
        }
    }

    boolean isOpen() {
        return open;
    }

    /// @return what stands under `return`
    /// @throws FaultException with [HypervisorFault.Refused], [HypervisorFault.Silent] or [HostFault.NoPeer]
    JsonNode execute(String command, Map<String, ?> arguments, Duration bound) {
        long id = nextId.getAndIncrement();
        var answer = new CompletableFuture<JsonNode>();
        waiting.put(id, answer);
        try {
            var message = new LinkedHashMap<String, Object>();
            message.put("execute", command);
            message.put("id", id);
            if (!arguments.isEmpty()) {
                message.put("arguments", arguments);
            }
            socket.send(JSON.writeValueAsString(message));
            JsonNode said = await(command, answer, bound);
            if (said.has("error")) {
                throw new FaultException(
                        new HypervisorFault.Refused(command, said.at("/error/desc").asString("")));
            }
            return said.path("return");
        } finally {
            waiting.remove(id);
        }
    }

    @Override
    public void close() {
        socket.close();
    }

    private void take(String line) {
        JsonNode message;
        try {
            message = JSON.readTree(line);
        } catch (JacksonException e) {
            close(); // not a monitor, or half a message: nothing after it can be trusted
            return;
        }
        if (message.has("QMP")) {
            greeting.complete(message);
        } else if (message.has("event")) {
            events.accept(message);
        } else {
            Optional.ofNullable(waiting.get(message.path("id").asLong(0)))
                    .ifPresent(answer -> answer.complete(message));
        }
    }

    private void end() {
        open = false;
        var cause = new IllegalStateException("the monitor closed the connection");
        greeting.completeExceptionally(cause);
        waiting.values().forEach(answer -> answer.completeExceptionally(cause));
        ended.run();
    }

    private JsonNode await(String what, CompletableFuture<JsonNode> answer, Duration bound) {
        try {
            if (!open) {
                end(); // it may have ended between two looks: nobody else would complete this
                // answer
            }
            return answer.get(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new FaultException(new HypervisorFault.Silent(what, bound.toSeconds()), e);
        } catch (ExecutionException e) {
            throw new FaultException(
                    new HostFault.NoPeer(path, "it closed the connection before " + what), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while QEMU was asked for " + what, e);
        }
    }
}

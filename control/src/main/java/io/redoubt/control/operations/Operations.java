// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.operations;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.GatewayServer;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Begun;
import io.redoubt.workflow.Engine;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Request;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/// Begins operations in one transaction with the rows that they are about, and lets clients watch them.
@Component
public class Operations implements SmartLifecycle {
    private static final int KEY_LENGTH_MAX = 128;
    private static final Duration WATCH_POLL = Duration.ofMillis(100);

    private final Engine engine;
    private final TransactionTemplate transactions;
    private final JsonMapper json;
    private volatile boolean running;

    Operations(
            DataSource dataSource,
            TransactionTemplate transactions,
            JsonMapper json,
            List<Workflow<?>> workflows) {
        this.engine = new Engine(dataSource, workflows, "control");
        this.transactions = transactions;
        this.json = json;
    }

    /// @param key    the client's idempotency key, or null
    /// @param body   the client's request: the same key with another one is refused
    /// @param input  holds every id, chosen already
    /// @param record writes the rows that make the wish known, with the operation's id; not called for a known key
    public <I> Operation begin(
            Caller caller,
            @Nullable String key,
            Object body,
            Workflow<I> workflow,
            String target,
            I input,
            Consumer<String> record) {
        String id = RandomId.next();
        var request =
                new Request(
                        id,
                        caller.tenant(),
                        key == null ? id : requireKey(key),
                        fingerprint(workflow, body),
                        target);
        Begun begun =
                transactions.execute(_ -> {
                    Begun inside = engine.begin(workflow, request, input);
                    if (inside.fresh()) {
                        record.accept(id);
                    }
                    return inside;
                });
        engine.nudge();
        return Objects.requireNonNull(begun).operation();
    }

    /// The operation that this very wish began before: asked first where the wish's object may be gone since.
    ///
    /// @throws FaultException when the key was used for another request
    public Optional<Operation> repeated(
            Caller caller, @Nullable String key, Object body, Workflow<?> workflow) {
        return key == null
                ? Optional.empty()
                : engine.findByKey(caller.tenant(), requireKey(key), fingerprint(workflow, body));
    }

    private String fingerprint(Workflow<?> workflow, Object body) {
        return workflow.name() + " " + json.writeValueAsString(body);
    }

    /// @throws FaultException with [Refusal.NotFound], for another tenant's too
    Operation require(Caller caller, String id) {
        return engine.find(id)
                .filter(operation -> operation.tenant().equals(caller.tenant()))
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("operation", id)));
    }

    /// Answers when the operation changed, ended, or the time is over.
    Operation watch(Caller caller, String id, @Nullable Long since, Duration wait)
            throws InterruptedException {
        Operation now = require(caller, id);
        long known = since == null ? now.change() : since;
        long until = System.nanoTime() + wait.toNanos();
        while (!now.state().ended() && now.change() <= known && System.nanoTime() < until) {
            Thread.sleep(WATCH_POLL);
            now = require(caller, id);
        }
        return now;
    }

    List<Operation> list(Caller caller, @Nullable String after, int limit) {
        return engine.list(caller.tenant(), after, limit);
    }

    private static String requireKey(String key) {
        if (key.isBlank()
                || key.length() > KEY_LENGTH_MAX
                || !key.chars().allMatch(c -> c > 32 && c < 127)) {
            throw new IllegalArgumentException(
                    "Idempotency-Key must be 1 to %d printable characters"
                            .formatted(KEY_LENGTH_MAX));
        }
        return key;
    }

    @Override
    public void start() {
        engine.start();
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        engine.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// After the port for the nodes is open: what was begun in an earlier life needs them at once.
    @Override
    public int getPhase() {
        return GatewayServer.PHASE + 1;
    }
}

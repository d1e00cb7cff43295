// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.workflow.RetryLater;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/// The nodes that are connected now, and how to tell them something.
@Component
public class Nodes {
    /// Enough for everything but a promotion and the making of a large volume.
    public static final Duration SOON = Duration.ofSeconds(15);

    /// For what fills or drains a disk.
    public static final Duration LONG = Duration.ofSeconds(90);

    private static final Duration AGAIN = Duration.ofMillis(250);

    private final Map<String, Session> sessions = new ConcurrentHashMap<>();

    /// Sends a command and waits for its result.
    ///
    /// @throws FaultException with a [NodeFault]; after [NodeFault.NoAnswer] nobody knows whether it was done
    public CommandResult ask(String node, Command.Builder command, Duration patience) {
        Session session = sessions.get(node);
        if (session == null) {
            throw new FaultException(new NodeFault.Away(node));
        }
        if (command.getId().isEmpty()) {
            command.setId(UUID.randomUUID().toString());
        }
        CommandResult result = await(node, session, command.build(), patience);
        if (!result.getOk()) {
            throw new FaultException(
                    new NodeFault.Refused(
                            node,
                            result.getFault().getCode(),
                            result.getFault().getMessage(),
                            result.getFault().getRemedy()));
        }
        return result;
    }

    /// For steps: a node that is away or silent is asked again later, a refusal is final.
    ///
    /// @throws RetryLater     with [NodeFault.Away] or [NodeFault.NoAnswer]
    /// @throws FaultException with [NodeFault.Refused]
    public CommandResult tell(String node, Command.Builder command, Duration patience) {
        try {
            return ask(node, command, patience);
        } catch (FaultException e) {
            if (e.fault() instanceof NodeFault.Refused) {
                throw e;
            }
            throw new RetryLater(e.fault(), AGAIN);
        }
    }

    public boolean connected(String node) {
        return sessions.containsKey(node);
    }

    /// @return the session that it replaces
    @Nullable Session enter(String node, Session session) {
        return sessions.put(node, session);
    }

    void leave(String node, Session session) {
        sessions.remove(node, session);
    }

    void endAll() {
        sessions.values().forEach(Session::end);
    }

    private static CommandResult await(
            String node, Session session, Command command, Duration patience) {
        String name = command.getCommandCase().name();
        var answer = session.send(command);
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            session.forget(command.getId());
            throw new FaultException(new NodeFault.NoAnswer(node, name, patience.toMillis()), e);
        } catch (ExecutionException e) {
            throw new FaultException(new NodeFault.Away(node), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(new NodeFault.NoAnswer(node, name, patience.toMillis()), e);
        }
    }
}

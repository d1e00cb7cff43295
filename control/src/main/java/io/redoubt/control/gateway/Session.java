// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.grpc.stub.StreamObserver;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// One node's open conversation: what was sent and is not answered yet.
final class Session {
    private final String node;
    private final StreamObserver<ControlMessage> out;
    private final Map<String, CompletableFuture<CommandResult>> open = new ConcurrentHashMap<>();
    private boolean ended;

    Session(String node, StreamObserver<ControlMessage> out) {
        this.node = node;
        this.out = out;
    }

    CompletableFuture<CommandResult> send(Command command) {
        var answer = new CompletableFuture<CommandResult>();
        open.put(command.getId(), answer);
        if (!send(ControlMessage.newBuilder().setCommand(command).build())) {
            open.remove(command.getId());
            answer.completeExceptionally(new IllegalStateException(node + " is gone"));
        }
        return answer;
    }

    /// @return false when the conversation is over
    synchronized boolean send(ControlMessage message) {
        if (ended) {
            return false;
        }
        out.onNext(message);
        return true;
    }

    void answered(CommandResult result) {
        CompletableFuture<CommandResult> answer = open.remove(result.getCommandId());
        if (answer != null) {
            answer.complete(result);
        }
    }

    /// Nobody waits any more; a late answer is dropped.
    void forget(String commandId) {
        open.remove(commandId);
    }

    void end() {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            try {
                out.onCompleted();
            } catch (IllegalStateException _) {
                // the other side was quicker
            }
        }
        open.values()
                .forEach(answer ->
                        answer.completeExceptionally(new IllegalStateException(node + " is gone")));
        open.clear();
    }
}

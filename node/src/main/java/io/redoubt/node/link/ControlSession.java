// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.link;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.StreamObserver;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.Fault;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.NodeGatewayGrpc;
import io.redoubt.protocol.NodeMessage;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.Welcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The one conversation with the control plane. It is made anew as long as the node lives; while it is down, everything on the node goes on.
public final class ControlSession implements AutoCloseable {
    private static final Logger LOG = System.getLogger(ControlSession.class.getName());
    private static final long BEAT_NANOS = 1_000_000_000L;
    private static final int RESULTS_REMEMBERED = 1024;
    private static final int KEEPALIVE_SECONDS = 5;

    /// What the session is for.
    public interface Node {
        Hello hello();

        /// Who speaks; before it nothing is heard, and of one that is not obeyed nothing ever is.
        ///
        /// @return whether this node obeys it
        boolean welcomed(Welcome welcome);

        Report report();

        /// The grants to ask for now, one for each group that this node writes.
        List<GrantRequest> grantRequests();

        /// An answer to one of them.
        void answered(ControlMessage grantOrRefusal);

        /// Carries a command out; it may be repeated.
        ///
        /// @throws FaultException when it is refused
        CommandResult carryOut(Command command);
    }

    private final ManagedChannel channel;
    private final Node node;
    private final Thread thread;
    private final Map<String, CommandResult> remembered =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, CommandResult> eldest) {
                    return size() > RESULTS_REMEMBERED;
                }
            };
    private volatile boolean stopped;
    private volatile @Nullable Conversation current;

    /// @param control host:port
    public ControlSession(String control, Identity identity, Node node) {
        this.node = node;
        try {
            this.channel =
                    Grpc.newChannelBuilder(
                                    control,
                                    TlsChannelCredentials.newBuilder()
                                            .keyManager(
                                                    identity.certificate().toFile(),
                                                    identity.key().toFile())
                                            .trustManager(identity.ca().toFile())
                                            .build())
                            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                            .keepAliveTimeout(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                            .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.thread =
                Thread.ofPlatform().name("control-session").daemon().unstarted(this::talkForEver);
    }

    public void start() {
        thread.start();
    }

    /// Whether a control plane that this node obeys is there now.
    public boolean talks() {
        Conversation now = current;
        return now != null && now.welcomed && !now.over;
    }

    private void talkForEver() {
        while (!stopped) {
            var conversation = new Conversation();
            current = conversation;
            try {
                conversation.open();
                while (!stopped && !conversation.over) {
                    conversation.send(NodeMessage.newBuilder().setReport(node.report()).build());
                    for (GrantRequest request : node.grantRequests()) {
                        conversation.send(
                                NodeMessage.newBuilder().setGrantRequest(request).build());
                    }
                    LockSupport.parkNanos(BEAT_NANOS);
                }
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "the session with the control plane ended", e);
            } finally {
                conversation.end();
            }
            if (!stopped) {
                LockSupport.parkNanos(BEAT_NANOS / 2);
                channel.resetConnectBackoff();
            }
        }
    }

    private final class Conversation implements StreamObserver<ControlMessage> {
        private final ReentrantLock sending = new ReentrantLock();
        private volatile boolean over;
        private volatile boolean welcomed;
        private @Nullable StreamObserver<NodeMessage> out;

        void open() {
            out = NodeGatewayGrpc.newStub(channel).session(this);
            send(NodeMessage.newBuilder().setHello(node.hello()).build());
        }

        void send(NodeMessage message) {
            sending.lock();
            try {
                if (!over && out != null) {
                    out.onNext(message);
                }
            } catch (IllegalStateException e) {
                over = true; // the other side closed in between
            } finally {
                sending.unlock();
            }
        }

        void end() {
            sending.lock();
            try {
                if (!over && out != null) {
                    out.onCompleted();
                }
            } catch (IllegalStateException _) {
                // the other side was quicker
            } finally {
                over = true;
                sending.unlock();
            }
        }

        @Override
        public void onNext(ControlMessage message) {
            if (!welcomed && message.getMessageCase() != ControlMessage.MessageCase.WELCOME) {
                return;
            }
            switch (message.getMessageCase()) {
                case WELCOME -> greeted(message.getWelcome());
                case COMMAND ->
                        Thread.ofVirtual()
                                .name("command")
                                .start(() -> carryOut(message.getCommand()));
                case GRANT, GRANT_REFUSED -> node.answered(message);
                case MESSAGE_NOT_SET -> {}
            }
        }

        private void greeted(Welcome welcome) {
            welcomed = node.welcomed(welcome);
            if (welcomed) {
                LOG.log(Level.INFO, "the control plane answers");
            } else {
                LOG.log(
                        Level.ERROR,
                        "a control plane of incarnation {0} answers, which is older than the one that this node obeys, or another: it is not heard",
                        welcome.getIncarnation());
                end();
            }
        }

        private void carryOut(Command command) {
            CommandResult known;
            synchronized (remembered) {
                known = remembered.get(command.getId());
            }
            CommandResult result = known != null ? known : attempt(command);
            synchronized (remembered) {
                if (result.getOk()) {
                    remembered.put(command.getId(), result);
                }
            }
            send(NodeMessage.newBuilder().setCommandResult(result).build());
        }

        @Override
        public void onError(Throwable error) {
            if (!over) {
                LOG.log(
                        Level.WARNING,
                        "no session with the control plane: {0}",
                        error.getMessage());
            }
            over = true;
            LockSupport.unpark(thread);
        }

        @Override
        public void onCompleted() {
            over = true;
            LockSupport.unpark(thread);
        }
    }

    private CommandResult attempt(Command command) {
        try {
            return node.carryOut(command).toBuilder()
                    .setCommandId(command.getId())
                    .setOk(true)
                    .build();
        } catch (FaultException e) {
            LOG.log(Level.WARNING, "{0} is refused: {1}", command.getCommandCase(), e.getMessage());
            return refused(command, code(e), e.fault().message(), e.fault().remedy());
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, command.getCommandCase() + " failed", e);
            return refused(
                    command,
                    "internal",
                    "The node failed: " + e,
                    "Look at the node's log; try again.");
        }
    }

    private static CommandResult refused(
            Command command, String code, String message, String remedy) {
        return CommandResult.newBuilder()
                .setCommandId(command.getId())
                .setOk(false)
                .setFault(Fault.newBuilder().setCode(code).setMessage(message).setRemedy(remedy))
                .build();
    }

    /// The fault's class name in kebab case, such as `no-such-point`.
    private static String code(FaultException e) {
        return e.fault()
                .getClass()
                .getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }

    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
        channel.shutdownNow();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.NodeGatewayGrpc;
import io.redoubt.protocol.NodeMessage;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.Welcome;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/// `NodeGateway.Session`: the certificate says who it is, Hello may only repeat that.
@Component
class SessionService extends NodeGatewayGrpc.NodeGatewayImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(SessionService.class);
    private static final int REPORT_INTERVAL_MILLIS = 1000;

    private final Nodes nodes;
    private final List<NodeListener> listeners;
    private final GrantDesk grants;

    SessionService(Nodes nodes, List<NodeListener> listeners, GrantDesk grants) {
        this.nodes = nodes;
        this.listeners = listeners;
        this.grants = grants;
    }

    @Override
    public StreamObserver<NodeMessage> session(StreamObserver<ControlMessage> out) {
        String node = CertificateGate.node();
        return new Incoming(node, new Session(node, out), out);
    }

    /// What one node sends. gRPC calls these one after the other.
    private final class Incoming implements StreamObserver<NodeMessage> {
        private final String node;
        private final Session session;
        private final StreamObserver<ControlMessage> out;
        private final AtomicReference<@Nullable Report> newest = new AtomicReference<>();
        private boolean greeted;

        Incoming(String node, Session session, StreamObserver<ControlMessage> out) {
            this.node = node;
            this.session = session;
            this.out = out;
        }

        @Override
        public void onNext(NodeMessage message) {
            switch (message.getMessageCase()) {
                case HELLO -> greet(message.getHello());
                case REPORT -> handOn(message.getReport());
                case GRANT_REQUEST -> session.send(grants.answer(node, message.getGrantRequest()));
                case COMMAND_RESULT -> session.answered(message.getCommandResult());
                case MESSAGE_NOT_SET -> {} // of a newer release
            }
        }

        private void greet(Hello hello) {
            if (!hello.getNode().equals(node)) {
                refuse(
                        "the certificate is of node %s, Hello names node %s. Remedy: start the node with the home that it joined with."
                                .formatted(node, hello.getNode()));
                return;
            }
            if (!grants.isObeyedBy(hello)) {
                LOG.error(
                        "node {} obeys another control plane, of incarnation {}: it is not heard here",
                        node,
                        hello.getBoundIncarnation());
                out.onError(
                        Status.FAILED_PRECONDITION
                                .withDescription(
                                        "node %s obeys another control plane, of incarnation %d. Remedy: if that one is over and this one was restored from a backup, take the region over: redoubt region take-over."
                                                .formatted(node, hello.getBoundIncarnation()))
                                .asRuntimeException());
                return;
            }
            try {
                listeners.forEach(listener -> listener.hello(hello));
            } catch (RuntimeException e) {
                LOG.warn("node {} cannot be greeted", node, e);
                out.onError(
                        Status.UNAVAILABLE
                                .withDescription(
                                        "the control plane cannot look the node up now: "
                                                + e.getMessage())
                                .asRuntimeException());
                return;
            }
            greeted = true;
            session.send(
                    ControlMessage.newBuilder()
                            .setWelcome(
                                    Welcome.newBuilder()
                                            .setIncarnation(grants.mark().incarnation())
                                            .setLife(grants.mark().life())
                                            .setReportIntervalMillis(REPORT_INTERVAL_MILLIS))
                            .build());
            Session before = nodes.enter(node, session);
            if (before != null) {
                before.end();
            }
            LOG.info(
                    "node {} of zone {} is here (process {})",
                    node,
                    hello.getZone(),
                    hello.getPid());
        }

        private void refuse(String why) {
            out.onError(Status.PERMISSION_DENIED.withDescription(why).asRuntimeException());
        }

        /// Grants must not wait for the database, so reports go their own way; while one is handed on only the newest waits.
        private void handOn(Report report) {
            if (greeted && newest.getAndSet(report) == null) {
                Thread.ofVirtual().name("report-" + node).start(this::drain);
            }
        }

        private void drain() {
            Report report = newest.get();
            while (report != null) {
                for (NodeListener listener : listeners) {
                    try {
                        listener.report(node, report);
                    } catch (RuntimeException e) {
                        LOG.warn("a report of node {} was not taken: {}", node, e.toString());
                    }
                }
                report = newest.compareAndSet(report, null) ? null : newest.get();
            }
        }

        @Override
        public void onError(Throwable error) {
            LOG.info("node {} is gone: {}", node, error.getMessage());
            leave();
        }

        @Override
        public void onCompleted() {
            LOG.info("node {} said goodbye", node);
            leave();
        }

        private void leave() {
            nodes.leave(node, session);
            session.end();
        }
    }
}

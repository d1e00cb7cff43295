// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.grpc.Grpc;
import io.grpc.Server;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/// The port that nodes dial. Starts after everything that it calls, stops before it.
@Component
public class GatewayServer implements SmartLifecycle {
    /// A connection without a sign of life is dropped after the two together.
    private static final int KEEPALIVE_SECONDS = 5;

    private static final int KEEPALIVE_ANSWER_SECONDS = 5;
    private static final int STOP_SECONDS_MAX = 2;

    /// Nodes first, then what commands them, then the API.
    public static final int PHASE = 1000;

    private final SessionService sessions;
    private final EnrolmentService enrolment;
    private final Nodes nodes;
    private final GatewaySettings settings;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private @Nullable Server server;

    GatewayServer(
            SessionService sessions,
            EnrolmentService enrolment,
            Nodes nodes,
            GatewaySettings settings) {
        this.sessions = sessions;
        this.enrolment = enrolment;
        this.nodes = nodes;
        this.settings = settings;
    }

    @Override
    public void start() {
        try {
            var credentials =
                    TlsServerCredentials.newBuilder()
                            .keyManager(settings.keys().toArray(KeyManager[]::new))
                            .trustManager(settings.trust().toArray(TrustManager[]::new))
                            .clientAuth(TlsServerCredentials.ClientAuth.OPTIONAL)
                            .build();
            Server started =
                    Grpc.newServerBuilderForPort(settings.port(), credentials)
                            .executor(threads)
                            .intercept(new CertificateGate())
                            .addService(sessions)
                            .addService(enrolment)
                            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                            .keepAliveTimeout(KEEPALIVE_ANSWER_SECONDS, TimeUnit.SECONDS)
                            .permitKeepAliveTime(1, TimeUnit.SECONDS)
                            .permitKeepAliveWithoutCalls(true)
                            .build()
                            .start();
            server = started;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "port %d for the nodes cannot be opened: %s"
                            .formatted(settings.port(), e.getMessage()),
                    e);
        }
    }

    @Override
    public void stop() {
        Server running = server;
        if (running == null) {
            return;
        }
        server = null;
        nodes.endAll();
        running.shutdown();
        try {
            if (!running.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
                running.shutdownNow();
            }
        } catch (InterruptedException e) {
            running.shutdownNow();
            Thread.currentThread().interrupt();
        }
        threads.shutdown();
    }

    @Override
    public boolean isRunning() {
        return server != null;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /// Where nodes dial, host:port.
    public String address() {
        Server running = server;
        if (running == null) {
            throw new IllegalStateException("the gateway is not open");
        }
        var first = (InetSocketAddress) running.getListenSockets().getFirst();
        return settings.host() + ":" + first.getPort();
    }
}

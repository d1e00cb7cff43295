// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.redoubt.protocol.NodeGatewayGrpc;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/// Who calls, by the certificate that TLS has verified against the region's CA. Only joining goes without.
final class CertificateGate implements ServerInterceptor {
    private static final Context.Key<String> NODE = Context.key("node");
    private static final Pattern COMMON_NAME = Pattern.compile("(?:^|,)CN=([a-z0-9-]+)(?:,|$)");

    /// Of the present call.
    static String node() {
        String node = NODE.get();
        if (node == null) {
            throw new IllegalStateException("this call did not pass the gate");
        }
        return node;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (!NodeGatewayGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
            return next.startCall(call, headers);
        }
        Optional<String> node = node(call);
        if (node.isEmpty()) {
            call.close(
                    Status.UNAUTHENTICATED.withDescription(
                            "a node shows a certificate of this region's CA, and this call has none. Remedy: join the region with a one-time token first."),
                    new Metadata());
            return new ServerCall.Listener<>() {};
        }
        return Contexts.interceptCall(
                Context.current().withValue(NODE, node.get()), call, headers, next);
    }

    private static Optional<String> node(ServerCall<?, ?> call) {
        SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        if (session == null) {
            return Optional.empty();
        }
        try {
            Certificate first = session.getPeerCertificates()[0];
            Matcher name =
                    COMMON_NAME.matcher(
                            ((X509Certificate) first).getSubjectX500Principal().getName());
            return name.find() ? Optional.of(name.group(1)) : Optional.empty();
        } catch (SSLPeerUnverifiedException _) {
            return Optional.empty();
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.Principal;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/// Encrypted sockets between nodes. Both sides prove a certificate of the region, and each must be the node that the other was told of.
public final class StreamDialer {
    private static final int CONNECT_MILLIS_MAX = 3_000;
    private static final int HANDSHAKE_MILLIS_MAX = 5_000;
    private static final String[] PROTOCOLS = {"TLSv1.3"};

    private final SSLContext tls;

    public StreamDialer(SSLContext tls) {
        this.tls = tls;
    }

    /// @param peer the name that the other side's certificate must carry
    Socket dial(String address, String peer) throws IOException {
        int colon = address.lastIndexOf(':');
        SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket();
        try {
            socket.connect(
                    new InetSocketAddress(
                            address.substring(0, colon),
                            Integer.parseInt(address.substring(colon + 1))),
                    CONNECT_MILLIS_MAX);
            socket.setEnabledProtocols(PROTOCOLS);
            socket.setSoTimeout(HANDSHAKE_MILLIS_MAX);
            socket.startHandshake();
            if (!peer.equals(nameOf(socket))) {
                throw new IOException(
                        "the node at %s is %s, not %s".formatted(address, nameOf(socket), peer));
            }
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    ServerSocket listen(String host) throws IOException {
        SSLServerSocket socket =
                (SSLServerSocket) tls.getServerSocketFactory().createServerSocket();
        socket.setEnabledProtocols(PROTOCOLS);
        socket.setNeedClientAuth(true);
        socket.bind(new InetSocketAddress(host, 0));
        return socket;
    }

    /// The common name in the peer's certificate.
    static String nameOf(Socket socket) throws IOException {
        Principal principal = ((SSLSocket) socket).getSession().getPeerPrincipal();
        for (String part : principal.getName().split(",")) {
            if (part.strip().startsWith("CN=")) {
                return part.strip().substring(3);
            }
        }
        return "";
    }
}

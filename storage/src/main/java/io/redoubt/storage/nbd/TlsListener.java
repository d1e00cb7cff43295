// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLContext;

/// A listening TCP socket whose peers must begin TLS. There is no listener without.
final class TlsListener implements Listener {
    private static final int BACKLOG = 32;

    private final ServerSocket server;
    private final SSLContext context;

    private TlsListener(ServerSocket server, SSLContext context) {
        this.server = server;
        this.context = context;
    }

    static TlsListener listen(InetSocketAddress address, SSLContext context) {
        try {
            var server = new ServerSocket();
            try {
                server.setReuseAddress(true);
                server.bind(address, BACKLOG);
                return new TlsListener(server, context);
            } catch (IOException e) {
                server.close();
                throw e;
            }
        } catch (IOException e) {
            String cause = String.valueOf(e.getMessage());
            throw new FaultException(
                    new NbdFault.AddressFailed(address.toString(), "listen on", cause), e);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    @Override
    public Link accept() throws IOException {
        Socket peer;
        try {
            peer = server.accept();
        } catch (IOException e) {
            if (server.isClosed()) {
                throw new ClosedChannelException();
            }
            throw e;
        }
        try {
            return new TcpLink(peer, context);
        } catch (IOException e) {
            peer.close();
            throw e;
        }
    }

    @Override
    public void stop() {
        try {
            server.close();
        } catch (IOException _) {
            // it listens no more
        }
    }

    @Override
    public String toString() {
        return server.getLocalSocketAddress().toString();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// A TCP connection. It begins plain, because the protocol's first words are, and no export is ever named before TLS.
final class TcpLink implements Link {
    private static final int PIECE = 64 << 10;

    private final Socket socket;
    private final SSLContext context;
    private InputStream in;
    private OutputStream out;
    private final byte[] incoming = new byte[PIECE];
    private final byte[] outgoing = new byte[PIECE];
    private boolean encrypted;

    /// @param context our certificate, and whom we trust
    TcpLink(Socket socket, SSLContext context) throws IOException {
        this.socket = socket;
        this.context = context;
        socket.setTcpNoDelay(true);
        socket.setKeepAlive(true); // a peer whose host died is noticed in the end
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
    }

    @Override
    public Secrecy secrecy() {
        return encrypted ? Secrecy.TLS : Secrecy.WANTED;
    }

    @Override
    public void startTls() throws IOException {
        var nothing = new ByteArrayInputStream(new byte[0]);
        shake((SSLSocket) context.getSocketFactory().createSocket(socket, nothing, false));
    }

    /// Begins TLS as the client.
    ///
    /// @param host must be a name in the server's certificate
    void startTls(String host) throws IOException {
        var tls =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(socket, host, socket.getPort(), false);
        tls.setUseClientMode(true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        shake(tls);
    }

    private void shake(SSLSocket tls) throws IOException {
        if (!tls.getUseClientMode()) {
            tls.setNeedClientAuth(true);
        }
        tls.setEnabledProtocols(new String[] {"TLSv1.3"});
        tls.startHandshake();
        in = tls.getInputStream();
        out = tls.getOutputStream();
        encrypted = true;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        try {
            int count = in.read(incoming, 0, Math.min(PIECE, into.remaining()));
            if (count > 0) {
                into.put(incoming, 0, count);
            }
            return count;
        } catch (SSLException e) {
            if (socket.isClosed()) {
                return -1; // cut
            }
            throw e;
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        while (from.hasRemaining()) {
            int piece = Math.min(PIECE, from.remaining());
            from.get(outgoing, 0, piece);
            out.write(outgoing, 0, piece);
        }
        if (socket.isClosed()) {
            throw new EOFException("the connection was cut");
        }
    }

    @Override
    public void millisMax(int millis) throws IOException {
        socket.setSoTimeout(millis);
    }

    @Override
    public void cut() {
        try {
            socket.close(); // wakes reads and writes; TLS's own good-bye could block
        } catch (IOException _) {
            // it is as closed as it gets
        }
    }

    @Override
    public void close() {
        cut();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The monitor of a QEMU program: commands go in, answers and events come out, one line each.
final class Qmp implements AutoCloseable {
    private static final long STARTED_MILLIS_MAX = 20_000;
    private static final int LINES_MAX = 10_000;

    private final SocketChannel channel;
    private final BufferedReader lines;

    private Qmp(SocketChannel channel) {
        this.channel = channel;
        this.lines = new BufferedReader(Channels.newReader(channel, UTF_8));
    }

    static Qmp connect(Path socket) throws IOException, InterruptedException {
        long end = System.currentTimeMillis() + STARTED_MILLIS_MAX;
        Optional<SocketChannel> channel = connected(socket);
        while (channel.isEmpty()) {
            if (System.currentTimeMillis() > end) {
                throw new AssertionError("no monitor at " + socket);
            }
            Thread.sleep(20);
            channel = connected(socket);
        }
        var qmp = new Qmp(channel.get());
        qmp.await("\"QMP\"");
        qmp.run("{'execute':'qmp_capabilities'}");
        return qmp;
    }

    /// Empty also for a socket that is bound and not listened to yet.
    private static Optional<SocketChannel> connected(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return Optional.of(channel);
        } catch (ConnectException _) {
            channel.close();
            return Optional.empty();
        }
    }

    /// @param command with single quotes in place of double ones
    void run(String command) throws IOException {
        channel.write(ByteBuffer.wrap((command.replace('\'', '"') + "\n").getBytes(UTF_8)));
        await("\"return\"");
    }

    /// Reads until a line with these words, which it returns. An error on the way fails.
    String await(String words) throws IOException {
        for (int count = 0; count < LINES_MAX; count++) {
            String line = lines.readLine();
            if (line == null) {
                throw new AssertionError("the monitor ended before " + words);
            }
            if (line.contains(words)) {
                return line;
            }
            if (line.contains("\"error\"")) {
                throw new AssertionError(line);
            }
        }
        throw new AssertionError("no " + words);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A guest's agent that is played: it synchronises, freezes and thaws; one connection at a time, as QEMU's socket has it.
final class FakeAgent implements AutoCloseable {
    private static final Pattern COMMAND = Pattern.compile("\"execute\":\"([a-z-]+)\"");
    private static final Pattern NUMBER = Pattern.compile("\"id\":(\\d+)");

    final Path path;
    private final ServerSocketChannel server;
    volatile int fileSystems = 2;
    volatile boolean frozen;

    /// It hears nothing at all.
    volatile boolean deaf;

    /// It freezes, and does not say so.
    volatile boolean mute;

    /// It thaws, and then a hook in the guest fails.
    volatile boolean hookFails;

    final AtomicInteger freezes = new AtomicInteger();

    FakeAgent(Path path) throws IOException {
        this.path = path;
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                var lines =
                        new BufferedReader(Channels.newReader(client, StandardCharsets.ISO_8859_1));
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String answer = deaf ? "" : answer(line);
                    if (!answer.isEmpty()) {
                        client.write(
                                ByteBuffer.wrap(
                                        (answer + "\n").getBytes(StandardCharsets.ISO_8859_1)));
                    }
                }
            } catch (IOException e) {
                // the client has left, or the test has ended
            }
        }
    }

    private String answer(String line) {
        Matcher command = COMMAND.matcher(line);
        Matcher number = NUMBER.matcher(line);
        return switch (command.find() ? command.group(1) : "") {
            case "guest-sync-delimited" ->
                    "{\"return\": %s}".formatted(number.find() ? number.group(1) : "0");
            case "guest-fsfreeze-freeze" -> {
                frozen = fileSystems > 0;
                freezes.incrementAndGet();
                yield mute ? "" : "{\"return\": %d}".formatted(fileSystems);
            }
            case "guest-fsfreeze-thaw" -> {
                int thawed = frozen ? fileSystems : 0;
                frozen = false;
                yield hookFails
                        ? "{\"error\": {\"class\": \"GenericError\", \"desc\": \"fsfreeze hook has failed with status 1\"}}"
                        : "{\"return\": %d}".formatted(thawed);
            }
            default -> "";
        };
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}

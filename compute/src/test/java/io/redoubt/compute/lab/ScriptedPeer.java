// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.lab;

import io.redoubt.compute.host.Pause;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A monitor or an agent that a test writes: for each command the lines that it answers with. In them `ID` stands for the number
/// that the command carried. A command without a script is not answered.
public final class ScriptedPeer implements AutoCloseable {
    /// As the last line: close the connection.
    public static final String CLOSE = "CLOSE";

    private static final Pattern COMMAND = Pattern.compile("\"execute\":\"([a-z_-]+)\"");
    private static final Pattern NUMBER = Pattern.compile("\"id\":(\\d+)");
    private final Path path;
    private final ServerSocketChannel server;
    private final Map<String, List<String>> script = new ConcurrentHashMap<>();
    private volatile String greeting = "";
    private volatile Duration pause = Duration.ZERO;

    private ScriptedPeer(Path path, ServerSocketChannel server) {
        this.path = path;
        this.server = server;
    }

    public static ScriptedPeer at(Path path) {
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(path));
            var peer = new ScriptedPeer(path, server);
            Thread.ofVirtual().start(peer::serve);
            return peer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ScriptedPeer greetingWith(String line) {
        greeting = line;
        return this;
    }

    public void answer(String command, String... lines) {
        script.put(command, List.of(lines));
    }

    /// It takes this long for each command, one after the other.
    public void slow(Duration each) {
        pause = each;
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve() {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                if (!greeting.isEmpty()) {
                    send(client, greeting);
                }
                talk(client);
            } catch (IOException e) {
                // the client has left, or the test has ended
            }
        }
    }

    private void talk(SocketChannel client) throws IOException {
        var lines = new BufferedReader(Channels.newReader(client, StandardCharsets.ISO_8859_1));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher command = COMMAND.matcher(line);
            Matcher number = NUMBER.matcher(line);
            String id = number.find() ? number.group(1) : "0";
            if (command.find()) {
                Pause.of(pause);
                for (String answer : script.getOrDefault(command.group(1), List.of())) {
                    if (answer.equals(CLOSE)) {
                        return;
                    }
                    send(client, answer.replace("ID", id));
                }
            }
        }
    }

    private static void send(SocketChannel client, String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }
}

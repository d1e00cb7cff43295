// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.redoubt.cli.api.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// An HTTPS server with a certificate of its own that gives the answers it was told to, and remembers what it was asked.
final class ScriptedApi implements AutoCloseable {
    private static final char[] PASSWORD = "secret".toCharArray();

    /// @param key the idempotency key that came with it
    record Asked(String method, String path, @Nullable String key, String token, String body) {}

    private record Answer(int status, String body) {}

    private final HttpsServer server;
    private final Path directory;
    private final Map<String, Deque<Answer>> answers = new HashMap<>();
    private final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());

    /// @param directory where [#makeCertificate] has been
    ScriptedApi(Path directory) throws Exception {
        this.directory = directory;
        KeyStore keys = KeyStore.getInstance(directory.resolve("keys.p12").toFile(), PASSWORD);
        Files.writeString(directory.resolve("token"), "t0ken\n");
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(keys)));
        server.createContext("/", this::answer);
        server.start();
    }

    /// The next answer to this request; the last one told is given again and again. Status 0 hangs up without an answer,
    /// status -1 is silent.
    ScriptedApi on(String methodAndPath, int status, String body) {
        synchronized (answers) {
            answers.computeIfAbsent(methodAndPath, _ -> new ArrayDeque<>())
                    .add(new Answer(status, body));
        }
        return this;
    }

    List<Asked> asked() {
        return List.copyOf(asked);
    }

    Endpoint endpoint() {
        return new Endpoint(
                URI.create(options().get(1)), Path.of(options().get(3)), Path.of(options().get(5)));
    }

    /// The options of a command line that asks this server.
    List<String> options() {
        return List.of(
                "--api",
                "https://127.0.0.1:" + server.getAddress().getPort(),
                "--ca",
                directory.resolve("ca.pem").toString(),
                "--token-file",
                directory.resolve("token").toString());
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = exchange.getRequestURI().toString();
        asked.add(
                new Asked(
                        exchange.getRequestMethod(),
                        path,
                        exchange.getRequestHeaders().getFirst("Idempotency-Key"),
                        exchange.getRequestHeaders().getFirst("Authorization"),
                        body));
        Answer answer = next(exchange.getRequestMethod() + " " + path);
        if (answer.status < 0) {
            return;
        }
        if (answer.status != 0) {
            byte[] bytes = answer.body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    private Answer next(String methodAndPath) {
        synchronized (answers) {
            Deque<Answer> queue = answers.get(methodAndPath);
            if (queue == null) {
                return new Answer(
                        404, "{\"detail\":\"nothing scripted for " + methodAndPath + "\"}");
            }
            return queue.size() > 1 ? queue.removeFirst() : queue.getFirst();
        }
    }

    private static SSLContext context(KeyStore keys) throws GeneralSecurityException {
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    /// By the JDK's own keytool: a key store for the server and `ca.pem` for its clients.
    static void makeCertificate(Path directory) throws Exception {
        Path store = directory.resolve("keys.p12");
        String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        List<String> common =
                List.of("-alias", "region", "-keystore", store.toString(), "-storepass", "secret");
        run(
                keytool,
                List.of(
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=region",
                        "-ext",
                        "san=ip:127.0.0.1,dns:localhost"),
                common);
        run(
                keytool,
                List.of("-exportcert", "-rfc", "-file", directory.resolve("ca.pem").toString()),
                common);
    }

    private static void run(String program, List<String> one, List<String> other) throws Exception {
        var command = new ArrayList<String>(List.of(program));
        command.addAll(one);
        command.addAll(other);
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IllegalStateException("keytool failed: " + command);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/// A control plane as a process of its own in a home of its own, to be killed.
final class ControlProcess {
    private final Path home;

    ControlProcess(Path home) {
        this.home = home;
    }

    Process start(int grpcPort) throws Exception {
        Process process = run(home, "--grpc-port=" + grpcPort);
        Api.await(
                "control.json",
                () -> {
                    assertThat(process.isAlive()).as("the control plane runs").isTrue();
                    return Files.exists(home.resolve("control.json"));
                });
        return process;
    }

    static Process run(Path home, String option) throws IOException {
        List<String> argv = new ArrayList<>();
        argv.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        argv.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
        argv.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow"));
        argv.addAll(
                List.of(
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        ControlMain.class.getName(),
                        "--home=" + home,
                        "--postgres-user=nobody",
                        option));
        return new ProcessBuilder(argv).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    static void stop(Process process) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// Speaks to the process that `control.json` names now.
    final class Client {
        final Api api;
        final String token;

        Client() throws Exception {
            JsonNode where = Api.JSON.readTree(Files.readString(home.resolve("control.json")));
            this.api =
                    new Api(
                            where.path("apiUrl").asString(),
                            Path.of(where.path("caFile").asString()));
            this.token = Files.readString(Path.of(where.path("tokenFile").asString()));
        }

        Api.Answer get(String path) {
            return api.call("GET", path, token, null, null);
        }

        Api.Answer post(String path, String body) {
            return api.call("POST", path, token, null, body);
        }

        Api.Answer delete(String path) {
            return api.call("DELETE", path, token, null, null);
        }

        String done(Api.Answer accepted) throws Exception {
            assertThat(accepted.status()).as(accepted.body().toString()).isEqualTo(202);
            Api.await(
                    accepted.text("kind"),
                    () ->
                            get("/v1/operations/" + accepted.text("id") + "?waitSeconds=5")
                                    .text("state")
                                    .equals("succeeded"));
            return accepted.text("target");
        }

        FakeNode node(String zone, int grpcPort) throws Exception {
            done(post("/v1/zones", "{\"name\":\"%s\"}".formatted(zone)));
            return join(zone, "node-" + zone, grpcPort);
        }

        FakeNode join(String zone, String name, int grpcPort) throws Exception {
            String join =
                    post("/v1/join-tokens", "{\"zone\":\"%s\"}".formatted(zone)).text("token");
            FakeNode node =
                    FakeNode.join(
                            "127.0.0.1:" + grpcPort, home.resolve("ca.pem"), join, zone, name);
            node.connect();
            Api.await(
                    "the node is online",
                    () -> get("/v1/nodes/" + node.id).text("state").equals("online"));
            return node;
        }

        String machine(String name) throws Exception {
            String datastore =
                    done(
                            post(
                                    "/v1/datastores",
                                    "{\"name\":\"%s-d\",\"zone\":\"a\",\"sizeBytes\":1073741824}"
                                            .formatted(name)));
            String volume =
                    done(
                            post(
                                    "/v1/volumes",
                                    "{\"name\":\"%s-v\",\"datastore\":\"%s\",\"sizeBytes\":67108864}"
                                            .formatted(name, datastore)));
            return done(
                    post(
                            "/v1/machines",
                            "{\"name\":\"%s\",\"zone\":\"a\",\"memoryBytes\":134217728,\"vcpus\":1,\"disks\":[\"%s\"]}"
                                    .formatted(name, volume)));
        }

        String group(String... machines) throws Exception {
            return done(
                    post(
                            "/v1/protection-groups",
                            "{\"name\":\"g\",\"machines\":[\"%s\"],\"targetZone\":\"b\"}"
                                    .formatted(String.join("\",\"", machines))));
        }
    }
}

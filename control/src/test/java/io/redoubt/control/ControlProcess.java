// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A control plane as a process of its own in a home of its own, to be killed.
final class ControlProcess {
    private static @Nullable Path before;
    private static @Nullable Classes classes;
    private final Path home;

    ControlProcess(Path home) {
        this.home = home;
    }

    /// One that has been started and stopped before: its database, empty but for what a first start writes, is copied.
    static ControlProcess startedBefore(Path home) throws Exception {
        copy(homeBefore(), home);
        return new ControlProcess(home);
    }

    /// The home as a first start and a stop leave it.
    private static synchronized Path homeBefore() throws Exception {
        Path made = before;
        if (made == null) {
            Path base = TestRegion.newHome();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> TestRegion.remove(base)));
            made = base.resolve("home");
            ControlPlane.start(new ControlSettings(made, "127.0.0.1", 0, 0, "nobody")).close();
            before = made;
        }
        return made;
    }

    /// What all processes of this JVM load. A start costs seven seconds of processor time, most of it for eleven thousand classes;
    /// with the JVM's cache of them it is half.
    ///
    /// @param library a class path of jars: no class in a directory is cached
    private record Classes(Path cache, String library) {
        List<String> cached() {
            return List.of("-XX:AOTCache=" + cache, "-cp", library);
        }

        List<String> caching() {
            return List.of("-XX:AOTCacheOutput=" + cache, "-cp", library);
        }
    }

    private static synchronized Classes classes() throws Exception {
        Classes made = classes;
        if (made == null) {
            Path base = TestRegion.newHome();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> TestRegion.remove(base)));
            made = new Classes(base.resolve("classes.aot"), jars(base));
            Path home = base.resolve("home");
            copy(homeBefore(), home);
            Process first = launch(home, "--grpc-port=0", made.caching());
            awaitStart(home, first);
            first.destroy();
            assertThat(first.waitFor(60, TimeUnit.SECONDS)).as("the cache is written").isTrue();
            classes = made;
        }
        return made;
    }

    private static String jars(Path base) {
        String classes =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        var library = new ArrayList<String>();
        for (String entry : classes.split(File.pathSeparator)) {
            if (Files.isDirectory(Path.of(entry))) {
                String jar = base.resolve(library.size() + ".jar").toString();
                int failed =
                        ToolProvider.findFirst("jar")
                                .orElseThrow()
                                .run(System.out, System.err, "-c0f", jar, "-C", entry, ".");
                assertThat(failed).as(entry).isZero();
                library.add(jar);
            } else if (Files.exists(Path.of(entry))) {
                library.add(entry);
            }
        }
        return String.join(File.pathSeparator, library);
    }

    /// Everything below, with its owners: the database belongs to another user.
    static void copy(Path from, Path to) throws IOException {
        if (Files.exists(to)) {
            TestRegion.delete(to);
        }
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.sorted().toList()) {
                Path target = to.resolve(from.relativize(each).toString());
                Files.copy(each, target, COPY_ATTRIBUTES, NOFOLLOW_LINKS);
                Files.setAttribute(
                        target,
                        "unix:uid",
                        Files.getAttribute(each, "unix:uid", NOFOLLOW_LINKS),
                        NOFOLLOW_LINKS);
                Files.setAttribute(
                        target,
                        "unix:gid",
                        Files.getAttribute(each, "unix:gid", NOFOLLOW_LINKS),
                        NOFOLLOW_LINKS);
            }
        }
    }

    Process start(int grpcPort) throws Exception {
        Process process = run(home, "--grpc-port=" + grpcPort);
        awaitStart(home, process);
        return process;
    }

    private static void awaitStart(Path home, Process process) throws Exception {
        Api.await(
                "control.json",
                () -> {
                    assertThat(process.isAlive()).as("the control plane runs").isTrue();
                    return Files.exists(home.resolve("control.json"));
                });
    }

    static Process run(Path home, String option) throws Exception {
        return launch(home, option, classes().cached());
    }

    private static Process launch(Path home, String option, List<String> classes)
            throws IOException {
        List<String> argv = new ArrayList<>();
        argv.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        argv.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
        argv.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow"));
        argv.addAll(classes);
        argv.addAll(
                List.of(
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

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.identity.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// One control plane for all tests of this JVM, with two zones and a played node in each. Names are new for each use, so that tests
/// do not meet.
public final class TestRegion {
    private static @Nullable TestRegion shared;
    private static @Nullable String failure;

    final Path base;
    final ControlPlane plane;
    final Api api;
    final String token;

    private TestRegion() throws Exception {
        this.base = newHome();
        this.plane =
                ControlPlane.start(
                        new ControlSettings(base.resolve("home"), "127.0.0.1", 0, 0, "nobody"));
        this.api = new Api(plane.apiUrl(), ca());
        this.token = Files.readString(base.resolve("home/owner.token"));
        for (String zone : new String[] {"a", "b"}) {
            done(post("/v1/zones", "{'name': '%s'}".formatted(zone)));
        }
    }

    public static synchronized TestRegion shared() throws Exception {
        if (failure != null) {
            throw new IllegalStateException(failure); // one start that fails is enough to see why
        }
        TestRegion region = shared;
        if (region == null) {
            try {
                region = new TestRegion();
            } catch (Exception e) {
                failure = String.valueOf(e);
                throw e;
            }
            shared = region;
            TestRegion started = region;
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
        }
        return region;
    }

    /// A directory that the database's user can pass.
    static Path newHome() throws IOException {
        Path base = Files.createTempDirectory("redoubt-control");
        Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwx--x--x"));
        return base;
    }

    Path ca() {
        return base.resolve("home/ca.pem");
    }

    /// A node that joined and is connected.
    public FakeNode node(String zone) throws Exception {
        Api.Answer joined = post("/v1/join-tokens", "{'zone': '%s'}".formatted(zone));
        assertThat(joined.status()).isEqualTo(201);
        var node =
                FakeNode.join(
                        plane.grpcAddress(), ca(), joined.text("token"), zone, unique("node"));
        node.connect();
        Api.await(
                "the node is online",
                () -> get("/v1/nodes/" + node.id).text("state").equals("online"));
        return node;
    }

    public static String unique(String what) {
        return what + "-" + UUID.randomUUID().toString().substring(0, 8);
    }

    /// A part of the running control plane.
    public <T> T part(Class<T> type) {
        return plane.context().getBean(type);
    }

    /// The first tenant's owner.
    public Caller owner() {
        String tenant =
                part(JdbcClient.class)
                        .sql("select tenant from access_token order by created_at limit 1")
                        .query(String.class)
                        .single();
        return new Caller(tenant, "owner");
    }

    String otherTenant() {
        return plane.context().getBean(Tokens.class).newTenant(unique("organisation"));
    }

    Api.Answer get(String path) {
        return api.call("GET", path, token, null, null);
    }

    /// @param body JSON with single quotes
    Api.Answer post(String path, String body) {
        return api.call("POST", path, token, null, body.replace('\'', '"'));
    }

    Api.Answer delete(String path) {
        return api.call("DELETE", path, token, null, null);
    }

    /// Waits for the operation's end.
    JsonNode ended(Api.Answer accepted) throws Exception {
        assertThat(accepted.status()).as(accepted.body().toString()).isEqualTo(202);
        String path = "/v1/operations/" + accepted.text("id") + "?waitSeconds=5";
        var last = new JsonNode[] {accepted.body()};
        Api.await(
                "the end of " + accepted.text("kind"),
                () -> {
                    last[0] = get(path).body();
                    return !last[0].path("endedAt").isNull();
                });
        return last[0];
    }

    /// @return the id of what the operation made
    String done(Api.Answer accepted) throws Exception {
        JsonNode ended = ended(accepted);
        assertThat(ended.path("state").asString()).as(ended.toString()).isEqualTo("succeeded");
        return ended.path("target").asString();
    }

    JsonNode failed(Api.Answer accepted) throws Exception {
        JsonNode ended = ended(accepted);
        assertThat(ended.path("state").asString()).as(ended.toString()).isEqualTo("failed");
        return ended.path("fault");
    }

    public String datastore(String zone) throws Exception {
        return done(
                post(
                        "/v1/datastores",
                        "{'name': '%s', 'zone': '%s', 'sizeBytes': 10737418240}"
                                .formatted(unique("store"), zone)));
    }

    public String volume(String datastore) throws Exception {
        return done(
                post(
                        "/v1/volumes",
                        "{'name': '%s', 'datastore': '%s', 'sizeBytes': 67108864}"
                                .formatted(unique("volume"), datastore)));
    }

    /// A running machine with two disks on the zone's node.
    public String machine(String zone) throws Exception {
        String datastore = datastore(zone);
        String body =
                "{'name': '%s', 'zone': '%s', 'memoryBytes': 268435456, 'vcpus': 1, 'disks': ['%s', '%s'], 'nic': true, 'seeds': {'role': 'writer'}}"
                        .formatted(unique("machine"), zone, volume(datastore), volume(datastore));
        return done(post("/v1/machines", body));
    }

    /// A protection group of these machines, made.
    public String group(List<String> machines) throws Exception {
        return done(
                post(
                        "/v1/protection-groups",
                        "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b', 'intervalSeconds': 1}"
                                .formatted(unique("group"), String.join("', '", machines))));
    }

    public void unprotect(String group) throws Exception {
        var _ = done(delete("/v1/protection-groups/" + group));
    }

    private void close() {
        api.close();
        try {
            plane.close();
        } catch (IOException e) {
            System.err.println("the test region's database did not stop: " + e);
        }
        remove(base);
    }

    /// What a JVM leaves behind at its end.
    static void remove(Path base) {
        try {
            delete(base);
        } catch (IOException e) {
            System.err.println(base + " could not be removed: " + e);
        }
    }

    static void delete(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}

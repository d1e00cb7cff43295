// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusRuntimeException;
import io.redoubt.control.region.CertificateAuthority;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Who may speak as a node.
class GatewayTest {
    private final TestRegion region = TestRegion.shared();

    GatewayTest() throws Exception {}

    private String token(String zone) {
        return region.post("/v1/join-tokens", "{'zone': '%s'}".formatted(zone)).text("token");
    }

    @Test
    void a_join_token_is_good_once_and_for_its_zone() throws Exception {
        String token = token("a");
        assertThatThrownBy(() -> join(token, "b"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("UNAUTHENTICATED")
                .hasMessageContaining("of another zone");
        try (FakeNode node = join(token, "a")) {
            assertThat(node.id).hasSize(26);
        }
        assertThatThrownBy(() -> join(token, "a"))
                .hasMessageContaining("used")
                .hasMessageContaining("POST /v1/join-tokens");
        assertThatThrownBy(() -> join("rdt_guessed", "a")).hasMessageContaining("unknown");
    }

    @Test
    void a_request_that_cannot_be_read_does_not_spend_the_token() throws Exception {
        String token = token("a");
        assertThatThrownBy(() -> join(token, "not a zone")).hasMessageContaining("not a zone");
        join(token, "a").close();
    }

    /// Issued by the CA of another region, for the very same node id.
    @Test
    void a_foreign_certificate_is_refused() throws Exception {
        Path foreign = Files.createTempDirectory("foreign-ca");
        try (FakeNode real = region.node("a")) {
            CertificateAuthority.open(foreign, foreign.resolve("published.pem"), List.of(real.id));
            var stranger =
                    new FakeNode(
                            real.id,
                            region.plane.grpcAddress(),
                            region.ca(),
                            Files.readString(foreign.resolve("server.pem")),
                            Files.readString(foreign.resolve("server.key")),
                            "a",
                            "stranger");
            try (stranger) {
                stranger.connect();
                Api.await("it is thrown out", () -> stranger.ended != null);
                assertThat(String.valueOf(causes(stranger.ended)))
                        .containsIgnoringCase("certificate");
            }
            assertThat(region.get("/v1/nodes/" + real.id).text("state")).isEqualTo("online");
        } finally {
            TestRegion.delete(foreign);
        }
    }

    @Test
    void a_node_cannot_speak_for_another_one() throws Exception {
        try (FakeNode one = region.node("a");
                FakeNode other = region.node("a")) {
            one.die();
            one.connect(other.id);
            Api.await("it is thrown out", () -> one.ended != null);
            assertThat(String.valueOf(one.ended))
                    .contains("PERMISSION_DENIED", one.id, other.id, "Remedy");
            assertThat(region.get("/v1/nodes/" + other.id).text("state")).isEqualTo("online");
        }
    }

    @Test
    void a_node_that_is_gone_is_shown_as_silent_and_a_zone_without_nodes_as_unreachable()
            throws Exception {
        String zone = TestRegion.unique("z");
        region.done(region.post("/v1/zones", "{'name': '%s'}".formatted(zone)));
        assertThat(region.get("/v1/zones/" + zone).text("state")).isEqualTo("empty");
        try (FakeNode node = region.node(zone)) {
            assertThat(region.get("/v1/zones/" + zone).text("state")).isEqualTo("available");
            node.die();
            Api.await(
                    "it is silent",
                    () -> region.get("/v1/nodes/" + node.id).text("state").equals("silent"));
            assertThat(region.get("/v1/zones/" + zone).text("state")).isEqualTo("unreachable");
            Api.Answer refused =
                    region.post(
                            "/v1/datastores",
                            "{'name': 'x', 'zone': '%s', 'sizeBytes': 1073741824}".formatted(zone));
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.text("detail")).contains(zone);
        }
    }

    private FakeNode join(String token, String zone) throws Exception {
        return FakeNode.join(
                region.plane.grpcAddress(), region.ca(), token, zone, TestRegion.unique("node"));
    }

    private static String causes(@org.jspecify.annotations.Nullable Throwable error) {
        var text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(cause).append('\n');
        }
        return text.toString();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What holds for every route, asked of every route that the running application has.
class ApiTest {
    private final TestRegion region = TestRegion.shared();

    ApiTest() throws Exception {}

    record Route(String method, String path) {}

    private List<Route> routes() {
        var routes = new ArrayList<Route>();
        Map<RequestMappingInfo, ?> mapped =
                region.plane
                        .context()
                        .getBean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
                        .getHandlerMethods();
        for (RequestMappingInfo info : mapped.keySet()) {
            for (String path : info.getPatternValues()) {
                for (RequestMethod method : info.getMethodsCondition().getMethods()) {
                    if (path.startsWith("/v1/")) {
                        routes.add(new Route(method.name(), path));
                    }
                }
            }
        }
        return routes;
    }

    @Test
    void no_route_answers_without_a_token() {
        List<Route> routes = routes();
        assertThat(routes).hasSizeGreaterThan(25);
        for (Route route : routes) {
            for (String token : new String[] {"", "rdt_wrong"}) {
                Api.Answer answer =
                        region.api.call(
                                route.method(),
                                route.path().replaceAll("\\{[a-z]+}", "x"),
                                token.isEmpty() ? null : token,
                                null,
                                null);
                assertThat(answer.status()).as(route.toString()).isEqualTo(401);
                assertThat(answer.contentType()).isEqualTo("application/problem+json");
                assertThat(answer.text("remedy")).contains("tokenFile");
            }
        }
        assertThat(region.api.call("GET", "/anything", null, null, null).status()).isEqualTo(401);
    }

    /// Another tenant's object is as unknown as one that never was, on every route that names one.
    @Test
    void nothing_of_another_tenant_can_be_seen_or_touched() throws Exception {
        try (FakeNode source = region.node("a");
                FakeNode receiver = region.node("b")) {
            String machine = region.machine("a");
            JsonNode seen = region.get("/v1/machines/" + machine).body();
            String body =
                    "{'name': '%s', 'machines': ['%s'], 'targetZone': 'b'}"
                            .formatted(TestRegion.unique("group"), machine);
            Api.Answer making = region.post("/v1/protection-groups", body);
            String group = region.done(making);
            receiver.publish(group, 1, System.currentTimeMillis(), "");
            Api.await(
                    "the point",
                    () ->
                            region.get("/v1/protection-groups/" + group + "/recovery-points/1")
                                            .status()
                                    == 200);
            String failover =
                    region.done(
                            region.post(
                                    "/v1/failovers",
                                    "{'group': '%s', 'kind': 'test'}".formatted(group)));
            String volume = seen.path("disks").get(0).path("volume").asString();
            String datastore = region.get("/v1/volumes/" + volume).text("datastore");
            String snapshot =
                    region.done(
                            region.post(
                                    "/v1/volumes/" + volume + "/snapshots", "{'name': 'before'}"));
            Map<String, String> ids =
                    Map.of(
                            "machine", machine,
                            "volume", volume,
                            "snapshot", snapshot,
                            "datastore", datastore,
                            "group", group,
                            "failover", failover,
                            "operation", making.text("id"),
                            "number", "1");
            String stranger = region.otherTenant();
            int asked = 0;
            for (Route route : routes()) {
                String path = route.path();
                if (path.contains("{zone}")
                        || path.contains("{node}")
                        || path.contains("{pool}")
                        || !path.contains("{")) {
                    continue; // the region's own, or no object named
                }
                for (Map.Entry<String, String> id : ids.entrySet()) {
                    path = path.replace("{" + id.getKey() + "}", id.getValue());
                }
                assertThat(path).as("an id for " + route).doesNotContain("{");
                String sent =
                        switch (route.method()) {
                            case "POST" -> "{\"name\":\"x\"}";
                            case "PATCH" -> "{\"sizeBytes\":1073741824}";
                            default -> null;
                        };
                if (path.endsWith("/recovery-points/1") && route.method().equals("PATCH")) {
                    sent = "{\"protected\":true}";
                } else if (path.endsWith("/retention-preview")
                        || (path.endsWith(group) && route.method().equals("PATCH"))) {
                    sent = "{\"journalQuotaBytes\":0}";
                } else if (path.endsWith("/verifications") && route.method().equals("POST")) {
                    sent = "{}";
                } else if (path.endsWith(group + "/machines")) {
                    sent = "{\"machines\":[\"x\"]}";
                } else if (path.endsWith("/receiver-lost")) {
                    sent = "{\"word\":\"seen with my eyes\"}";
                }
                if (path.endsWith("/stop")
                        || path.endsWith("/start")
                        || path.endsWith("/hydrate")
                        || path.endsWith("/rollback-preview")
                        || path.endsWith("/commit")
                        || path.endsWith("/reverse")
                        || path.endsWith("/rollback")) {
                    sent = null;
                }
                Api.Answer answer = region.api.call(route.method(), path, stranger, null, sent);
                assertThat(answer.status()).as(route + " " + answer.body()).isEqualTo(404);
                asked++;
            }
            assertThat(asked).isGreaterThan(15);
            for (String list :
                    List.of(
                            "machines",
                            "volumes",
                            "datastores",
                            "protection-groups",
                            "failovers",
                            "operations")) {
                JsonNode items =
                        region.api
                                .call("GET", "/v1/" + list, stranger, null, null)
                                .body()
                                .path("items");
                assertThat(items.size()).as(list).isZero();
            }
            // Naming it in a body is no way in either.
            for (String[] attempt :
                    new String[][] {
                        {"/v1/failovers", "{\"group\":\"%s\",\"kind\":\"live\"}".formatted(group)},
                        {
                            "/v1/volumes",
                            "{\"name\":\"x\",\"datastore\":\"%s\",\"sizeBytes\":1048576}"
                                    .formatted(datastore)
                        },
                        {
                            "/v1/machines",
                            "{\"name\":\"x\",\"zone\":\"a\",\"memoryBytes\":134217728,\"vcpus\":1,\"disks\":[\"%s\"]}"
                                    .formatted(volume)
                        },
                        {
                            "/v1/protection-groups",
                            "{\"name\":\"x\",\"machines\":[\"%s\"],\"targetZone\":\"b\"}"
                                    .formatted(machine)
                        }
                    }) {
                assertThat(region.api.call("POST", attempt[0], stranger, null, attempt[1]).status())
                        .as(attempt[0])
                        .isEqualTo(404);
            }
            region.done(region.delete("/v1/failovers/" + failover));
            assertThat(source.machines).containsKey(machine);
        }
    }

    @Test
    void the_region_itself_is_for_its_operator() {
        String stranger = region.otherTenant();
        for (List<String> route :
                List.of(
                        List.of("GET", "/v1/nodes"),
                        List.of("GET", "/v1/nodes/x"),
                        List.of("POST", "/v1/zones", "{\"name\":\"x\"}"),
                        List.of("POST", "/v1/join-tokens", "{\"zone\":\"a\"}"))) {
            Api.Answer answer =
                    region.api.call(
                            route.get(0),
                            route.get(1),
                            stranger,
                            null,
                            route.size() == 3 ? route.get(2) : null);
            assertThat(answer.status()).as(route.get(1)).isEqualTo(403);
            assertThat(answer.text("cause")).isEqualTo("operators-only");
        }
        assertThat(region.api.call("GET", "/v1/zones", stranger, null, null).status())
                .isEqualTo(200);
    }

    @Test
    void the_same_key_is_the_same_operation_and_not_for_another_request() throws Exception {
        try (FakeNode node = region.node("a")) {
            String name = TestRegion.unique("store");
            String body =
                    "{\"name\":\"%s\",\"zone\":\"a\",\"sizeBytes\":1073741824}".formatted(name);
            Api.Answer first = region.api.call("POST", "/v1/datastores", region.token, name, body);
            region.done(first);
            Api.Answer again = region.api.call("POST", "/v1/datastores", region.token, name, body);
            assertThat(again.status()).isEqualTo(202);
            assertThat(again.text("id")).isEqualTo(first.text("id"));
            Api.Answer other =
                    region.api.call(
                            "POST",
                            "/v1/datastores",
                            region.token,
                            name,
                            body.replace("1073741824", "2147483648"));
            assertThat(other.status()).isEqualTo(409);
            assertThat(other.text("cause")).isEqualTo("key-reused");
            Api.Answer taken = region.api.call("POST", "/v1/datastores", region.token, null, body);
            assertThat(taken.text("cause")).isEqualTo("name-taken");
            // A delete whose answer was lost: the thing is gone, the wish is still known.
            String gone = "/v1/datastores/" + name;
            String key = TestRegion.unique("delete");
            Api.Answer deleted = region.api.call("DELETE", gone, region.token, key, null);
            region.done(deleted);
            assertThat(region.api.call("DELETE", gone, region.token, key, null).text("id"))
                    .isEqualTo(deleted.text("id"));
            assertThat(node.id).isNotEmpty();
        }
    }

    @Test
    void bad_input_is_told_what_is_wrong_with_it() {
        for (String[] wrong :
                new String[][] {
                    {"/v1/zones", "{'nam': 'x'}", "nam"},
                    {"/v1/zones", "{'name': 'not a name'}", "not a name"},
                    {"/v1/zones", "{", "cannot be read"},
                    {
                        "/v1/datastores",
                        "{'name': 'd', 'zone': 'a', 'sizeBytes': 4096}",
                        "at least 1 GiB"
                    },
                    {
                        "/v1/datastores",
                        "{'name': 'd', 'zone': 'a', 'sizeBytes': 1073741824, 'class': 'gold'}",
                        "gold"
                    },
                    {
                        "/v1/volumes",
                        "{'name': 'v', 'datastore': 'x', 'sizeBytes': 1048577}",
                        "1048577"
                    },
                    {"/v1/volumes", "{'name': 'v', 'datastore': 'x'}", "sizeBytes"},
                    {
                        "/v1/machines",
                        "{'name': 'm', 'zone': 'a', 'memoryBytes': 1, 'vcpus': 1, 'disks': []}",
                        "1 to 16 disks"
                    },
                    {
                        "/v1/protection-groups",
                        "{'name': 'g', 'machines': [], 'targetZone': 'b'}",
                        "at least one machine"
                    },
                    {
                        "/v1/protection-groups",
                        "{'name': 'g', 'machines': ['m'], 'targetZone': 'b', 'intervalSeconds': 0.5}",
                        "1 to 3600"
                    },
                    {"/v1/failovers", "{'group': 'g', 'kind': 'maybe'}", "maybe"},
                }) {
            Api.Answer answer = region.post(wrong[0], wrong[1]);
            assertThat(answer.status()).as(wrong[1]).isEqualTo(400);
            assertThat(answer.contentType()).isEqualTo("application/problem+json");
            assertThat(answer.text("detail")).contains(wrong[2]).doesNotContain("io.redoubt");
        }
        assertThat(region.get("/v1/volumes?limit=0").text("detail")).contains("1 to 1000");
        assertThat(region.get("/v1/operations/x?waitSeconds=31").status()).isEqualTo(400);
    }

    /// The document is reviewed like code. Write it anew with `-Dredoubt.openapi.write=true`.
    @Test
    void the_committed_openapi_document_is_what_the_running_application_offers() throws Exception {
        var made = (ObjectNode) region.get("/v3/api-docs").body();
        made.remove("servers");
        made.set("info", info());
        String now =
                JsonMapper.builder()
                                .enable(SerializationFeature.INDENT_OUTPUT)
                                .build()
                                .writeValueAsString(sorted(made))
                        + "\n";
        Path committed =
                Path.of(System.getProperty("redoubt.root", "..")).resolve("docs/api/openapi.json");
        if (Boolean.getBoolean("redoubt.openapi.write")) {
            Files.writeString(committed, now);
        }
        assertThat(now).isEqualTo(Files.readString(committed));
    }

    private static ObjectNode info() {
        return Api.JSON.createObjectNode().put("title", "Redoubt").put("version", "v1");
    }

    private static Object sorted(JsonNode node) {
        if (node.isObject()) {
            var fields = new TreeMap<String, Object>();
            node.properties()
                    .forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
            return fields;
        }
        if (node.isArray()) {
            var items = new ArrayList<Object>();
            node.forEach(item -> items.add(sorted(item)));
            return items;
        }
        return node;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The client knows the control plane by `docs/api/openapi.json` alone: every column and every field that it sends stands there.
class ContractTest {
    private static final String DONE =
            "{\"id\":\"op1\",\"kind\":\"k\",\"target\":\"t\",\"state\":\"succeeded\",\"change\":1,\"steps\":[]}";

    @TempDir static Path directory;
    private final JsonNode contract;

    ContractTest() throws Exception {
        Path file =
                Path.of(System.getProperty("redoubt.root", "..")).resolve("docs/api/openapi.json");
        contract = JsonMapper.shared().readTree(Files.readString(file));
    }

    @BeforeAll
    static void makeCertificate() throws Exception {
        ScriptedApi.makeCertificate(directory);
    }

    static List<Noun> nouns() {
        return List.of(
                Nouns.ZONE,
                Nouns.NODE,
                Nouns.POOL,
                Nouns.CLASS,
                Nouns.DATASTORE,
                Nouns.VOLUME,
                Nouns.MACHINE,
                Nouns.GROUP,
                Nouns.FAILOVER,
                Nouns.OPERATION,
                Nouns.pointsOf("g"),
                Nouns.snapshotsOf("v"));
    }

    @ParameterizedTest
    @MethodSource("nouns")
    void every_column_is_a_field_of_the_contract(Noun noun) {
        JsonNode page =
                path(noun.path()).at("/get/responses/200/content").iterator().next().path("schema");
        JsonNode item = resolved(resolved(page).at("/properties/items/items"));
        for (Column column : noun.columns()) {
            JsonNode field = item;
            for (String name : column.pointer().substring(1).split("/")) {
                field = resolved(field).path("properties").path(name);
            }
            assertThat(field.isMissingNode())
                    .as("%s: column %s at %s", noun.name(), column.title(), column.pointer())
                    .isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zone create c",
                "pool create p --node n --path /srv/p --sparse 4TiB",
                "datastore create d --zone a --size 1GiB --class lab --pool p",
                "datastore resize d --size 2GiB",
                "volume create v --datastore d --size 1GiB --template tiny --thin --shares 7 --iops 9",
                "datastore limit d --no-ceiling --alarm 90",
                "volume resize v --size 2GiB",
                "volume limit v --shares 200 --iops 750 --bandwidth 64MiB",
                "volume hydrate v --rate 10MiB",
                "volume snapshot create v before",
                "machine create m --zone a --disk v --memory 1GiB --vcpus 2 --nic",
                "machine start m",
                "machine stop m --mode power-off",
                "group create g --machine m --to-zone b --interval 1",
                "group create g --machine m --to-zone b --ladder 1h,1d/1m --journal-quota 2GiB",
                "group set g --ladder 1h --journal-quota 2GiB",
                "group set g --ladder 1h --dry-run",
                "point create g --name before --protected --consistent --freeze-seconds 2",
                "point protect g 7",
                "point release g 7",
                "point recover g v --write 7 --name n --datastore d --thin --rate 1MiB",
                "point recover g v --point newest --name n --datastore d",
                "failover start g --kind test --point 3"
            })
    void every_field_that_is_sent_stands_in_the_contract(String words) throws Exception {
        try (var api = new ScriptedApi(directory)) {
            for (String path :
                    List.of(
                            "zones",
                            "pools",
                            "datastores",
                            "volumes",
                            "volumes/v/hydrate",
                            "volumes/v/snapshots",
                            "machines",
                            "machines/m/start",
                            "machines/m/stop",
                            "protection-groups",
                            "protection-groups/g/recovery-points",
                            "protection-groups/g/recoveries",
                            "failovers")) {
                api.on("POST /v1/" + path, 202, DONE);
            }
            api.on("PATCH /v1/datastores/d", 202, DONE);
            api.on("PATCH /v1/protection-groups/g", 202, DONE);
            api.on("POST /v1/protection-groups/g/retention-preview", 200, "{}");
            api.on("PATCH /v1/protection-groups/g/recovery-points/7", 202, DONE);
            api.on("PATCH /v1/volumes/v", 202, DONE);
            var arguments = new ArrayList<>(List.of(words.split(" ")));
            arguments.addAll(api.options());
            var errors = new StringWriter();
            int status =
                    CliMain.commandLine()
                            .setErr(new PrintWriter(errors, true))
                            .setOut(new PrintWriter(new StringWriter(), true))
                            .execute(arguments.toArray(String[]::new));
            assertThat(status).as(errors.toString()).isZero();

            ScriptedApi.Asked sent = api.asked().getFirst();
            JsonNode schema =
                    resolved(
                            path(sent.path())
                                    .at(
                                            "/%s/requestBody/content/application~1json/schema"
                                                    .formatted(
                                                            sent.method()
                                                                    .toLowerCase(Locale.ROOT))));
            List<String> known = new ArrayList<>(schema.path("properties").propertyNames());
            List<String> required = new ArrayList<>();
            schema.path("required").forEach(name -> required.add(name.asString()));
            assertThat(known)
                    .containsAll(JsonMapper.shared().readTree(sent.body()).propertyNames());
            assertThat(JsonMapper.shared().readTree(sent.body()).propertyNames())
                    .containsAll(required);
        }
    }

    @Test
    void a_join_token_is_where_the_client_looks_for_it() {
        JsonNode answer =
                resolved(
                        path("/v1/join-tokens")
                                .at("/post/responses/201/content")
                                .iterator()
                                .next()
                                .path("schema"));
        assertThat(answer.path("properties").propertyNames())
                .contains("token", "grpcAddress", "caFile");
    }

    @Test
    void a_list_of_changes_is_where_the_client_looks_for_it() {
        JsonNode answer =
                resolved(
                        path("/v1/volumes/v/snapshots/s/changes")
                                .at("/get/responses/200/content")
                                .iterator()
                                .next()
                                .path("schema"));
        assertThat(answer.path("properties").propertyNames())
                .contains("changedBytes", "sizeBytes", "items", "next");
        assertThat(
                        resolved(answer.at("/properties/items/items"))
                                .path("properties")
                                .propertyNames())
                .contains("offset", "length");
        JsonNode hydration =
                resolved(
                        resolved(
                                        path("/v1/volumes/v")
                                                .at("/get/responses/200/content")
                                                .iterator()
                                                .next()
                                                .path("schema"))
                                .at("/properties/hydration"));
        assertThat(hydration.path("properties").propertyNames())
                .contains("state", "doneBytes", "totalBytes", "secondsLeft", "trouble");
    }

    /// The entry of a concrete path, whose variable parts have names in the contract.
    private JsonNode path(String concrete) {
        for (var entry : contract.path("paths").properties()) {
            if (concrete.matches(entry.getKey().replaceAll("\\{\\w+}", "[^/]+"))) {
                return entry.getValue();
            }
        }
        throw new AssertionError("the contract has no path " + concrete);
    }

    private JsonNode resolved(JsonNode schema) {
        String reference = schema.path("$ref").asString("");
        if (reference.isEmpty()) {
            for (String kind : List.of("oneOf", "anyOf", "allOf")) {
                for (JsonNode choice : schema.path(kind)) {
                    if (choice.has("$ref")) {
                        return resolved(choice);
                    }
                }
            }
            return schema;
        }
        return resolved(contract.at(reference.substring(1)));
    }
}

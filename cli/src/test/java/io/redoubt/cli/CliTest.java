// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.cli.api.Api;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CliTest {
    private static final String RUNNING =
            """
            {"id":"op1","kind":"volume.create","target":"v1","state":"running","change":1,
             "steps":[{"name":"charge-quota","state":"done"},{"name":"make-files","state":"running"}],"fault":null}
            """;
    private static final String DONE =
            """
            {"id":"op1","kind":"volume.create","target":"v1","state":"succeeded","change":2,
             "steps":[{"name":"charge-quota","state":"done"},{"name":"make-files","state":"done"}],"fault":null}
            """;
    private static final String FAILED =
            """
            {"id":"op1","kind":"volume.create","target":"v1","state":"failed","change":2,
             "steps":[{"name":"charge-quota","state":"undone"},{"name":"make-files","state":"failed","note":"node silent"}],
             "fault":{"cause":"no-room","message":"Datastore 'd' has 1 GiB left, 10 GiB are asked for.","remedy":"Order a larger one."}}
            """;
    private static final String WAIT = "GET /v1/operations/op1?waitSeconds=5&since=1";

    @TempDir static Path directory;

    private final StringWriter output = new StringWriter();
    private final StringWriter errors = new StringWriter();
    private final ScriptedApi api;

    @BeforeAll
    static void makeCertificate() throws Exception {
        ScriptedApi.makeCertificate(directory);
    }

    CliTest() throws Exception {
        api = new ScriptedApi(directory);
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void a_list_is_a_table_with_aligned_columns_and_all_pages() {
        api.on(
                "GET /v1/volumes?limit=1000",
                200,
                """
                {"items":[{"id":"v1","name":"data","zone":"a","sizeBytes":1073741824,"shares":100,"iopsLimit":750,"usedIops":12,"usedBytesPerSecond":49152,"snapshotBytes":65536,"hydration":{"state":"idle"},"state":"ready","attachment":{"number":3},"group":null}],"next":"v1"}
                """);
        api.on(
                "GET /v1/volumes?limit=1000&after=v1",
                200,
                """
                {"items":[{"id":"v2","name":"log","zone":"b","sizeBytes":773263360,"shares":100,"iopsLimit":null,"usedIops":null,"state":"ready","attachment":null,"group":"g1"}],"next":null}
                """);
        assertThat(run("volume", "list")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "NAME  ZONE  SIZE       THIN  SHARES  IOPS  USED IOPS  USED B/S  SNAPSHOTS  COPYING  STATE  ATTACHMENT  GROUP  ID",
                        "data  a     1 GiB      -     100     750   12         48 KiB    64 KiB     idle     ready  3           -      v1",
                        "log   b     737.4 MiB  -     100     -     -          -         -          -        ready  -           g1     v2");
        assertThat(api.asked()).allMatch(asked -> asked.token().equals("Bearer t0ken"));
    }

    @Test
    void json_is_what_the_api_said() {
        api.on("GET /v1/zones?limit=1000", 200, "{\"items\":[{\"id\":\"a\"}],\"next\":null}");
        assertThat(run("zone", "list", "--json")).isZero();
        assertThat(output.toString().replaceAll("\\s", "")).isEqualTo("[{\"id\":\"a\"}]");
    }

    @Test
    void show_prints_each_field_and_a_name_cannot_leave_its_place_in_the_path() {
        api.on("GET /v1/machines/shop", 200, "{\"id\":\"m1\",\"disks\":[],\"reason\":null}");
        assertThat(run("machine", "show", "shop")).isZero();
        assertThat(output.toString().lines())
                .containsExactly("id      m1", "disks   []", "reason  -");
        run("machine", "show", "../zones?x=1 y");
        assertThat(api.asked().getLast().path()).isEqualTo("/v1/machines/..%2Fzones%3Fx%3D1%20y");
    }

    @Test
    void a_write_is_watched_to_its_end_and_prints_the_target() {
        api.on("POST /v1/volumes", 202, RUNNING).on(WAIT, 200, RUNNING).on(WAIT, 200, DONE);
        assertThat(run("volume", "create", "data", "--datastore", "d", "--size", "10GiB")).isZero();
        assertThat(output.toString()).isEqualTo("v1\n");
        assertThat(errors.toString().lines().map(String::strip))
                .startsWith(
                        "charge-quota             done",
                        "make-files               running ...",
                        "make-files               done")
                .anyMatch(line -> line.startsWith("volume data is ready ("));
        ScriptedApi.Asked sent = api.asked().getFirst();
        assertThat(sent.body())
                .contains("\"sizeBytes\":10737418240", "\"datastore\":\"d\"")
                .doesNotContain("template");
    }

    @Test
    void a_limit_says_what_was_given_and_nothing_else() {
        api.on("PATCH /v1/volumes/v", 202, DONE).on("PATCH /v1/datastores/d", 202, DONE);
        assertThat(run("volume", "limit", "v", "--iops", "0", "--bandwidth", "1MiB")).isZero();
        assertThat(api.asked().getLast().body())
                .contains("\"iopsLimit\":0", "\"bytesPerSecondLimit\":1048576")
                .doesNotContain("shares");
        assertThat(run("datastore", "limit", "d", "--no-ceiling")).isZero();
        assertThat(api.asked().getLast().body()).isEqualTo("{\"ceiling\":false}");
        assertThat(run("volume", "limit", "v")).isEqualTo(2);
        assertThat(run("datastore", "limit", "d")).isEqualTo(2);
    }

    @Test
    void no_wait_returns_with_the_operation_to_watch() {
        api.on("POST /v1/volumes", 202, RUNNING);
        assertThat(run("volume", "create", "x", "--datastore", "d", "--size", "1", "--no-wait"))
                .isZero();
        assertThat(errors.toString()).contains("./redoubt operation watch op1");
        assertThat(api.asked()).hasSize(1);
    }

    @Test
    void an_answer_lost_on_the_way_is_asked_for_again_with_the_same_key() {
        api.on("POST /v1/zones", 0, "").on("POST /v1/zones", 503, "{}");
        api.on("POST /v1/zones", 202, DONE);
        assertThat(run("zone", "create", "c")).isZero();
        assertThat(api.asked())
                .hasSize(3)
                .extracting(ScriptedApi.Asked::key)
                .doesNotContainNull()
                .containsOnly(api.asked().getFirst().key());
        run("zone", "create", "c");
        assertThat(api.asked().getLast().key()).isNotEqualTo(api.asked().getFirst().key());
    }

    @Test
    void a_failed_operation_says_why_and_what_to_do() {
        api.on("POST /v1/volumes", 202, RUNNING).on(WAIT, 200, FAILED);
        assertThat(run("volume", "create", "x", "--datastore", "d", "--size", "10GiB"))
                .isEqualTo(1);
        assertThat(errors.toString())
                .contains(
                        "make-files               failed: node silent",
                        "redoubt: Datastore 'd' has 1 GiB left, 10 GiB are asked for.",
                        "  Order a larger one.");
    }

    @Test
    void a_wait_that_is_over_leaves_the_operation_and_says_how_to_go_on() {
        api.on("POST /v1/zones", 202, RUNNING);
        api.on("GET /v1/operations/op1?waitSeconds=0&since=1", 200, RUNNING);
        assertThat(run("zone", "create", "c", "--wait-seconds", "0")).isEqualTo(1);
        assertThat(errors.toString())
                .contains("has not ended after 0 s", "./redoubt operation watch op1");
    }

    @Test
    void a_refusal_is_printed_in_the_words_of_the_control_plane() {
        api.on(
                "POST /v1/failovers",
                409,
                """
                {"title":"Conflict","status":409,"detail":"Protection group 'shop' is failing over already.","cause":"failover-running","remedy":"Watch that failover."}
                """);
        assertThat(run("failover", "start", "shop", "--kind", "live", "--point", "17"))
                .isEqualTo(1);
        assertThat(errors.toString())
                .isEqualTo(
                        "redoubt: Protection group 'shop' is failing over already.\n  Watch that failover.\n");
        assertThat(api.asked().getFirst().body()).contains("\"point\":17");
    }

    @Test
    void a_machine_is_made_with_its_disks_and_the_text_of_its_files() throws Exception {
        Path start = Files.writeString(directory.resolve("start.sh"), "echo hello");
        api.on("POST /v1/machines", 202, DONE);
        assertThat(
                        run(
                                "machine",
                                "create",
                                "shop",
                                "--zone",
                                "a",
                                "--disk",
                                "one",
                                "--disk",
                                "two",
                                "--seed",
                                "note=" + start,
                                "--user-data",
                                start.toString()))
                .isZero();
        assertThat(api.asked().getFirst().body())
                .contains(
                        "\"disks\":[\"one\",\"two\"]",
                        "\"seeds\":{\"note\":\"echo hello\"}",
                        "\"userData\":\"echo hello\"",
                        "\"memoryBytes\":268435456");
        assertThat(
                        run(
                                "machine",
                                "create",
                                "x",
                                "--zone",
                                "a",
                                "--disk",
                                "d",
                                "--user-data",
                                "/no"))
                .isEqualTo(1);
        assertThat(errors.toString()).contains("/no cannot be used");
    }

    private static final String SNAPSHOTS =
            """
            {"items":[{"id":"s1","name":"one","parent":null,"current":false,"createdAt":"2026-11-21T20:00:00Z","sizeBytes":1073741824,"ownBytes":65536,"state":"ready","reason":null},
             {"id":"s2","name":"two","parent":"one","current":true,"createdAt":"2026-11-21T21:00:00Z","sizeBytes":1073741824,"ownBytes":0,"state":"broken","reason":"the snapshot room was full"}],"next":null}
            """;

    @Test
    void snapshots_are_listed_below_their_volume_with_the_reason_of_a_broken_one() {
        api.on("GET /v1/volumes/data/snapshots?limit=1000", 200, SNAPSHOTS);
        assertThat(run("volume", "snapshot", "list", "data")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "NAME  PARENT  CURRENT  CREATED               SIZE   OWN     STATE   REASON",
                        "one   -       -        2026-11-21T20:00:00Z  1 GiB  64 KiB  ready   -",
                        "two   one     yes      2026-11-21T21:00:00Z  1 GiB  0 B     broken  the snapshot room was full");
    }

    @Test
    void a_revert_says_what_is_lost_and_does_nothing_before_it_was_told_yes() {
        api.on("GET /v1/volumes/data/snapshots?limit=1000", 200, SNAPSHOTS);
        api.on(
                "GET /v1/volumes/data/snapshots/one/changes?limit=1",
                200,
                "{\"sizeBytes\":1073741824,\"changedBytes\":10485760,\"items\":[],\"next\":null}");
        api.on("POST /v1/volumes/data/snapshots/one/revert", 202, DONE);
        assertThat(run("volume", "snapshot", "revert", "data", "one")).isZero();
        assertThat(errors.toString())
                .contains("up to 10 MiB were written since", "Lost for ever: up to 10 MiB")
                .contains("Nothing was changed", "--yes");
        assertThat(api.asked()).noneMatch(asked -> asked.method().equals("POST"));
        assertThat(run("volume", "snapshot", "revert", "data", "one", "--yes")).isZero();
        assertThat(errors.toString()).contains("volume data is what snapshot one was");
        assertThat(api.asked()).anyMatch(asked -> asked.method().equals("POST"));
    }

    /// What the going back itself wrote is no loss, and nobody can tell it apart.
    @Test
    void a_revert_after_a_revert_does_not_call_lost_what_the_first_one_overwrote() {
        api.on(
                "GET /v1/volumes/data/snapshots?limit=1000",
                200,
                """
                {"items":[{"name":"one","current":true,"state":"ready"},{"name":"two","current":false,"state":"ready"}],"next":null}
                """);
        api.on(
                "GET /v1/volumes/data/snapshots/two/changes?limit=1",
                200,
                "{\"sizeBytes\":1073741824,\"changedBytes\":10485760,\"items\":[],\"next\":null}");
        assertThat(run("volume", "snapshot", "revert", "data", "two")).isZero();
        assertThat(errors.toString())
                .contains("what was written since the volume went back to snapshot one")
                .doesNotContain("no snapshot holds");
    }

    @Test
    void changes_are_listed_page_after_page_up_to_the_limit() {
        String page =
                "{\"sizeBytes\":1048576,\"changedBytes\":196608,\"items\":[{\"offset\":%d,\"length\":65536}],\"next\":%s}";
        api.on(
                "GET /v1/volumes/data/snapshots/one/changes?limit=2&after=0&to=two",
                200,
                page.formatted(0, "\"65536\""));
        api.on(
                "GET /v1/volumes/data/snapshots/one/changes?limit=1&after=65536&to=two",
                200,
                page.formatted(131072, "\"196608\""));
        assertThat(run("volume", "snapshot", "changes", "data", "one", "--to", "two", "--limit=2"))
                .isZero();
        assertThat(output.toString().lines())
                .containsExactly("OFFSET  LENGTH", "0       65536", "131072  65536");
        assertThat(errors.toString())
                .contains("192 KiB of 1 MiB may differ", "more ranges than --limit 2");
    }

    @Test
    void a_copying_is_watched_to_its_end_when_asked() {
        String volume =
                "{\"hydration\":{\"state\":\"%s\",\"doneBytes\":%d,\"totalBytes\":1073741824,\"secondsLeft\":%s,\"trouble\":%s}}";
        api.on("POST /v1/volumes/data/hydrate", 202, DONE);
        api.on(
                "GET /v1/volumes/data",
                200,
                volume.formatted("waiting", 536870912, 9, "\"the source is away\""));
        api.on("GET /v1/volumes/data", 200, volume.formatted("complete", 1073741824, "null", null));
        assertThat(run("volume", "hydrate", "data", "--rate", "10MiB", "--wait")).isZero();
        assertThat(errors.toString())
                .contains("waiting    50 % of 1 GiB, 9 s left: the source is away")
                .contains("complete   100 % of 1 GiB");
        assertThat(api.asked().getFirst().body()).isEqualTo("{\"bytesPerSecond\":10485760}");
        api.on(
                "GET /v1/volumes/bad",
                200,
                volume.formatted("failed", 1, "null", "\"a sync failed\""));
        api.on("POST /v1/volumes/bad/hydrate", 202, DONE);
        assertThat(run("volume", "hydrate", "bad", "--wait")).isEqualTo(1);
        assertThat(errors.toString()).contains("a sync failed", "./redoubt volume show bad");
    }

    @Test
    void points_are_listed_below_their_group() {
        api.on(
                "GET /v1/protection-groups/shop/recovery-points?limit=1000",
                200,
                """
                {"items":[{"number":17,"at":"2026-11-21T20:00:00Z","tag":"","publishedAt":"2026-11-21T20:00:01Z","ageSeconds":3.21}],"next":null}
                """);
        assertThat(run("point", "list", "shop")).isZero();
        assertThat(output.toString()).contains("17     2026-11-21T20:00:00Z  3.2 s  -");
    }

    @Test
    void a_server_of_another_authority_is_not_believed(@TempDir Path other) throws Exception {
        ScriptedApi.makeCertificate(other);
        List<String> options = new ArrayList<>(api.options());
        options.set(3, other.resolve("ca.pem").toString());
        assertThat(execute(List.of("zone", "list"), options)).isEqualTo(1);
        assertThat(errors.toString()).contains("its certificate is not of this region's CA");
        assertThat(api.asked()).isEmpty();
    }

    @Test
    void nobody_there_is_a_fault_with_the_address_and_the_attempts() {
        api.close();
        assertThat(run("zone", "list")).isEqualTo(1);
        assertThat(errors.toString()).contains("does not answer (5 attempts)", "./redoubt status");
    }

    @Test
    void a_control_plane_that_is_silent_is_asked_once_and_not_waited_for() {
        api.on("GET /v1/zones?limit=1000", -1, "");
        var client = new Api(api.endpoint(), Duration.ofMillis(300));
        assertThatThrownBy(() -> client.fetchAll("/v1/zones"))
                .hasMessageContaining("no answer within 0.3 s");
        assertThat(api.asked()).hasSize(1);
    }

    @Test
    void a_token_file_that_is_missing_is_named() {
        List<String> options = new ArrayList<>(api.options());
        options.set(5, "/nowhere/token");
        assertThat(execute(List.of("zone", "list"), options)).isEqualTo(1);
        assertThat(errors.toString()).contains("/nowhere/token cannot be used");
    }

    @Test
    void something_that_is_not_the_api_is_named_and_not_parsed() {
        api.on("GET /v1/zones?limit=1000", 200, "<html>hello</html>");
        assertThat(run("zone", "list")).isEqualTo(1);
        assertThat(errors.toString()).contains("is not the API of this region", "<html>");
    }

    @Test
    void bad_words_are_usage_errors_with_a_suggestion() {
        assertThat(run("machine", "crate", "x")).isEqualTo(2);
        assertThat(errors.toString()).contains("Did you mean", "create");
        assertThat(run("volume", "create", "x", "--datastore", "d", "--size", "10XB")).isEqualTo(2);
        assertThat(errors.toString()).contains("'10XB' is not a size; write for example");
        assertThat(execute(List.of("zone", "list"), List.of("--api", "https://x"))).isEqualTo(2);
        assertThat(errors.toString()).contains("--ca=FILE", "--token-file=FILE");
    }

    @Test
    void every_command_has_help() {
        everyCommand(CliMain.commandLine());
    }

    @Test
    void the_completion_is_bash_that_completes_nouns_verbs_and_options() throws Exception {
        assertThat(execute(List.of("completion"), List.of())).isZero();
        Path script = Files.writeString(directory.resolve("completion"), output.toString());
        assertThat(completed(script, "redoubt", "mach")).contains("machine");
        assertThat(completed(script, "redoubt", "machine", "cre")).contains("create");
        assertThat(completed(script, "redoubt", "up", "--h")).contains("--http-port");
        assertThat(completed(script, "redoubt", "failover", "start", "--k")).contains("--kind");
        assertThat(completed(script, "redoubt", "volume", "snapshot", "rev")).contains("revert");
        assertThat(completed(script, "redoubt", "volume", "snapshot", "revert", "--y"))
                .contains("--yes");
    }

    private void everyCommand(CommandLine command) {
        String help = command.getUsageMessage();
        assertThat(help).contains("--help");
        assertThat(command.getCommandSpec().usageMessage().description())
                .as(command.getCommandSpec().qualifiedName())
                .isNotEmpty();
        command.getSubcommands().values().forEach(this::everyCommand);
    }

    /// What bash offers for the last of these words.
    private List<String> completed(Path script, String... words) throws Exception {
        String bash =
                "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _complete_redoubt; printf '%%s\\n' \"${COMPREPLY[@]}\""
                        .formatted(script, String.join(" ", words), words.length - 1);
        Process process = new ProcessBuilder("bash", "-c", bash).redirectErrorStream(true).start();
        List<String> offered = process.inputReader().lines().toList();
        assertThat(process.waitFor()).as(String.join("\n", offered)).isZero();
        return offered.stream().map(String::strip).toList();
    }

    private int run(String... words) {
        return execute(List.of(words), api.options());
    }

    private int execute(List<String> words, List<String> options) {
        output.getBuffer().setLength(0);
        errors.getBuffer().setLength(0);
        var arguments = new ArrayList<>(words);
        arguments.addAll(options);
        return CliMain.commandLine()
                .setOut(new PrintWriter(output, true))
                .setErr(new PrintWriter(errors, true))
                .execute(arguments.toArray(String[]::new));
    }
}

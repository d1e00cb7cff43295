// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What an operator says of protection groups and points, and reads of them.
class GroupCliTest {
    private static final String DONE =
            "{\"id\":\"op1\",\"kind\":\"k\",\"target\":\"t\",\"state\":\"succeeded\",\"change\":1,\"steps\":[]}";
    private static final String GROUP =
            """
            {"id":"g1","name":"shop","state":"degraded","newestPoint":{"number":7},
             "volumes":[{"volume":"v1","name":"data","state":"SYNC","reason":"a pass runs","since":"2026-11-22T10:00:00Z","bytesToCopy":3145728,
                         "secondsLeft":12.5,"spoolBytes":65536,"spoolQuotaBytes":268435456,"spoolFullInSeconds":null}],
             "journal":{"ladder":[{"untilSeconds":3600,"everySeconds":0},{"untilSeconds":86400,"everySeconds":60}],"quotaBytes":4294967296,
                        "bytes":3221225472,"limitBytes":4294967296,"percent":75,"alarm":"thinning","fullInSeconds":60.0,"pinnedBytes":4096,
                        "cutsGivenUpSource":3,"cutsGivenUpReceiver":0}}
            """;

    @TempDir static Path directory;

    private final StringWriter output = new StringWriter();
    private final StringWriter errors = new StringWriter();
    private final ScriptedApi api;

    @BeforeAll
    static void makeCertificate() throws Exception {
        ScriptedApi.makeCertificate(directory);
    }

    GroupCliTest() throws Exception {
        api = new ScriptedApi(directory);
    }

    @AfterEach
    void close() {
        api.close();
    }

    /// B119: both seconds and bytes.
    @ParameterizedTest
    @CsvSource({"false, 'at least 4 writes, 16 KiB'", "true, '  4 writes, 16 KiB'"})
    void a_failover_says_what_it_gave_up_in_seconds_and_in_writes_and_bytes(
            boolean isExact, String lost) {
        api.on(
                "GET /v1/failovers?limit=1000",
                200,
                """
                {"items":[{"id":"f1","kind":"live","state":"active","rpoSeconds":2.5,
                 "loss":{"isExact":%s,"volumes":[{"volume":"v1","writes":3,"bytes":12288},{"volume":"v2","writes":1,"bytes":4096}]}}]}
                """
                        .formatted(isExact));
        assertThat(run("failover", "list")).isZero();
        assertThat(output.toString()).contains("2.5 s", lost);
    }

    @Test
    void a_group_is_shown_with_each_volume_and_its_journal() {
        api.on("GET /v1/protection-groups/shop", 200, GROUP);
        assertThat(run("group", "show", "shop")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "id     g1",
                        "name   shop",
                        "state  degraded",
                        "",
                        "VOLUME  STATE  SINCE                 TO COPY  LEFT    SPOOL   QUOTA    FULL IN  REASON",
                        "data    SYNC   2026-11-22T10:00:00Z  3 MiB    12.5 s  64 KiB  256 MiB  -        a pass runs",
                        "",
                        "ladder         1h,24h/1m",
                        "journal        3 GiB of 4 GiB in use, 75 %, ALARM: thinning",
                        "quota          4 GiB",
                        "full in        60.0 s",
                        "held by views  4 KiB",
                        "cuts given up  3 at the source, 0 at the receiver");
    }

    @Test
    void a_point_is_shown_with_the_last_write_of_each_volume() {
        api.on(
                "GET /v1/protection-groups/shop/recovery-points/7",
                200,
                "{\"number\":7,\"writes\":[{\"volume\":\"v1\",\"write\":512},{\"volume\":\"v2\",\"write\":1024}]}");
        assertThat(run("point", "show", "shop", "7")).isZero();
        assertThat(output.toString().lines())
                .containsSequence("", "VOLUME  LAST WRITE", "v1      512", "v2      1024");
    }

    @Test
    void a_volume_is_recovered_at_a_point_or_at_a_write_and_not_at_both() {
        api.on("POST /v1/protection-groups/shop/recoveries", 202, DONE);
        assertThat(
                        run(
                                "point",
                                "recover",
                                "shop",
                                "data",
                                "--write",
                                "511",
                                "--name",
                                "data-before",
                                "--datastore",
                                "b1"))
                .isZero();
        assertThat(api.asked().getFirst().body())
                .contains("\"write\":511", "\"name\":\"data-before\"")
                .doesNotContain("point");
        assertThat(
                        run(
                                "point",
                                "recover",
                                "shop",
                                "data",
                                "--write",
                                "511",
                                "--point",
                                "3",
                                "--name",
                                "n",
                                "--datastore",
                                "b1"))
                .isEqualTo(2);
        assertThat(run("point", "recover", "shop", "data", "--name", "n", "--datastore", "b1"))
                .isEqualTo(2);
    }

    @Test
    void a_refused_reversal_is_shown_and_given_up() {
        api.on(
                "GET /v1/protection-groups/shop/reversal",
                200,
                "{\"failover\":\"f1\",\"state\":\"refused\",\"reason\":\"it has snapshots\",\"since\":\"2026-11-22T10:00:00Z\"}");
        assertThat(run("group", "reversal", "shop")).isZero();
        assertThat(output.toString()).contains("refused").contains("it has snapshots");
        api.on("DELETE /v1/protection-groups/shop/reversal", 202, DONE);
        assertThat(run("group", "reverse", "shop", "--abandon")).isZero();
        assertThat(api.asked().getLast().method()).isNotEqualTo("POST");
    }

    @Test
    void former_journals_are_listed_and_given_up() {
        api.on(
                "GET /v1/protection-groups/shop/former-journals?limit=1000",
                200,
                "{\"items\":[{\"node\":\"n1\",\"lineage\":\"abc\",\"point\":7,\"since\":\"2026-11-22T10:00:00Z\"}]}");
        assertThat(run("group", "former-journals", "shop")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "NODE  LINEAGE  ENDED AT POINT  SINCE",
                        "n1    abc      7               2026-11-22T10:00:00Z");
        api.on("DELETE /v1/protection-groups/shop/former-journals", 202, DONE);
        assertThat(run("group", "forget-journals", "shop")).isZero();
        assertThat(errors.toString() + output).contains("former journals of group shop are gone");
    }

    @Test
    void machines_join_and_leave_by_name() {
        api.on("POST /v1/protection-groups/shop/machines", 202, DONE)
                .on("DELETE /v1/protection-groups/shop/machines/db", 202, DONE)
                .on("DELETE /v1/protection-groups/shop?evenIfAway=true", 202, DONE);
        assertThat(run("group", "add", "shop", "db", "web")).isZero();
        assertThat(api.asked().getFirst().body()).isEqualTo("{\"machines\":[\"db\",\"web\"]}");
        assertThat(run("group", "add", "shop")).isEqualTo(2);
        assertThat(run("group", "remove", "shop", "db")).isZero();
        assertThat(run("group", "delete", "shop", "--even-if-away")).isZero();
    }

    @Test
    void a_ladder_is_said_in_ages_and_steps() {
        api.on("PATCH /v1/protection-groups/shop", 202, DONE);
        assertThat(run("group", "set", "shop", "--ladder", "1h,24h/90s,30d/1h")).isZero();
        assertThat(api.asked().getFirst().body())
                .contains("\"untilSeconds\":3600", "\"untilSeconds\":86400")
                .contains("\"everySeconds\":90", "\"untilSeconds\":2592000")
                .doesNotContain("journalQuotaBytes");
        assertThat(run("group", "set", "shop", "--journal-quota", "2GiB")).isZero();
        assertThat(api.asked().getLast().body()).isEqualTo("{\"journalQuotaBytes\":2147483648}");
        assertThat(run("group", "set", "shop", "--ladder", "1h,soon/1m")).isEqualTo(2);
        assertThat(errors.toString()).contains("'soon' is no time").contains("such as 24h");
        assertThat(run("group", "set", "shop", "--ladder", "1h/1m/1s")).isEqualTo(2);
        assertThat(run("group", "set", "shop")).isEqualTo(2);
        assertThat(run("group", "set", "shop", "--dry-run")).isEqualTo(2);
    }

    @Test
    void a_dry_run_says_what_would_go_and_asks_for_no_change() {
        api.on(
                "POST /v1/protection-groups/shop/retention-preview",
                200,
                """
                {"ladder":[{"untilSeconds":600,"everySeconds":0}],"journalQuotaBytes":4294967296,"bytes":1073741824,"percent":25,
                 "goingPoints":3,"going":[4,5,9],"keepsAtMost":120}
                """);
        assertThat(run("group", "set", "shop", "--ladder", "10m", "--dry-run")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "ladder   10m, at most 120 points",
                        "journal  1 GiB in use, 25 % of 4 GiB",
                        "3 points would go: 4, 5, 9");
        assertThat(api.asked()).hasSize(1);
    }

    @Test
    void a_verification_ends_with_1_and_the_blocks_when_something_differs() {
        String path = "/v1/protection-groups/shop/verifications";
        api.on("POST " + path, 202, DONE)
                .on(
                        "GET " + path,
                        200,
                        """
                        {"items":[{"id":"v2","repair":true,"startedAt":"2026-11-22T10:00:00Z","endedAt":"2026-11-22T10:01:00Z","totalBytes":3145728,
                          "comparedBytes":2097152,"unknownBytes":1048576,"differentBytes":4096,
                          "different":[{"volume":"v1","offset":8192,"length":4096,"vseq":77}]}]}
                        """);
        assertThat(run("group", "verify", "shop", "--repair")).isEqualTo(1);
        assertThat(api.asked().getFirst().body()).isEqualTo("{\"repair\":true}");
        assertThat(output.toString().lines())
                .contains(
                        "2 MiB compared, 4 KiB differ",
                        "1 MiB could not be compared: the journal has no image there",
                        "  volume v1, 4096 bytes at 8192, as of its write 77");
    }

    @Test
    void a_point_is_taken_as_it_was_wished_for_protected_and_released() {
        String points = "/v1/protection-groups/shop/recovery-points";
        api.on("POST " + points, 202, DONE).on("PATCH " + points + "/7", 202, DONE);
        assertThat(run("point", "create", "shop")).isZero();
        assertThat(api.asked().getLast().body()).isEqualTo("{}");
        assertThat(
                        run(
                                "point",
                                "create",
                                "shop",
                                "--name",
                                "n",
                                "--protected",
                                "--consistent",
                                "--freeze-seconds",
                                "2"))
                .isZero();
        assertThat(api.asked().getLast().body())
                .contains("\"name\":\"n\"", "\"protected\":true", "\"consistent\":true")
                .contains("\"freezeSeconds\":2.0");
        assertThat(run("point", "protect", "shop", "7")).isZero();
        assertThat(api.asked().getLast().body()).isEqualTo("{\"protected\":true}");
        assertThat(run("point", "release", "shop", "7")).isZero();
        assertThat(api.asked().getLast().body()).isEqualTo("{\"protected\":false}");
    }

    @Test
    void a_list_of_points_tells_what_keeps_each() {
        api.on(
                "GET /v1/protection-groups/shop/recovery-points?limit=1000",
                200,
                """
                {"items":[{"number":7,"at":"T1","ageSeconds":1.5,"tag":"n","protected":true,"pinnedBy":["view x","view y"],
                           "consistency":"application","afterSync":false,"branch":true,"publishedAt":"T2"}],"next":null}
                """);
        assertThat(run("point", "list", "shop")).isZero();
        assertThat(output.toString().lines())
                .containsExactly(
                        "POINT  AT  AGE    NAME  PROTECTED  HELD BY         CONSISTENCY  AFTER SYNC  BRANCH  PUBLISHED",
                        "7      T1  1.5 s  n     yes        view x, view y  application  -           yes     T2");
    }

    @Test
    void a_rollback_says_what_is_lost_and_does_it_only_when_told_so_twice() {
        String failover = "/v1/failovers/f1";
        api.on(
                        "POST " + failover + "/rollback-preview",
                        200,
                        """
                        {"failover":"f1","group":"g1","state":"active","possible":true,"machines":["shop","depot"],"writtenSince":"T1",
                         "writtenSeconds":61.5,"nodesAway":[]}
                        """)
                .on("POST " + failover + "/rollback", 202, DONE);
        assertThat(run("failover", "rollback", "f1")).isZero();
        assertThat(api.asked()).hasSize(1);
        assertThat(errors.toString())
                .contains(
                        "Lost for ever: all that machine shop, depot wrote in the target zone since T1 (61.5 s).",
                        "Nothing was changed. Do it with --yes.");
        assertThat(run("failover", "rollback", "f1", "--yes")).isZero();
        assertThat(api.asked()).hasSize(3);
        assertThat(errors.toString()).contains("failover f1 was taken back");
    }

    @Test
    void a_rollback_that_cannot_be_says_why() {
        api.on(
                "POST /v1/failovers/f1/rollback-preview",
                200,
                """
                {"failover":"f1","group":"g1","state":"active","possible":false,"machines":["shop"],"writtenSince":"T1",
                 "writtenSeconds":61.5,"nodesAway":["n1"]}
                """);
        assertThat(run("failover", "rollback", "f1")).isZero();
        assertThat(errors.toString())
                .contains(
                        "It cannot be taken back now: it is active, and not connected is node n1.");
    }

    @Test
    void a_reversal_says_whether_what_differs_is_known() {
        api.on("POST /v1/protection-groups/shop/reverse", 202, DONE)
                .on("GET /v1/protection-groups/shop", 200, GROUP)
                .on(
                        "GET /v1/failovers?limit=1000",
                        200,
                        """
                        {"items":[{"id":"f2","group":"g2","state":"reversed","compared":"another"},
                                  {"id":"f1","group":"g1","state":"reversed","compared":"the node knows its part no more"}],"next":null}
                        """);
        assertThat(run("group", "reverse", "shop")).isZero();
        assertThat(errors.toString())
                .contains(
                        "All of it is compared, because what differs is not known: the node knows its part no more");
    }

    @Test
    void words_are_given_and_listed() {
        api.on(
                        "GET /v1/protection-groups/shop/words?limit=1000",
                        200,
                        """
                        {"items":[{"about":"source-off","word":"seen in the rack","saidBy":"owner","saidAt":"T1","failover":"f1"}],"next":null}
                        """)
                .on("POST /v1/protection-groups/shop/receiver-lost", 200, GROUP)
                .on(
                        "POST /v1/control-plane/take-over",
                        200,
                        """
                        {"incarnation":9,"restored":true,"rivalled":false,"unconfirmed":["g1"],"returned":[{"group":"g2","node":"n7"}]}
                        """);
        assertThat(run("group", "words", "shop")).isZero();
        assertThat(output.toString()).contains("seen in the rack", "source-off");
        assertThat(run("group", "receiver-lost", "shop", "its disks are broken")).isZero();
        assertThat(errors.toString()).contains("are granted to without it");
        assertThat(run("region", "take-over")).isEqualTo(2);
        assertThat(run("region", "take-over", "--control-is-off", "it burnt down")).isZero();
        assertThat(output.toString()).contains("incarnation", "9", "n7");
    }

    private int run(String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(api.options());
        return CliMain.commandLine()
                .setOut(new PrintWriter(output, true))
                .setErr(new PrintWriter(errors, true))
                .execute(arguments.toArray(String[]::new));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import static io.redoubt.cli.Column.bytes;
import static io.redoubt.cli.Column.list;
import static io.redoubt.cli.Column.millis;
import static io.redoubt.cli.Column.seconds;
import static io.redoubt.cli.Column.text;
import static io.redoubt.cli.Column.yes;

import java.util.List;
import tools.jackson.databind.JsonNode;

/// What can be listed, where, and with which columns.
final class Nouns {
    static final Noun ZONE =
            new Noun(
                    "zone",
                    "/v1/zones",
                    List.of(
                            text("ZONE", "/id"),
                            text("STATE", "/state"),
                            text("NODES", "/nodes"),
                            text("ONLINE", "/nodesOnline")));

    static final Noun NODE =
            new Noun(
                    "node",
                    "/v1/nodes",
                    List.of(
                            text("NAME", "/name"),
                            text("ZONE", "/zone"),
                            text("STATE", "/state"),
                            text("PID", "/pid"),
                            text("LAST SEEN", "/lastSeenAt"),
                            text("ID", "/id")));

    static final Noun POOL =
            new Noun(
                    "pool",
                    "/v1/pools",
                    List.of(
                            text("NAME", "/name"),
                            text("ZONE", "/zone"),
                            text("NODE", "/node"),
                            bytes("PROMISED", "/promisedBytes"),
                            bytes("FREE", "/freeBytes"),
                            yes("SPARSE", "/sparse"),
                            text("STATE", "/state"),
                            text("FAULT", "/fault")));

    static final Noun CLASS =
            new Noun(
                    "class",
                    "/v1/storage-classes",
                    List.of(
                            text("CLASS", "/name"),
                            text("IOPS/TB", "/iopsPerTerabyte"),
                            bytes("SMALLEST", "/leastBytes"),
                            bytes("UNIT", "/unitBytes"),
                            text("ARTICLE", "/sku")));

    static final Noun DATASTORE =
            new Noun(
                    "datastore",
                    "/v1/datastores",
                    List.of(
                            text("NAME", "/name"),
                            text("ZONE", "/zone"),
                            text("CLASS", "/class"),
                            bytes("SIZE", "/sizeBytes"),
                            bytes("USED", "/usedBytes"),
                            bytes("SNAPSHOTS", "/snapshotBytes"),
                            bytes("FREE", "/freeBytes"),
                            bytes("MAY GROW", "/mayGrowBytes"),
                            bytes("KEEP", "/keepBytes"),
                            yes("ALARM", "/alarm"),
                            bytes("MISSING", "/missingBytes"),
                            text("IOPS/TB", "/iopsPerTerabyte"),
                            text("IOPS", "/iopsLimit"),
                            yes("CEILING", "/ceiling"),
                            text("USED IOPS", "/usedIops"),
                            bytes("USED B/S", "/usedBytesPerSecond"),
                            yes("SPARSE", "/sparse"),
                            text("STATE", "/state"),
                            text("ID", "/id")));

    static final Noun VOLUME =
            new Noun(
                    "volume",
                    "/v1/volumes",
                    List.of(
                            text("NAME", "/name"),
                            text("ZONE", "/zone"),
                            bytes("SIZE", "/sizeBytes"),
                            yes("THIN", "/thin"),
                            text("SHARES", "/shares"),
                            text("IOPS", "/iopsLimit"),
                            text("USED IOPS", "/usedIops"),
                            bytes("USED B/S", "/usedBytesPerSecond"),
                            bytes("SNAPSHOTS", "/snapshotBytes"),
                            text("COPYING", "/hydration/state"),
                            text("STATE", "/state"),
                            text("ATTACHMENT", "/attachment/number"),
                            text("GROUP", "/group"),
                            text("ID", "/id")));

    static final Noun MACHINE =
            new Noun(
                    "machine",
                    "/v1/machines",
                    List.of(
                            text("NAME", "/name"),
                            text("ZONE", "/zone"),
                            text("STATE", "/state"),
                            bytes("MEMORY", "/memoryBytes"),
                            text("VCPUS", "/vcpus"),
                            list("DISKS", "/disks", "name"),
                            text("GROUP", "/group"),
                            text("ID", "/id")));

    static final Noun GROUP =
            new Noun(
                    "group",
                    "/v1/protection-groups",
                    List.of(
                            text("NAME", "/name"),
                            text("STATE", "/state"),
                            text("FROM", "/sourceZone"),
                            text("TO", "/targetZone"),
                            seconds("RPO", "/rpoSeconds"),
                            text("NEWEST", "/newestPoint/number"),
                            bytes("BEHIND", "/bytesBehind"),
                            bytes("JOURNAL", "/journal/bytes"),
                            list("ALARMS", "/alarms", ""),
                            text("ID", "/id")));

    static final Noun FAILOVER =
            new Noun(
                    "failover",
                    "/v1/failovers",
                    List.of(
                            text("ID", "/id"),
                            text("GROUP", "/group"),
                            text("KIND", "/kind"),
                            text("STATE", "/state"),
                            text("POINT", "/point/number"),
                            seconds("RPO", "/rpoSeconds"),
                            new Column("LOST", "/loss", Nouns::lost),
                            millis("RTO", "/rto/totalMillis"),
                            text("DECIDED", "/decidedAt")));

    static final Noun OPERATION =
            new Noun(
                    "operation",
                    "/v1/operations",
                    List.of(
                            text("ID", "/id"),
                            text("KIND", "/kind"),
                            text("STATE", "/state"),
                            text("TARGET", "/target"),
                            text("CREATED", "/createdAt"),
                            text("ENDED", "/endedAt")));

    private static final List<Column> POINT =
            List.of(
                    text("POINT", "/number"),
                    text("AT", "/at"),
                    seconds("AGE", "/ageSeconds"),
                    text("NAME", "/tag"),
                    yes("PROTECTED", "/protected"),
                    list("HELD BY", "/pinnedBy", ""),
                    text("CONSISTENCY", "/consistency"),
                    yes("AFTER SYNC", "/afterSync"),
                    yes("BRANCH", "/branch"),
                    text("PUBLISHED", "/publishedAt"));

    private static final List<Column> RECOVERY =
            List.of(
                    text("NAME", "/name"),
                    text("VOLUME", "/volume"),
                    text("POINT", "/point"),
                    text("WRITE", "/write"),
                    text("STATE", "/state"),
                    text("COPYING", "/copying"),
                    bytes("DONE", "/doneBytes"),
                    bytes("OF", "/totalBytes"),
                    text("SECONDS LEFT", "/secondsLeft"),
                    text("TROUBLE", "/trouble"),
                    text("ID", "/id"));

    private static final List<Column> SNAPSHOT =
            List.of(
                    text("NAME", "/name"),
                    text("PARENT", "/parent"),
                    yes("CURRENT", "/current"),
                    text("CREATED", "/createdAt"),
                    bytes("SIZE", "/sizeBytes"),
                    bytes("OWN", "/ownBytes"),
                    text("STATE", "/state"),
                    text("REASON", "/reason"));

    static final List<Column> LAST_WRITE =
            List.of(text("VOLUME", "/volume"), text("LAST WRITE", "/write"));

    static final List<Column> RANGE = List.of(text("OFFSET", "/offset"), text("LENGTH", "/length"));

    private Nouns() {}

    static Noun snapshotsOf(String volume) {
        return new Noun(
                "snapshot", VOLUME.path() + "/" + Paths.part(volume) + "/snapshots", SNAPSHOT);
    }

    static Noun pointsOf(String group) {
        return new Noun(
                "point", GROUP.path() + "/" + Paths.part(group) + "/recovery-points", POINT);
    }

    static Noun recoveriesOf(String group) {
        return new Noun(
                "recovery", GROUP.path() + "/" + Paths.part(group) + "/recoveries", RECOVERY);
    }

    static Noun formerJournalsOf(String group) {
        return new Noun(
                "former journal",
                GROUP.path() + "/" + Paths.part(group) + "/former-journals",
                List.of(
                        text("NODE", "/node"),
                        text("LINEAGE", "/lineage"),
                        text("ENDED AT POINT", "/point"),
                        text("SINCE", "/since")));
    }

    /// Of all volumes together; `at least` until every source could be read.
    private static String lost(JsonNode loss) {
        if (!loss.isObject()) {
            return "-";
        }
        long writes = 0;
        long bytes = 0;
        for (JsonNode volume : loss.path("volumes")) {
            writes += volume.path("writes").asLong();
            bytes += volume.path("bytes").asLong();
        }
        String least = loss.path("isExact").asBoolean(false) ? "" : "at least ";
        return "%s%d writes, %s".formatted(least, writes, Column.size(bytes));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.NodeListener;
import io.redoubt.protocol.JournalPressure;
import io.redoubt.protocol.JournalReport;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.SourceVolumeReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What both sides of a group last said of their room and their pace.
@Component
class GroupStates implements NodeListener {
    private final JdbcClient sql;

    GroupStates(JdbcClient sql) {
        this.sql = sql;
    }

    /// What stands behind a pressure is done by the journal itself, in this order.
    enum Pressure {
        NONE,
        /// From 75 % on: what can go goes at once.
        THINNING,
        /// From 85 % on: the oldest points go, too.
        SHORTENING,
        /// No data is taken; the source tracks.
        STOPPED
    }

    /// @param limitBytes   the quota, or less when the disk has less left
    /// @param pinnedBytes  kept for pins alone
    /// @param fullInMillis by the growth of the last hour, null when it does not grow
    /// @param cutsGivenUp  since the receiver's process started
    record Journal(
            long bytes,
            long limitBytes,
            long pinnedBytes,
            @Nullable Long fullInMillis,
            Pressure pressure,
            long cutsGivenUp) {}

    /// @param copiedInMillis    until its bytes to copy are copied, by the pace of the last minute; null when that tells nothing
    /// @param spoolFullInMillis until its spool is full, by the growth of the last minute; null when it does not grow
    record Spool(
            long bytes,
            long quotaBytes,
            @Nullable Long copiedInMillis,
            @Nullable Long spoolFullInMillis) {}

    Optional<Journal> journal(String group) {
        return sql.sql("select * from group_journal where group_id = ?")
                .param(group)
                .query((row, _) ->
                        new Journal(
                                row.getLong("bytes"),
                                row.getLong("limit_bytes"),
                                row.getLong("pinned_bytes"),
                                number(row, "full_in_millis"),
                                Pressure.valueOf(
                                        row.getString("pressure").toUpperCase(Locale.ROOT)),
                                row.getLong("cuts_given_up")))
                .optional();
    }

    /// By volume.
    Map<String, Spool> spools(String group) {
        return sql
                .sql("select * from group_volume where group_id = ?")
                .param(group)
                .query((row, _) ->
                        Map.entry(
                                row.getString("volume"),
                                new Spool(
                                        row.getLong("spool_bytes"),
                                        row.getLong("spool_quota_bytes"),
                                        number(row, "copied_in_millis"),
                                        number(row, "spool_full_in_millis"))))
                .list()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /// By all sources together, since the processes of each started.
    long cutsGivenUpAtSources(String group) {
        return sql.sql(
                        "select coalesce(sum(cuts_given_up), 0)::bigint from group_source_state where group_id = ?")
                .param(group)
                .query(Long.class)
                .single();
    }

    @Override
    public void report(String node, Report report) {
        for (SourceReport source : report.getSourcesList()) {
            int ours =
                    sql.sql(
                                    "insert into group_source_state (group_id, node, cuts_given_up) select distinct group_id, volume.node, ?"
                                            + " from group_volume join volume on volume.id = group_volume.volume where group_id = ? and volume.node = ?"
                                            + " on conflict (group_id, node) do update set cuts_given_up = excluded.cuts_given_up")
                            .params(source.getCutsGivenUp(), source.getGroup(), node)
                            .update();
            if (ours == 1) {
                source.getVolumesList().forEach(volume -> take(node, source.getGroup(), volume));
            }
        }
        report.getReceiversList().forEach(receiver -> take(node, receiver));
    }

    /// A node speaks for its own volumes alone.
    private void take(String node, String group, SourceVolumeReport volume) {
        sql.sql(
                        "update group_volume set spool_bytes = :bytes, spool_quota_bytes = :quota, copied_in_millis = :copied, spool_full_in_millis = :full"
                                + " where group_id = :group and volume = :volume and exists (select from volume where id = :volume and node = :node) and (spool_bytes, spool_quota_bytes, copied_in_millis, spool_full_in_millis)"
                                + " is distinct from (:bytes, :quota, :copied::bigint, :full::bigint)")
                .param("bytes", volume.getSpoolBytes())
                .param("quota", volume.getSpoolQuotaBytes())
                .param("copied", volume.hasCopiedInMillis() ? volume.getCopiedInMillis() : null)
                .param("full", volume.hasSpoolFullInMillis() ? volume.getSpoolFullInMillis() : null)
                .param("group", group)
                .param("volume", volume.getVolume())
                .param("node", node)
                .update();
    }

    private void take(String node, ReceiverReport receiver) {
        JournalReport journal = receiver.getJournal();
        sql.sql(
                        "insert into group_journal (group_id, bytes, limit_bytes, pinned_bytes, full_in_millis, pressure, cuts_given_up)"
                                + " select id, :bytes, :limit, :pinned, :full::bigint, :pressure, :cuts from protection_group where id = :group and receiver_node = :node"
                                + " on conflict (group_id) do update set bytes = excluded.bytes, limit_bytes = excluded.limit_bytes, pinned_bytes = excluded.pinned_bytes,"
                                + " full_in_millis = excluded.full_in_millis, pressure = excluded.pressure, cuts_given_up = excluded.cuts_given_up")
                .param("bytes", journal.getBytes())
                .param("limit", journal.getLimitBytes())
                .param("pinned", journal.getPinnedBytes())
                .param("full", journal.hasFullInMillis() ? journal.getFullInMillis() : null)
                .param("pressure", pressure(journal.getPressure()).name().toLowerCase(Locale.ROOT))
                .param("cuts", journal.getCutsGivenUp())
                .param("group", receiver.getGroup())
                .param("node", node)
                .update();
    }

    private static Pressure pressure(JournalPressure told) {
        return switch (told) {
            case JOURNAL_THINNING -> Pressure.THINNING;
            case JOURNAL_SHORTENING -> Pressure.SHORTENING;
            case JOURNAL_STOPPED -> Pressure.STOPPED;
            case JOURNAL_EASY, JOURNAL_PRESSURE_UNSPECIFIED, UNRECOGNIZED -> Pressure.NONE;
        };
    }

    private static @Nullable Long number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : value;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What is wrong with groups that are protected (A98, I24): looked at once a second, raised once, ended when it is over, and kept. Whether
/// anybody writes or reports does not matter: points grow old by the clock of the control plane alone.
@Component
class Alarms implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(Alarms.class);
    private static final long LOOK_MILLIS = 1000;
    private static final int SHOWN = 200;
    private static final long RPO_ALARM_MILLIS = 60_000;
    private static final double RPO_ALARM_SECONDS_MAX = 7 * 86_400;

    private final JdbcClient sql;
    private @Nullable Thread looking;

    Alarms(JdbcClient sql) {
        this.sql = sql;
    }

    /// @param about `rpo`: the newest point is older than the group's `rpoAlarmSeconds`; `journal`: it thins out, shortens or takes no data
    /// @param endedAt null while it lasts
    record Alarm(String about, String text, Instant since, @Nullable Instant endedAt) {}

    private record Wrong(String group, String about, String text) {
        Key key() {
            return new Key(group, about);
        }
    }

    private record Key(String group, String about) {}

    /// Newest first, ended ones too.
    List<Alarm> of(String group) {
        return sql.sql(
                        "select * from alarm where group_id = ? order by ended_at is not null, since desc limit "
                                + SHOWN)
                .param(group)
                .query((row, _) ->
                        new Alarm(
                                row.getString("about"),
                                row.getString("text"),
                                Rows.requireInstant(row, "since"),
                                Rows.instant(row, "ended_at")))
                .list();
    }

    List<String> open(String group) {
        return sql.sql(
                        "select about from alarm where group_id = ? and ended_at is null order by about")
                .param(group)
                .query(String.class)
                .list();
    }

    long rpoAlarmMillis(String group) {
        return sql.sql("select rpo_alarm_millis from protection_group where id = ?")
                .param(group)
                .query(Long.class)
                .single();
    }

    /// A younger point than one interval and its way cannot be expected.
    ///
    /// @param seconds null for the usual age
    /// @throws IllegalArgumentException with the bounds
    static long rpoAlarmMillis(@Nullable Double seconds, int intervalMillis) {
        if (seconds == null) {
            return Math.max(RPO_ALARM_MILLIS, 2L * intervalMillis);
        }
        double least = 2 * intervalMillis / 1000.0;
        if (!(seconds >= least && seconds <= RPO_ALARM_SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "rpoAlarmSeconds is %s (two intervals) to %.0f, not %s"
                            .formatted(least, RPO_ALARM_SECONDS_MAX, seconds));
        }
        return Math.round(seconds * 1000);
    }

    void rpoAlarm(String group, long millis) {
        sql.sql("update protection_group set rpo_alarm_millis = ? where id = ?")
                .params(millis, group)
                .update();
    }

    /// One look at all groups.
    void look() {
        Map<Key, Wrong> wrong =
                wrong().stream().collect(Collectors.toMap(Wrong::key, Function.identity()));
        List<Key> open =
                sql.sql("select group_id, about from alarm where ended_at is null")
                        .query((row, _) ->
                                new Key(row.getString("group_id"), row.getString("about")))
                        .list();
        for (Key over : open) {
            if (wrong.remove(over) == null) {
                sql.sql(
                                "update alarm set ended_at = now() where group_id = ? and about = ? and ended_at is null")
                        .params(over.group(), over.about())
                        .update();
                LOG.info("the alarm of group {} about {} is over", over.group(), over.about());
            }
        }
        for (Wrong raised : wrong.values()) {
            sql.sql("insert into alarm (id, group_id, about, text) values (?, ?, ?, ?)")
                    .params(RandomId.next(), raised.group(), raised.about(), raised.text())
                    .update();
            LOG.warn("alarm: group {}: {}", raised.group(), raised.text());
        }
    }

    private List<Wrong> wrong() {
        return sql.sql(
                        """
                        select id, 'rpo' as about, format('the newest recovery point is older than %s s', rpo_alarm_millis / 1000.0) as text
                        from protection_group
                        where state = 'protected' and rpo_alarm_millis < (
                            select extract(epoch from now() - max(stamp)) * 1000 from recovery_point
                            where group_id = protection_group.id and not branch)
                        union all
                        select id, 'journal', case pressure
                            when 'thinning' then 'the journal is more than three quarters full'
                            when 'shortening' then 'the journal is so full that its oldest points go'
                            else 'the journal is full and takes no data' end
                        from protection_group join group_journal on group_id = id
                        where state = 'protected' and pressure <> 'none'
                        """)
                .query((row, _) ->
                        new Wrong(
                                row.getString("id"), row.getString("about"), row.getString("text")))
                .list();
    }

    @Override
    public synchronized void start() {
        looking = Thread.ofVirtual().name("alarms").start(this::run);
    }

    private void run() {
        try {
            while (true) {
                try {
                    look();
                } catch (DataAccessException e) {
                    LOG.debug("no look at alarms while the database is away: {}", e.getMessage());
                }
                Thread.sleep(LOOK_MILLIS);
            }
        } catch (InterruptedException e) {
            LOG.debug("no more looks at alarms: the control plane stops");
        }
    }

    @Override
    public synchronized void stop() {
        Thread stopped = Objects.requireNonNull(looking);
        looking = null;
        stopped.interrupt();
    }

    @Override
    public synchronized boolean isRunning() {
        return looking != null;
    }
}

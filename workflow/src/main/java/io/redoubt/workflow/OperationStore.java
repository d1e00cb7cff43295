// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/// The SQL of `op` and `op_step`. Writes of a run count only while it is the operation's runner.
final class OperationStore {
    private static final String COLUMNS =
            "id, tenant, kind, target, state, change, created_at, ended_at, fault_cause, fault_message, fault_remedy";

    private final DataSource dataSource;

    OperationStore(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /// @return false when the tenant has the key already
    boolean insert(Request request, String kind, String input, List<String> steps)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            int inserted =
                    update(
                            connection,
                            "insert into op (id, tenant, kind, target, idempotency_key, fingerprint, input, state)"
                                    + " values (?, ?, ?, ?, ?, ?, ?, 'running') on conflict (tenant, idempotency_key) do nothing",
                            request.id(),
                            request.tenant(),
                            kind,
                            request.target(),
                            request.key(),
                            request.fingerprint(),
                            input);
            if (inserted == 0) {
                return false;
            }
            for (int seq = 0; seq < steps.size(); seq++) {
                update(
                        connection,
                        "insert into op_step (op, seq, name, state) values (?, ?, ?, 'waiting')",
                        request.id(),
                        seq,
                        steps.get(seq));
            }
            return true;
        }
    }

    record Known(String id, String fingerprint) {}

    Optional<Known> findByKey(String tenant, String key) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        prepare(
                                connection,
                                "select id, fingerprint from op where tenant = ? and idempotency_key = ?",
                                tenant,
                                key);
                ResultSet row = statement.executeQuery()) {
            return row.next()
                    ? Optional.of(new Known(row.getString(1), row.getString(2)))
                    : Optional.empty();
        }
    }

    Optional<Operation> find(String id) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        prepare(connection, "select " + COLUMNS + " from op where id = ?", id);
                ResultSet row = statement.executeQuery()) {
            return row.next() ? Optional.of(operation(connection, row)) : Optional.empty();
        }
    }

    /// Newest first.
    List<Operation> list(String tenant, @Nullable String after, int limit) throws SQLException {
        String older =
                after == null
                        ? ""
                        : " and (created_at, id) < (select created_at, id from op where id = ?)";
        Object[] parameters =
                after == null ? new Object[] {tenant, limit} : new Object[] {tenant, after, limit};
        var found = new ArrayList<Operation>();
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        prepare(
                                connection,
                                "select "
                                        + COLUMNS
                                        + " from op where tenant = ?"
                                        + older
                                        + " order by created_at desc, id desc limit ?",
                                parameters);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                found.add(operation(connection, row));
            }
        }
        return found;
    }

    record Claimed(String kind, String input, Operation.State state) {}

    /// Makes this run the only one that may write.
    Optional<Claimed> claim(String id, String runner) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        prepare(
                                connection,
                                "update op set runner = ? where id = ? and state in ('running', 'undoing')"
                                        + " returning kind, input, state",
                                runner,
                                id);
                ResultSet row = statement.executeQuery()) {
            return row.next()
                    ? Optional.of(
                            new Claimed(
                                    row.getString(1),
                                    row.getString(2),
                                    Operation.State.valueOf(upper(row.getString(3)))))
                    : Optional.empty();
        }
    }

    /// @return false when another run has taken over
    boolean step(String id, String runner, int seq, String assignments, Object... values)
            throws SQLException {
        var parameters = new ArrayList<Object>(List.of(id, runner));
        parameters.addAll(List.of(values));
        parameters.add(id);
        parameters.add(seq);
        try (Connection connection = dataSource.getConnection()) {
            return update(
                            connection,
                            "with mine as (update op set change = change + 1 where id = ? and runner = ? returning id)"
                                    + " update op_step set "
                                    + assignments
                                    + " where op = ? and seq = ? and exists (select from mine)",
                            parameters.toArray())
                    == 1;
        }
    }

    /// @return false when another run has taken over
    boolean state(
            String id, String runner, Operation.State state, Operation.@Nullable Failure failure)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return update(
                            connection,
                            "update op set state = ?, change = change + 1, ended_at = case when ? then now() end,"
                                    + " fault_cause = coalesce(fault_cause, ?), fault_message = coalesce(fault_message, ?),"
                                    + " fault_remedy = coalesce(fault_remedy, ?) where id = ? and runner = ?",
                            state.name().toLowerCase(Locale.ROOT),
                            state.ended(),
                            failure == null ? null : failure.cause(),
                            failure == null ? null : failure.message(),
                            failure == null ? null : failure.remedy(),
                            id,
                            runner)
                    == 1;
        }
    }

    void forgetOlderThan(int days) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            update(
                    connection,
                    "delete from op where ended_at < now() - make_interval(days => ?)",
                    days);
        }
    }

    /// What this very process, in an earlier life, was carrying out.
    void releasePicked(String scheduler) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            update(
                    connection,
                    "update scheduled_tasks set picked = false, picked_by = null, last_heartbeat = null,"
                            + " version = version + 1, execution_time = least(execution_time, now()) where picked and picked_by = ?",
                    scheduler);
        }
    }

    private static Operation operation(Connection connection, ResultSet row) throws SQLException {
        String id = row.getString("id");
        String cause = row.getString("fault_cause");
        return new Operation(
                id,
                row.getString("tenant"),
                row.getString("kind"),
                row.getString("target"),
                Operation.State.valueOf(upper(row.getString("state"))),
                row.getLong("change"),
                row.getTimestamp("created_at").toInstant(),
                instant(row, "ended_at"),
                steps(connection, id),
                cause == null
                        ? null
                        : new Operation.Failure(
                                cause,
                                row.getString("fault_message"),
                                row.getString("fault_remedy")));
    }

    private static List<Operation.StepState> steps(Connection connection, String id)
            throws SQLException {
        var steps = new ArrayList<Operation.StepState>();
        try (PreparedStatement statement =
                        prepare(
                                connection,
                                "select seq, name, state, attempts, started_at, ended_at, note from op_step where op = ? order by seq",
                                id);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                steps.add(
                        new Operation.StepState(
                                row.getInt("seq"),
                                row.getString("name"),
                                Operation.Progress.valueOf(upper(row.getString("state"))),
                                row.getInt("attempts"),
                                instant(row, "started_at"),
                                instant(row, "ended_at"),
                                row.getString("note")));
            }
        }
        return steps;
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        Timestamp timestamp = row.getTimestamp(column);
        return timestamp == null ? null : timestamp.toInstant();
    }

    private static int update(Connection connection, String sql, @Nullable Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = prepare(connection, sql, parameters)) {
            return statement.executeUpdate();
        }
    }

    private static PreparedStatement prepare(
            Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.protocol.DifferentBlock;
import io.redoubt.protocol.GroupVerified;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Comparisons of groups with their replicas: those that run, and what the others found.
@Component
class Verifications {
    private static final TypeReference<List<Block>> BLOCKS = new TypeReference<>() {};

    private final JdbcClient sql;
    private final JsonMapper json;

    Verifications(JdbcClient sql, JsonMapper json) {
        this.sql = sql;
        this.json = json;
    }

    /// A block that differs.
    ///
    /// @param vseq the write of the volume up to which both sides were compared
    record Block(String volume, long offset, long length, long vseq) {}

    /// @param repair         what differs was shipped once more
    /// @param endedAt        null while it runs
    /// @param unknownBytes   nothing could be said of
    /// @param differentBytes in blocks that differ, of which the first thousand of each source are listed
    record Verification(
            String id,
            boolean repair,
            Instant startedAt,
            @Nullable Instant endedAt,
            long totalBytes,
            long comparedBytes,
            long unknownBytes,
            long differentBytes,
            List<Block> different) {}

    void add(String id, String group, boolean repair) {
        sql.sql("insert into verification (id, group_id, repair) values (?, ?, ?)")
                .params(id, group, repair)
                .update();
    }

    /// @param said by each source of the group
    void found(String id, List<GroupVerified> said) {
        var blocks = new ArrayList<Block>();
        for (GroupVerified source : said) {
            for (DifferentBlock block : source.getDifferentList()) {
                blocks.add(
                        new Block(
                                block.getVolume(),
                                block.getOffset(),
                                block.getLength(),
                                block.getVseq()));
            }
        }
        sql.sql(
                        "update verification set total_bytes = ?, compared_bytes = ?, unknown_bytes = ?, different_bytes = ?, different = ? where id = ?")
                .params(
                        said.stream().mapToLong(GroupVerified::getTotalBytes).sum(),
                        said.stream().mapToLong(GroupVerified::getComparedBytes).sum(),
                        said.stream().mapToLong(GroupVerified::getUnknownBytes).sum(),
                        said.stream().mapToLong(GroupVerified::getDifferentBytes).sum(),
                        json.writeValueAsString(blocks),
                        id)
                .update();
    }

    void ended(String id) {
        sql.sql("update verification set ended_at = now() where id = ? and ended_at is null")
                .param(id)
                .update();
    }

    /// Newest first.
    List<Verification> list(String group, int limit) {
        return sql.sql(
                        "select * from verification where group_id = ? order by started_at desc, id limit ?")
                .params(group, limit)
                .query(this::verification)
                .list();
    }

    private Verification verification(ResultSet row, int number) throws SQLException {
        Timestamp ended = row.getTimestamp("ended_at");
        return new Verification(
                row.getString("id"),
                row.getBoolean("repair"),
                row.getTimestamp("started_at").toInstant(),
                ended == null ? null : ended.toInstant(),
                row.getLong("total_bytes"),
                row.getLong("compared_bytes"),
                row.getLong("unknown_bytes"),
                row.getLong("different_bytes"),
                json.readValue(row.getString("different"), BLOCKS));
    }
}

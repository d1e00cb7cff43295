// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.control.FakeNode;
import io.redoubt.control.TestRegion;
import io.redoubt.control.database.RandomId;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.GrantRefusal;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Rules 1, 2 and 4 at the control plane, for a group of two sources; a new [Grants] over the same rows is a restart.
class GrantsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long EXPIRY = 7 * SECOND;

    private final TestRegion region = TestRegion.shared();
    private final JdbcClient sql = region.part(JdbcClient.class);
    private final FakeNode one = region.node("a");
    private final FakeNode other = region.node("a");
    private final FakeNode receiver = region.node("b");
    private final String group = RandomId.next();
    private final SettableClock clock = new SettableClock();
    private Grants grants;
    private final Path home = Files.createTempDirectory("grants");

    GrantsTest() throws Exception {
        sql.sql(
                        "insert into protection_group (id, tenant, name, state, term, lineage, source_zone, target_zone, receiver_node, interval_millis)"
                                + " values (?, ?, ?, 'protected', 1, 'l', 'a', 'b', ?, 1000)")
                .params(group, region.owner().tenant(), TestRegion.unique("g"), receiver.id)
                .update();
        for (FakeNode source : List.of(one, other)) {
            sql.sql("insert into group_source (group_id, node) values (?, ?)")
                    .params(group, source.id)
                    .update();
        }
        grants = restarted(false);
        grants.open(group);
    }

    @AfterEach
    void remove() {
        sql.sql("delete from protection_group where id = ?").param(group).update();
        one.close();
        other.close();
        receiver.close();
    }

    private Grants restarted(boolean restored) {
        return new Grants(
                sql,
                clock,
                new Incarnation(sql, home.resolve("incarnation"), 7, restored),
                new Words(sql));
    }

    @Test
    void each_source_is_granted_and_nobody_else() {
        assertThat(ask(one, "boot-1").hasGrant()).isTrue();
        assertThat(ask(other, "boot-2").hasGrant()).isTrue();
        assertThat(refusal(receiver, "boot-3")).isEqualTo(GrantRefusal.UNKNOWN_GROUP);
    }

    /// The boot is each source's own: a known boot of one says nothing about the other's.
    @Test
    void after_a_restart_only_the_boot_that_a_source_was_granted_in_is_granted_alone() {
        assertThat(ask(one, "boot-1").hasGrant()).isTrue();
        assertThat(ask(other, "boot-2").hasGrant()).isTrue();
        grants = restarted(false);
        assertThat(ask(one, "boot-1").hasGrant()).isTrue();
        assertThat(refusal(other, "boot-1")).isEqualTo(GrantRefusal.BOOT_UNCONFIRMED);
        assertThat(refusal(other, "boot-9")).isEqualTo(GrantRefusal.BOOT_UNCONFIRMED);
        assertThat(refusal(one, "boot-2")).isEqualTo(GrantRefusal.BOOT_UNCONFIRMED);
        assertThat(ask(other, "boot-2").hasGrant()).isTrue();
        grants.report(
                receiver.id,
                Report.newBuilder()
                        .setIncarnation(7)
                        .addReceivers(ReceiverReport.newBuilder().setGroup(group).setTerm(1))
                        .build());
        assertThat(ask(other, "boot-9").hasGrant()).isTrue();
        grants = restarted(false);
        assertThat(ask(other, "boot-9").hasGrant()).isTrue();
        assertThat(refusal(other, "boot-2")).isEqualTo(GrantRefusal.BOOT_UNCONFIRMED);
        assertThat(ask(one, "boot-1").hasGrant()).isTrue();
    }

    @Test
    void the_expiry_counts_from_the_last_grant_to_any_source() {
        clock.now += EXPIRY;
        assertThat(ask(one, "boot-1").hasGrant()).isTrue();
        clock.now += 2 * SECOND;
        assertThat(ask(other, "boot-2").hasGrant()).isTrue();
        clock.now += SECOND;
        grants.stop(group, 2);
        assertThat(refusal(one, "boot-1")).isEqualTo(GrantRefusal.STOPPED);
        assertThat(refusal(other, "boot-2")).isEqualTo(GrantRefusal.STOPPED);
        assertThat(grants.expiresInNanos(group)).isEqualTo(EXPIRY - SECOND);
        clock.now += EXPIRY - SECOND - 1;
        assertThat(grants.promote(group, 2, SourceEnd.UNHEARD)).isFalse();
        clock.now += 1;
        assertThat(grants.promote(group, 2, SourceEnd.UNHEARD)).isTrue();
        assertThat(refusal(one, "boot-1")).isEqualTo(GrantRefusal.PROMOTED);
        assertThat(refusal(other, "boot-2")).isEqualTo(GrantRefusal.PROMOTED);
    }

    private GrantRefusal refusal(FakeNode node, String boot) {
        ControlMessage answer = ask(node, boot);
        assertThat(answer.hasGrantRefused()).as(answer.toString()).isTrue();
        return answer.getGrantRefused().getReason();
    }

    private ControlMessage ask(FakeNode node, String boot) {
        return grants.answer(
                node.id,
                GrantRequest.newBuilder()
                        .setGroup(group)
                        .setNonce(1)
                        .setTerm(1)
                        .setBootId(boot)
                        .build());
    }

    private static final class SettableClock implements Clock {
        private final Clock real = new SystemClock();
        private long now = 100 * SECOND;

        @Override
        public long bootNanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return real.wallMillis();
        }

        @Override
        public String bootId() {
            return real.bootId();
        }
    }
}

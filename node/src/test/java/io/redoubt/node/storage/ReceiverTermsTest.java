// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.LabelPoint;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Retention;
import io.redoubt.protocol.Rung;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a receiver keeps, for how long, and what it tells of it: over a real directory, with restarts.
@Timeout(60)
class ReceiverTermsTest {
    private static final VolumeId VOLUME = new VolumeId("v");
    private static final int SIZE = 1 << 20;
    private static final JournalLimits LIMITS = new JournalLimits(1 << 20, 1 << 10);
    private static final long MINUTE = 60_000;

    @TempDir Path home;
    private Receivers receivers;

    @BeforeEach
    void start() {
        open();
        receivers.protect(
                ProtectReceiver.newBuilder()
                        .setGroup("g")
                        .setTerm(1)
                        .setLineage("00112233445566778899aabbccddeeff")
                        .addSourceNodes("nobody")
                        .build());
    }

    @AfterEach
    void stop() {
        receivers.close();
    }

    private void open() {
        receivers =
                new Receivers(
                        home,
                        new Told(new SystemDisk(home.resolve("told"))),
                        new SystemClock(),
                        LIMITS,
                        Housekeeping.Settings.DEFAULT,
                        volume -> {
                            throw new IllegalStateException("nothing is adopted here: " + volume);
                        });
        receivers.reopen();
    }

    private void restart() {
        receivers.close();
        open();
    }

    /// So many points, the newest now, the others minutes older.
    private void publish(int points, PointTag tag) {
        Journal journal = receivers.require("g").journal();
        int slot = journal.join(VOLUME, SIZE);
        journal.passBegin(slot, 0, 1, 1, true);
        journal.passEnd(slot, 1);
        long now = System.currentTimeMillis();
        for (int i = 1; i <= points; i++) {
            journal.write(slot, i, i + 1, 0, ByteBuffer.allocate(4096));
            long at = now - MINUTE * (points - i);
            journal.publish(
                    new RecoveryPoint(i, at, at, Map.of(VOLUME, i + 1L), false, tag.text()));
        }
        journal.sync();
    }

    private ReceiverReport report() {
        return receivers.reports(Map.of(), Map.of()).getFirst();
    }

    @Test
    void a_protected_point_is_told_in_every_report_and_deleted_only_after_its_release() {
        publish(100, PointTag.NONE);
        receivers.protectPoint("g", 3, true);
        restart();
        ReceiverReport report = report();
        assertThat(report.getProtectedPointsList()).containsExactly(3L);
        assertThat(report.getPointsCount()).isEqualTo(64);
        assertThat(report.getPointsKept()).isEqualTo(100);
        assertThat(report.getPointsSum()).isEqualTo(5050);
        assertThatThrownBy(() -> receivers.deletePoint("g", 3))
                .hasMessageContaining("point 3")
                .hasMessageContaining("protected");
        receivers.protectPoint("g", 3, false);
        receivers.deletePoint("g", 3);
        receivers.deletePoint("g", 3); // repeated, it is gone
        assertThat(report().getPointsKept()).isEqualTo(99);
        receivers.protectPoint("g", 3, false); // released is released
    }

    @Test
    void a_full_journal_refuses_a_protection_up_front() {
        publish(3, PointTag.NONE);
        receivers.protectPoint("g", 0, true); // may be asked, and nothing came of it
        assertThat(report().getProtectedPointsList()).isEmpty();
        receivers.retain("g", retention(3600, report().getJournal().getBytes() + 1), false);
        for (long number : new long[] {0, 2}) {
            assertThatThrownBy(() -> receivers.protectPoint("g", number, true))
                    .hasMessageContaining("cannot be protected")
                    .hasMessageContaining("quota");
        }
        assertThat(report().getProtectedPointsList()).isEmpty();
    }

    @Test
    void another_ladder_holds_at_once_and_over_a_restart_and_a_preview_changes_nothing() {
        publish(100, PointTag.NONE);
        Retention wanted = retention(600, 0);
        List<Long> going = receivers.retain("g", wanted, true).getGoingPointsList();
        assertThat(going.getFirst()).isEqualTo(1);
        assertThat(going.size()).isBetween(89, 90);
        Retention before = report().getJournal().getRetention();
        assertThat(before.getRungsCount()).isEqualTo(4);

        assertThat(receivers.retain("g", wanted, false).getGoingPointsList()).isEqualTo(going);
        assertThat(report().getJournal().getRetention()).isEqualTo(wanted);
        assertThat(receivers.require("g").points()).hasSize(100); // until the next round
        keepHouse();
        assertThat(receivers.require("g").points().size()).isBetween(10, 11);
        restart();
        assertThat(report().getJournal().getRetention()).isEqualTo(wanted);
    }

    @Test
    void another_quota_holds_at_once_and_over_a_restart() {
        publish(1, PointTag.NONE);
        long quota = 8L << 20;
        receivers.retain("g", retention(3600, quota), false);
        assertThat(report().getJournal().getLimitBytes()).isEqualTo(quota);
        restart();
        assertThat(report().getJournal().getLimitBytes()).isEqualTo(quota);
        fill();
        assertThat(report().getJournal().getBytes())
                .isBetween(quota - LIMITS.segmentBytes(), quota);
        receivers.retain("g", retention(3600, 2 * quota), false);
        assertThat(fill()).as("a larger one lets more in").isPositive();
    }

    /// @return how many writes went in until the journal said that it is full
    private int fill() {
        Journal journal = receivers.require("g").journal();
        int slot = journal.find(VOLUME).orElseThrow();
        for (int writes = 0; writes < 1000; writes++) {
            long last = journal.through(slot);
            try {
                journal.write(slot, last, last + 1, 0, ByteBuffer.allocate(64 << 10));
            } catch (RuntimeException e) {
                assertThat(e).hasMessageContaining("no data is taken");
                return writes;
            }
        }
        throw new AssertionError("the quota does not hold");
    }

    @Test
    void a_retention_that_cannot_be_changes_nothing() {
        Retention before = report().getJournal().getRetention();
        Retention none = Retention.getDefaultInstance();
        assertThatThrownBy(() -> receivers.retain("g", none, false))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> receivers.retain("g", retention(60, 5), false))
                .isInstanceOf(IllegalArgumentException.class);
        restart();
        assertThat(report().getJournal().getRetention()).isEqualTo(before);
    }

    @Test
    void an_unprotected_group_leaves_no_retention_behind() {
        receivers.retain("g", retention(600, 0), false);
        receivers.unprotect("g");
        assertThat(home.resolve("told/retention_g")).doesNotExist();
    }

    @Test
    void what_was_said_of_a_point_is_told_and_who_looks_at_one_too() {
        var tag =
                new PointTag(
                        "n",
                        PointTag.Consistency.CRASH,
                        "owner",
                        List.of(new PointTag.Failure("m", "silent")),
                        "o1");
        publish(2, tag);
        receivers.require("g").openView(2, "view x", Duration.ofHours(1));
        Point point = report().getPoints(0);
        assertThat(point.getTag()).isEqualTo("n");
        assertThat(point.getName()).isEqualTo("n");
        assertThat(point.getTakenBy()).isEqualTo("owner");
        assertThat(point.getApplicationConsistent()).isFalse();
        assertThat(point.getFreezeFailures(0).getReason()).isEqualTo("silent");
        assertThat(report().getPins(0).getOwner()).isEqualTo("view x");
        assertThat(report().getPins(0).getPoint()).isEqualTo(2);
    }

    /// What the guests were is known after the cut; what they were of a machine that nobody spoke of, is not.
    @Test
    void a_label_is_kept_and_says_yes_only_of_the_volumes_that_it_names() {
        publish(3, new PointTag("n", PointTag.Consistency.CRASH, "owner", List.of(), "o1"));
        var label = LabelPoint.newBuilder().setGroup("g").setNumber(2).addVolumes(VOLUME.value());
        Point labelled = receivers.label(label.build()).getPoint();
        assertThat(labelled.getApplicationConsistent()).isTrue();
        assertThat(labelled.getOrder()).isEqualTo("o1");
        assertThat(labelled.getName()).isEqualTo("n");
        restart();
        assertThat(report().getPoints(1)).isEqualTo(labelled);
        assertThat(report().getPoints(0).getApplicationConsistent()).isFalse();

        Point other =
                receivers.label(label.clearVolumes().addVolumes("another").build()).getPoint();
        assertThat(other.getApplicationConsistent()).isFalse();
        assertThat(other.getFreezeFailures(0).getMachine()).isEqualTo(VOLUME.value());
        assertThatThrownBy(() -> receivers.label(label.setNumber(77).build()))
                .isInstanceOf(FaultException.class);
    }

    private void keepHouse() {
        receivers.require("g").keepHouse(() -> false);
    }

    private static Retention retention(int seconds, long quotaBytes) {
        return Retention.newBuilder()
                .setQuotaBytes(quotaBytes)
                .addRungs(Rung.newBuilder().setUntilMillis(seconds * 1000L))
                .build();
    }
}

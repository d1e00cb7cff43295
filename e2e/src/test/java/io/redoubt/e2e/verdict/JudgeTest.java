// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JudgeTest {
    private static final long SECOND = 1000;

    /// One acknowledgement each second: number n at n seconds.
    private static Transcript upTo(int last) {
        var transcript = new Transcript();
        for (int n = 1; n <= last; n++) {
            transcript.accept("ACK %d\n".formatted(n).getBytes(StandardCharsets.UTF_8), n * SECOND);
        }
        return transcript;
    }

    private static Finding found(long maxId, long second) {
        return finding(
                "FOUND rows=%d minid=1 maxid=%d gaps=0 badrows=0 integrity=ok files=%d second=%d missing=0 badsums=0 fsck=0 xfs=0 lastat=1"
                        .formatted(maxId, maxId, second, second));
    }

    private static Finding finding(String line) {
        return Finding.parse(line).orElseThrow();
    }

    private static List<Promise> promises(List<Broken> broken) {
        return broken.stream().map(Broken::promise).toList();
    }

    @Test
    void whole_disks_of_one_instant_break_nothing() {
        assertThat(Judge.disks(found(7, 7))).isEmpty();
        assertThat(Judge.disks(found(7, 6))).isEmpty();
    }

    @Test
    void a_number_on_the_second_disk_without_the_firsts_is_a_broken_promise() {
        assertThat(promises(Judge.disks(found(7, 8)))).containsExactly(Promise.ONE_INSTANT);
    }

    @Test
    void a_second_disk_two_numbers_behind_is_a_broken_promise() {
        assertThat(promises(Judge.disks(found(7, 5)))).containsExactly(Promise.ONE_INSTANT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gaps=1",
                "badrows=1",
                "integrity=*** in",
                "missing=1",
                "badsums=1",
                "fsck=4",
                "xfs=1",
                "xfs=none",
                "rows=0"
            })
    void any_damage_is_a_broken_promise(String damage) {
        String name = damage.substring(0, damage.indexOf('=') + 1);
        String line =
                "VERIFIED rows=7 minid=1 maxid=7 gaps=0 badrows=0 integrity=ok files=7 second=7 missing=0 badsums=0 fsck=0 xfs=0 lastat=1"
                        .replaceFirst(
                                "\\b" + name + "\\S+",
                                java.util.regex.Matcher.quoteReplacement(damage.replace(' ', '_')));
        assertThat(promises(Judge.disks(finding(line)))).containsExactly(Promise.DISKS_WHOLE);
    }

    @Test
    void a_point_holds_what_was_acknowledged_before_its_time_and_at_most_the_one_in_the_making() {
        Transcript source = upTo(20);
        assertThat(Judge.exact(source, found(10, 10), 10 * SECOND + 100)).isEmpty();
        assertThat(Judge.exact(source, found(11, 10), 10 * SECOND + 100)).isEmpty();
    }

    @Test
    void a_point_that_lacks_what_was_acknowledged_before_its_time_is_not_exact() {
        assertThat(promises(Judge.exact(upTo(20), found(9, 9), 10 * SECOND + 100)))
                .containsExactly(Promise.POINT_EXACT);
    }

    @Test
    void a_point_that_holds_what_came_after_its_time_is_not_exact() {
        assertThat(promises(Judge.exact(upTo(20), found(12, 12), 10 * SECOND + 100)))
                .containsExactly(Promise.POINT_EXACT);
    }

    @Test
    void the_loss_counts_from_the_newest_write_that_was_found() {
        Loss loss = Judge.loss(upTo(20), found(17, 17), 20 * SECOND + 500);
        assertThat(loss.lastAck()).isEqualTo(20);
        assertThat(loss.writes()).isEqualTo(3);
        assertThat(loss.bytes()).isEqualTo(3 * 469);
        assertThat(loss.seconds()).isEqualTo(3.5);
        assertThat(Judge.rpo(loss)).isEmpty();
    }

    @Test
    void nothing_is_lost_when_more_was_found_than_acknowledged() {
        Loss loss = Judge.loss(upTo(20), found(21, 20), 20 * SECOND);
        assertThat(loss.writes()).isZero();
        assertThat(loss.bytes()).isZero();
        assertThat(loss.seconds()).isZero();
    }

    @Test
    void a_loss_of_more_than_ten_seconds_breaks_the_promise() {
        Loss loss = Judge.loss(upTo(20), found(9, 9), 20 * SECOND);
        assertThat(promises(Judge.rpo(loss))).containsExactly(Promise.RPO);
    }

    @Test
    void a_reported_loss_that_is_not_the_measured_one_is_named() {
        Loss loss = Judge.loss(upTo(20), found(17, 17), 20 * SECOND + 500);
        assertThat(Judge.told(loss, 3.9, 0.4)).isEmpty();
        assertThat(promises(Judge.told(loss, 0, 0.4))).containsExactly(Promise.RPO_TOLD);
        assertThat(promises(Judge.told(loss, 2.4, 0.4))).containsExactly(Promise.RPO_TOLD);
        assertThat(promises(Judge.told(loss, 5.0, 0.4))).containsExactly(Promise.RPO_TOLD);
    }

    @Test
    void a_recovery_that_found_nothing_of_what_was_acknowledged_lost_without_measure() {
        Finding nothing =
                finding(
                        "FOUND rows=0 minid=0 maxid=0 gaps=0 badrows=0 integrity=none files=0 second=0 missing=0 badsums=0 fsck=0 xfs=none lastat=0");
        Loss loss = Judge.loss(upTo(3), nothing, 4 * SECOND);
        assertThat(loss.writes()).isEqualTo(3);
        assertThat(promises(Judge.rpo(loss))).containsExactly(Promise.RPO);
        assertThat(promises(Judge.disks(nothing))).containsExactly(Promise.DISKS_WHOLE);
    }

    @Test
    void a_recovery_may_take_a_bare_boot_three_seconds_and_the_grants_expiry() {
        assertThat(Judge.rto(14.9, 5, 7, 0)).isEmpty();
        assertThat(promises(Judge.rto(15.1, 5, 7, 0))).containsExactly(Promise.RTO);
    }

    @Test
    void a_guest_that_computed_longer_than_in_its_bare_boot_met_a_slower_host_and_no_more() {
        assertThat(Judge.rto(24.9, 5, 7, 10)).isEmpty();
        assertThat(promises(Judge.rto(25.1, 5, 7, 10))).containsExactly(Promise.RTO);
    }

    @Test
    void one_acknowledgement_may_have_been_on_its_way_when_all_stood_still_and_a_second_may_not() {
        assertThat(Judge.silentAfterPause(upTo(8), 7)).isEmpty();
        assertThat(promises(Judge.silentAfterPause(upTo(9), 7)))
                .containsExactly(Promise.ONE_WRITER);
    }

    @Test
    void a_test_that_silenced_the_machine_or_its_points_is_noticed() {
        assertThat(Judge.wentOn(upTo(20), 5 * SECOND, 15 * SECOND, 2, 1500)).isEmpty();
        assertThat(promises(Judge.wentOn(upTo(20), 5 * SECOND, 15 * SECOND, 0, 1500)))
                .containsExactly(Promise.POINTS_GO_ON);
        assertThat(promises(Judge.wentOn(upTo(8), 5 * SECOND, 15 * SECOND, 2, 1500)))
                .containsExactly(Promise.POINTS_GO_ON);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantAnswer.Granted;
import io.redoubt.core.grant.GrantAnswer.Reason;
import io.redoubt.core.grant.GrantAnswer.Refused;
import io.redoubt.core.grant.GrantHolder.Standing;
import org.junit.jupiter.api.Test;

/// Rules 1, 2 and 4 of the replication design; what they hold together (I14) is asserted by the simulator.
class GrantTest {
    private static final long SECOND = 1_000_000_000L;
    private static final GrantTimes TIMES = new GrantTimes(6 * SECOND, SECOND);

    @Test
    void a_grant_counts_from_the_request_not_from_the_answer() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 7, 10 * SECOND);
        assertThat(holder.answered(GrantorKind.CONTROL, 7, new Granted(1))).isTrue();
        assertThat(holder.standing(16 * SECOND - 1)).isEqualTo(Standing.GRANTED);
        assertThat(holder.standing(16 * SECOND)).isEqualTo(Standing.HELD);
    }

    @Test
    void an_answer_without_its_request_is_worth_nothing() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 7, 0);
        assertThat(holder.answered(GrantorKind.RECEIVER, 7, new Granted(1))).isFalse();
        assertThat(holder.answered(GrantorKind.CONTROL, 8, new Granted(1))).isFalse();
        assertThat(holder.answered(GrantorKind.CONTROL, 7, new Granted(1))).isTrue();
        assertThat(holder.answered(GrantorKind.CONTROL, 7, new Granted(1))).isFalse();
    }

    @Test
    void either_grantor_is_enough() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.RECEIVER, 1, 0);
        holder.answered(GrantorKind.RECEIVER, 1, new Granted(1));
        assertThat(holder.standing(SECOND)).isEqualTo(Standing.GRANTED);
    }

    @Test
    void after_a_release_a_grant_that_was_still_on_its_way_is_refused_and_a_later_term_counts() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 1, 0);
        assertThat(holder.release(2)).isTrue();
        assertThat(holder.answered(GrantorKind.CONTROL, 1, new Granted(1))).isFalse();
        holder.requested(GrantorKind.CONTROL, 2, 0);
        assertThat(holder.answered(GrantorKind.CONTROL, 2, new Granted(2))).isFalse();
        holder.requested(GrantorKind.CONTROL, 3, 0);
        assertThat(holder.answered(GrantorKind.CONTROL, 3, new Granted(3))).isTrue();
        assertThat(holder.standing(1)).isEqualTo(Standing.GRANTED);
    }

    @Test
    void an_older_decision_cannot_release_a_newer_role() {
        var holder = new GrantHolder(TIMES, 5);
        assertThat(holder.release(4)).isFalse();
    }

    @Test
    void a_refusal_because_of_a_promotion_fences_and_a_mere_stop_does_not() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 1, 0);
        holder.answered(GrantorKind.CONTROL, 1, new Refused(2, Reason.STOPPED));
        assertThat(holder.standing(0)).isEqualTo(Standing.HELD);
        holder.requested(GrantorKind.CONTROL, 2, 0);
        holder.answered(GrantorKind.CONTROL, 2, new Refused(2, Reason.PROMOTED));
        assertThat(holder.standing(0)).isEqualTo(Standing.FENCED);
    }

    @Test
    void a_grant_survives_the_process_and_not_the_boot() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 1, 0);
        holder.answered(GrantorKind.CONTROL, 1, new Granted(1));
        var memory = holder.memory("boot-1");
        assertThat(new GrantHolder(TIMES, memory, "boot-1").standing(SECOND))
                .isEqualTo(Standing.GRANTED);
        assertThat(new GrantHolder(TIMES, memory, "boot-2").standing(SECOND))
                .isEqualTo(Standing.HELD);
    }

    @Test
    void a_release_survives_every_restart() {
        var holder = new GrantHolder(TIMES, 1);
        holder.release(2);
        var again = new GrantHolder(TIMES, holder.memory("boot-1"), "boot-1");
        again.requested(GrantorKind.CONTROL, 1, 0);
        assertThat(again.answered(GrantorKind.CONTROL, 1, new Granted(1))).isFalse();
    }

    @Test
    void a_grantor_calls_its_grants_expired_only_after_length_and_margin() {
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        assertThat(grantor.answer(1, 100 * SECOND)).isEqualTo(new Granted(1));
        assertThat(grantor.stop(2)).isTrue();
        assertThat(grantor.promote(2, SourceEnd.UNHEARD, 107 * SECOND - 1)).isFalse();
        assertThat(grantor.promote(2, SourceEnd.UNHEARD, 107 * SECOND)).isTrue();
        assertThat(grantor.answer(2, 108 * SECOND)).isEqualTo(new Refused(2, Reason.PROMOTED));
    }

    @Test
    void a_grantor_that_restarted_waits_a_full_expiry() {
        var grantor = new Grantor(TIMES, 2, true, false, 50 * SECOND);
        assertThat(grantor.promote(2, SourceEnd.UNHEARD, 57 * SECOND - 1)).isFalse();
        assertThat(grantor.promote(2, SourceEnd.UNHEARD, 57 * SECOND)).isTrue();
    }

    @Test
    void a_release_makes_waiting_unnecessary() {
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        grantor.answer(1, SECOND);
        grantor.stop(2);
        assertThat(grantor.promote(2, SourceEnd.RELEASED, SECOND)).isTrue();
    }

    @Test
    void a_decision_is_taken_once_and_an_older_one_is_refused() {
        var grantor = new Grantor(TIMES, 3, false, false, 0);
        assertThat(grantor.stop(3)).isFalse();
        assertThat(grantor.stop(4)).isTrue();
        assertThat(grantor.stop(4)).isTrue();
        assertThat(grantor.stop(3)).isFalse();
        assertThat(grantor.answer(4, 0)).isEqualTo(new Refused(4, Reason.STOPPED));
    }

    @Test
    void a_decision_that_led_to_no_promotion_is_taken_back_under_a_later_term_only() {
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        grantor.stop(2);
        assertThat(grantor.resume(2)).isFalse();
        assertThat(grantor.resume(3)).isTrue();
        assertThat(grantor.answer(3, SECOND)).isEqualTo(new Granted(3));
        assertThat(grantor.promote(2, SourceEnd.RELEASED, SECOND)).isFalse();
        grantor.stop(4);
        grantor.promote(4, SourceEnd.RELEASED, SECOND);
        assertThat(grantor.resume(5)).isFalse();
    }

    @Test
    void without_a_decision_there_is_no_promotion() {
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        assertThat(grantor.promote(1, SourceEnd.RELEASED, 100 * SECOND)).isFalse();
    }

    private static GrantHolder grantedAtZero() {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.CONTROL, 1, 0);
        holder.answered(GrantorKind.CONTROL, 1, new Granted(1));
        return holder;
    }

    @Test
    void
            a_source_that_goes_on_alone_does_so_from_a_grant_of_this_boot_until_it_hears_of_a_decision() {
        var alone = new Isolation(1, true);
        var never = new GrantHolder(TIMES, 1);
        never.isolation(alone);
        assertThat(never.standing(0)).isEqualTo(Standing.HELD);

        var holder = grantedAtZero();
        holder.isolation(alone);
        assertThat(holder.alone(SECOND)).isFalse();
        assertThat(holder.standing(100 * SECOND)).isEqualTo(Standing.GRANTED);
        assertThat(holder.alone(100 * SECOND)).isTrue();
        assertThat(holder.leftNanos(100 * SECOND)).isEqualTo(Long.MAX_VALUE);
        var memory = holder.memory("boot-1");
        assertThat(again(memory, "boot-1", alone).standing(100 * SECOND))
                .isEqualTo(Standing.GRANTED);
        assertThat(again(memory, "boot-2", alone).standing(100 * SECOND)).isEqualTo(Standing.HELD);

        holder.requested(GrantorKind.CONTROL, 2, 100 * SECOND);
        holder.answered(GrantorKind.CONTROL, 2, new Refused(1, Reason.BOOT_UNCONFIRMED));
        assertThat(holder.standing(100 * SECOND)).isEqualTo(Standing.GRANTED);
        holder.requested(GrantorKind.CONTROL, 3, 100 * SECOND);
        holder.answered(GrantorKind.CONTROL, 3, new Refused(2, Reason.STOPPED));
        assertThat(holder.standing(100 * SECOND)).isEqualTo(Standing.HELD);
    }

    private static GrantHolder again(GrantHolder.Memory memory, String boot, Isolation isolation) {
        var holder = new GrantHolder(TIMES, memory, boot);
        holder.isolation(isolation);
        return holder;
    }

    @Test
    void a_release_ends_going_on_alone() {
        var holder = grantedAtZero();
        holder.isolation(new Isolation(1, true));
        assertThat(holder.release(2)).isTrue();
        assertThat(holder.standing(SECOND)).isEqualTo(Standing.HELD);
        assertThat(again(holder.memory("b"), "b", new Isolation(1, true)).standing(SECOND))
                .isEqualTo(Standing.HELD);
    }

    @Test
    void an_older_word_about_isolation_changes_nothing() {
        var holder = grantedAtZero();
        holder.isolation(new Isolation(2, false));
        holder.isolation(new Isolation(1, true));
        assertThat(holder.standing(100 * SECOND)).isEqualTo(Standing.HELD);
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        grantor.isolation(new Isolation(2, true));
        grantor.isolation(new Isolation(1, false));
        assertThat(grantor.isolation()).isEqualTo(new Isolation(2, true));
    }

    /// Rule 3: no clock ends the right of a source that goes on alone.
    @Test
    void a_source_that_may_go_on_is_passed_by_only_after_its_release_or_a_persons_word() {
        var grantor = new Grantor(TIMES, 1, false, false, 0);
        grantor.isolation(new Isolation(1, true));
        grantor.stop(2);
        assertThat(grantor.needsWord(SourceEnd.UNHEARD)).isTrue();
        assertThat(grantor.promote(2, SourceEnd.UNHEARD, 100 * SECOND)).isFalse();
        assertThat(grantor.promote(2, SourceEnd.OFF_BY_WORD, 7 * SECOND - 1)).isFalse();
        assertThat(grantor.promote(2, SourceEnd.OFF_BY_WORD, 7 * SECOND)).isTrue();
        assertThat(grantor.needsWord(SourceEnd.UNHEARD)).isFalse();

        var other = new Grantor(TIMES, 1, false, false, 0);
        other.isolation(new Isolation(1, true));
        other.stop(2);
        assertThat(other.promote(2, SourceEnd.RELEASED, SECOND)).isTrue();
    }

    @Test
    void what_is_left_of_a_grant_is_told_and_nothing_is_left_of_a_fenced_source() {
        var holder = grantedAtZero();
        assertThat(holder.leftNanos(2 * SECOND)).isEqualTo(4 * SECOND);
        assertThat(holder.leftNanos(9 * SECOND)).isZero();
        assertThat(holder.fence(2)).isTrue();
        assertThat(holder.leftNanos(0)).isZero();
    }
}

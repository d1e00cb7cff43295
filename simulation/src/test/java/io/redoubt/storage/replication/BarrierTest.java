// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.RecoveryPoint;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// I26: what a cut may cost the guests when a member of the group is slow. Three sources with slow ones among them live in
/// [io.redoubt.simulation.replication.GroupWorld].
class BarrierTest {
    private static final long MILLI = 1_000_000L;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final OneGroup group = new OneGroup(LIMITS, 8);

    BarrierTest() {
        group.write(0, 1);
        group.connect();
        group.settle();
    }

    @Test
    void a_write_waits_fifty_milliseconds_for_a_cut_that_nobody_ends_and_the_cut_is_given_up() {
        long givenUp = group.source.cuts().givenUp();
        GroupCut cut = Objects.requireNonNull(group.source.cuts().begin(""));
        cut.own().switchAll();
        long closed = group.time.nanos();
        assertThat(tries()).isEqualTo(SourceVolume.NOT_NOW);
        group.time.advanceTo(closed + 49 * MILLI);
        assertThat(tries()).isEqualTo(SourceVolume.NOT_NOW);
        group.time.advanceTo(closed + 51 * MILLI);
        assertThat(tries()).isEqualTo(group.volume.lastVseq());

        group.source.cuts().releaseOwn(cut);
        assertThat(group.source.cuts().finish(cut)).isEqualTo(-1);
        assertThat(group.source.cuts().givenUp()).isEqualTo(givenUp + 1);
        group.settle();
        assertThat(group.journal.points())
                .extracting(RecoveryPoint::number)
                .doesNotContain(cut.number());
        assertThat(group.replica()).isEqualTo(group.local());
    }

    @Test
    void a_cut_that_is_released_in_time_holds_no_write_any_more_and_becomes_a_point() {
        GroupCut cut = Objects.requireNonNull(group.source.cuts().begin(""));
        cut.own().switchAll();
        group.time.advanceTo(group.time.nanos() + 49 * MILLI);
        group.source.cuts().releaseOwn(cut);
        assertThat(tries()).isPositive();
        assertThat(group.source.cuts().finish(cut)).isEqualTo(cut.number());
        group.turn(64 << 10);
        assertThat(group.journal.points().getLast().number()).isEqualTo(cut.number());
    }

    /// Who answers late closed when others were open again: what followed their writes may be in its part.
    @Test
    void an_answer_that_comes_after_the_release_gives_the_cut_up() {
        assertThat(countsWithAnAnswerWhen(true)).isFalse();
        assertThat(countsWithAnAnswerWhen(false)).isTrue();
    }

    private boolean countsWithAnAnswerWhen(boolean released) {
        CutAttempt own = Objects.requireNonNull(group.source.cuts().begin("")).own();
        var cut = new GroupCut(own, 1, "", Set.of("peer"));
        var answer =
                new Frame.Switched(
                        cut.number(), false, List.of(new Frame.Answer(new VolumeId("there"), 7)));
        own.switchAll();
        if (!released) {
            cut.answered("peer", answer);
        }
        assertThat(cut.release().number()).isEqualTo(cut.number());
        group.source.cuts().releaseOwn(cut);
        cut.answered("peer", answer);
        cut.released("peer", new Frame.Released(cut.number(), true));
        return cut.counts();
    }

    private long tries() {
        return group.volume.tryWrite(0, OneGroup.filled(9));
    }
}

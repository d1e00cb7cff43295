// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.storage.journal.PointTag.Consistency;
import io.redoubt.storage.journal.PointTag.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PointTagTest {
    @Test
    void a_name_alone_is_the_text_that_journals_always_held() {
        var tag = new PointTag("before-upgrade", Consistency.CRASH, "", List.of(), "");
        assertThat(tag.text()).isEqualTo("before-upgrade");
        assertThat(PointTag.parse("before-upgrade")).isEqualTo(tag);
        assertThat(PointTag.NONE.text()).isEmpty();
        assertThat(PointTag.parse("")).isEqualTo(PointTag.NONE);
    }

    @Test
    void all_that_is_said_comes_back() {
        var whole = new PointTag("n", Consistency.APPLICATION, "owner", List.of(), "");
        assertThat(whole.text()).isEqualTo("?name=n&consistency=application&by=owner");
        assertThat(PointTag.parse(whole.text())).isEqualTo(whole);
        var failed =
                new PointTag(
                        "",
                        Consistency.CRASH,
                        "owner",
                        List.of(
                                new Failure("m1", "no agent & 5 = 4 + 1? é 100 %"),
                                new Failure("m2", "")),
                        "order-7");
        assertThat(PointTag.parse(failed.text())).isEqualTo(failed);
        assertThat(failed.named()).isFalse();
    }

    @Test
    void a_long_story_is_cut_short() {
        var failures = new ArrayList<Failure>();
        for (int i = 0; i < 40; i++) {
            failures.add(new Failure("m" + i, "\u00e9".repeat(5000)));
        }
        var tag = new PointTag("n", Consistency.CRASH, "owner", failures, "");
        assertThat(tag.failures()).hasSize(16);
        assertThat(tag.text().length()).isLessThan(65_536 / 3);
        assertThat(PointTag.parse(tag.text())).isEqualTo(tag);
    }

    /// Bytes of another version, or of a disk that lies: never a reason not to open a journal.
    @Test
    void whatever_stands_there_is_read() {
        assertThat(PointTag.parse("?name=n&colour=red&consistency=quantum").consistency())
                .isEqualTo(Consistency.CRASH);
        assertThat(PointTag.parse("?").named()).isFalse();
        assertThat(PointTag.parse("?name=%zz&&=&failed").name()).isEqualTo("%zz");
        assertThat(PointTag.parse("?consistency=application&failed=m1+x").consistency())
                .isEqualTo(Consistency.CRASH);
        assertThatThrownBy(() -> new PointTag("?x", Consistency.CRASH, "", List.of(), ""))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /// A name keeps a point; being taken by somebody does not.
    @Test
    void the_ladder_lets_a_point_without_a_name_go_whatever_its_tag_says() {
        var ladder = new Ladder(List.of(new Ladder.Rung(Duration.ofMinutes(1), Duration.ZERO)));
        List<RecoveryPoint> points =
                List.of(
                        point(1, new PointTag("", Consistency.APPLICATION, "owner", List.of(), "")),
                        point(
                                2,
                                new PointTag("n", Consistency.APPLICATION, "owner", List.of(), "")),
                        point(1_000_000, PointTag.NONE));
        assertThat(Retention.toDrop(points, 1_000_000, ladder, Set.of(), Set.of()))
                .containsExactly(1L);
    }

    private static RecoveryPoint point(long number, PointTag tag) {
        return new RecoveryPoint(number, number, number, Map.of(), false, tag.text());
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Rule 37: which points stay, and when a journal is full.
class RetentionTest {
    private static final long SECOND = 1000;
    private static final long DAY = Duration.ofDays(1).toMillis();

    @Test
    void
            the_default_ladder_keeps_an_hour_dense_a_day_by_minutes_a_week_by_quarters_and_a_month_by_hours() {
        List<RecoveryPoint> points = every(5 * SECOND, 0, 3600 * SECOND);
        assertThat(drop(points)).isEmpty();
        assertThat(kept(every(5 * SECOND, 0, 2 * 3600 * SECOND))).hasSize(721 + 60);
        assertThat(kept(every(60 * SECOND, 0, DAY))).hasSize(24 * 60 + 1);
        assertThat(kept(every(60 * SECOND, 0, 2 * DAY))).hasSize(24 * 60 + 1 + 24 * 4);
        assertThat(kept(every(900 * SECOND, 0, 8 * DAY))).hasSize(7 * 96 + 1 + 24);
        assertThat(kept(every(3600 * SECOND, 0, 40 * DAY))).hasSize(30 * 24 + 1);
    }

    /// By and by, as a journal does it, comes to the same as all at once.
    @Test
    void thinning_every_minute_keeps_as_many_as_thinning_once() {
        List<RecoveryPoint> all = every(20 * SECOND, 0, 2 * DAY);
        List<RecoveryPoint> kept = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            kept.add(all.get(i));
            if (i % 3 == 0 || i == all.size() - 1) {
                Set<Long> gone = Set.copyOf(drop(kept));
                kept.removeIf(p -> gone.contains(p.number()));
            }
        }
        assertThat(kept).containsExactlyElementsOf(kept(all));
    }

    @Test
    void the_newest_a_named_a_protected_and_a_pinned_point_stay() {
        List<RecoveryPoint> points = new ArrayList<>();
        for (int i = 1; i <= 5; i++) {
            points.add(point(i, i * SECOND, i * SECOND, i == 2 ? "named" : ""));
        }
        points.add(point(6, 90 * DAY, 90 * DAY, ""));
        assertThat(Retention.toDrop(points, 200 * DAY, Ladder.DEFAULT, Set.of(3L), Set.of(4L)))
                .containsExactly(1L, 5L);
        assertThat(Retention.toShorten(points, Set.of(3L), Set.of(4L))).containsExactly(1L);
        assertThat(Retention.toShorten(points.subList(1, 2), Set.of(), Set.of())).isEmpty();
        assertThat(Retention.toShorten(points.subList(0, 1), Set.of(), Set.of()))
                .as("the newest, alone")
                .isEmpty();
    }

    @Test
    void while_nothing_comes_nothing_goes() {
        List<RecoveryPoint> points = every(5 * SECOND, 0, 3600 * SECOND);
        assertThat(Retention.toDrop(points, 500 * DAY, Ladder.DEFAULT, Set.of(), Set.of()))
                .isEmpty();
    }

    @Test
    void a_backlog_that_arrives_at_once_is_thinned_by_the_time_of_its_cuts() {
        List<RecoveryPoint> points = new ArrayList<>();
        for (int i = 0; i < 720; i++) {
            points.add(point(i + 1, i * 5L * SECOND, DAY + i, "")); // an hour of cuts in a moment
        }
        points.add(point(1000, 2 * DAY, DAY + 2 * 3600 * SECOND, ""));
        assertThat(kept(points)).hasSize(60 + 1);
    }

    @Test
    void the_forecast_follows_the_growth_of_the_last_hour() {
        var forecast = new Forecast();
        assertThat(forecast.millisUntil(100)).isEmpty();
        forecast.sample(0, 50);
        forecast.sample(1000, 50);
        assertThat(forecast.millisUntil(100)).isEmpty();
        forecast.sample(2000, 70);
        assertThat(forecast.millisUntil(100)).hasValue(3000);
        forecast.sample(3_602_000, 80); // the samples before the last hour are gone
        assertThat(forecast.millisUntil(90)).hasValue(3_600_000);
    }

    private static List<RecoveryPoint> kept(List<RecoveryPoint> points) {
        Set<Long> gone = Set.copyOf(drop(points));
        return points.stream().filter(p -> !gone.contains(p.number())).toList();
    }

    private static List<Long> drop(List<RecoveryPoint> points) {
        long now = points.getLast().publishedMillis();
        return Retention.toDrop(points, now, Ladder.DEFAULT, Set.of(), Set.of());
    }

    private static List<RecoveryPoint> every(long step, long from, long to) {
        var points = new ArrayList<RecoveryPoint>();
        for (long at = from; at <= to; at += step) {
            points.add(point(points.size() + 1, at, at, ""));
        }
        return points;
    }

    private static RecoveryPoint point(long number, long stamp, long published, String name) {
        return new RecoveryPoint(
                number, stamp, published, Map.of(new VolumeId("vol"), number), false, name);
    }
}

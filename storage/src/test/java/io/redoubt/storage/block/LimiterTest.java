// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.IopsPerTerabyte;
import io.redoubt.core.Rate;
import io.redoubt.storage.block.LimitedWorld.Client;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// On simulated time, whose clock overflows in the middle of the longer tests.
class LimiterTest {
    private static final long MILLI = LimitedWorld.MILLI;
    private static final long SECOND = LimitedWorld.SECOND;
    private static final long START = LimitedWorld.ORIGIN;

    @ParameterizedTest
    @CsvSource({
        "100, 1, 1",
        "100, 32, 4",
        "750, 1, 1",
        "750, 128, 1",
        "1500, 1, 4",
        "1500, 32, 1",
        "15000, 32, 4",
        "30000, 32, 1",
        "150000, 128, 1"
    })
    void a_minute_has_exactly_what_was_promised(int cap, int depth, int connections) {
        var world = world(Rate.iops(cap), 7);
        var clients = new Client[connections];
        Arrays.fill(clients, new Client(depth, 20_000, 4096));
        world.volume(100, Rate.UNLIMITED, clients);
        long count = world.runFor(60 * SECOND)[0];
        assertThat(count).isCloseTo(60L * cap, Percentage.withPercentage(0.1));
        assertThat(Windows.most(moments(world)))
                .isLessThanOrEqualTo((int) Math.ceil(cap * 1.021) + 1);
    }

    /// Somebody asks every microsecond.
    @Test
    void each_second_of_ten_terabytes_of_ultra_has_its_150000() {
        Rate cap = new IopsPerTerabyte(15_000).over(Bytes.gibibytes(10 * 1024));
        var limiter = new Limiter(cap, START);
        Limiter.Share share = limiter.share(100, Rate.UNLIMITED, START);
        for (int second = 0; second < 5; second++) {
            long passed = 0;
            for (long now = second * SECOND; now < (second + 1) * SECOND; now += 1000) {
                passed += limiter.ask(share, 1, 4096, START + now) == 0 ? 1 : 0;
            }
            assertThat(passed).isCloseTo(150_000, Percentage.withPercentage(0.1));
        }
    }

    /// Whatever the rates, depths, sizes, lengths and stalls: never above the schedule and its catch-up, in any window.
    @Test
    void no_window_ever_holds_more_than_the_rate_and_the_catch_up() {
        for (long seed = 0; seed < 60; seed++) {
            var random = new SplittableRandom(seed);
            int cap = 50 + random.nextInt(5000);
            var world = new LimitedWorld(Rate.iops(cap), seed, random.nextLong(80 * MILLI));
            for (int volume = 1 + random.nextInt(5); volume > 0; volume--) {
                Rate own =
                        random.nextBoolean() ? Rate.UNLIMITED : Rate.iops(1 + random.nextInt(cap));
                var clients = new Client[1 + random.nextInt(3)];
                for (int i = 0; i < clients.length; i++) {
                    clients[i] =
                            new Client(1 + random.nextInt(64), random.nextLong(3 * MILLI), 4096);
                }
                world.volume(1 + random.nextInt(1000), own, clients);
            }
            world.runFor(4 * SECOND);
            long[] moments = moments(world);
            double interval = 1e9 / cap;
            for (int from = 0; from < moments.length; from += 1 + random.nextInt(20)) {
                int to = from + random.nextInt(moments.length - from);
                double allowed =
                        (moments[to] - moments[from] + Schedule.CATCH_UP_NANOS) / interval + 1;
                assertThat((double) (to - from + 1))
                        .as("seed %d", seed)
                        .isLessThanOrEqualTo(allowed + 1e-3);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 750, 15_000})
    void one_request_at_a_time_gets_the_same_half_as_a_hundred_and_twenty_eight(int cap) {
        var world = world(Rate.iops(cap), 3);
        world.volume(100, Rate.UNLIMITED, new Client(1, 40_000, 4096));
        world.volume(100, Rate.UNLIMITED, Client.of(128), Client.of(128));
        long[] counts = world.runFor(60 * SECOND);
        assertThat(counts[0] + counts[1]).isCloseTo(60L * cap, Percentage.withPercentage(0.5));
        assertThat(counts[0]).isCloseTo(30L * cap, Percentage.withPercentage(3));
    }

    @ParameterizedTest
    @CsvSource({
        "750, 300, 100, 0.75",
        "15000, 1000, 100, 0.909",
        "1500, 100, 100, 0.5",
        "15000, 10000, 1, 0.9999"
    })
    void busy_volumes_share_by_their_weights(int cap, int one, int other, double part) {
        var world = world(Rate.iops(cap), 4);
        world.volume(one, Rate.UNLIMITED, Client.of(32));
        world.volume(other, Rate.UNLIMITED, Client.of(32), Client.of(32), Client.of(128));
        long[] counts = world.runFor(60 * SECOND);
        assertThat(counts[0] + counts[1]).isCloseTo(60L * cap, Percentage.withPercentage(0.5));
        assertThat(counts[0]).isCloseTo((long) (60 * cap * part), Percentage.withPercentage(4));
    }

    @Test
    void what_a_slow_or_limited_volume_leaves_goes_to_the_others() {
        var world = world(Rate.iops(3000), 5);
        world.volume(100, Rate.iops(200), Client.of(32)); // held by a limit of its own
        world.volume(
                100,
                Rate.UNLIMITED,
                new Client(1, 10 * MILLI, 4096)); // asks 100 times a second at most
        world.volume(100, Rate.UNLIMITED, Client.of(32));
        world.volume(100, Rate.UNLIMITED); // attached and idle
        long[] counts = world.runFor(60 * SECOND);
        assertThat(counts[0]).isCloseTo(60 * 200, Percentage.withPercentage(1));
        assertThat(counts[1]).isGreaterThan(60 * 70); // at most 7 ms behind a neighbour's batch
        assertThat(counts[0] + counts[1] + counts[2])
                .isCloseTo(60 * 3000, Percentage.withPercentage(0.5));
    }

    @Test
    void who_was_idle_has_no_claim_and_who_was_alone_owes_nothing() {
        var world = world(Rate.iops(1000), 6);
        Limiter.Share first = world.volume(100, Rate.UNLIMITED, Client.of(32));
        Limiter.Share second = world.volume(100, Rate.UNLIMITED);
        world.runFor(30 * SECOND);
        world.join(1, second, Client.of(32));
        long[] counts = world.runFor(SECOND);
        assertThat(counts[0]).isBetween(470L, 530L);
        assertThat(counts[1]).isBetween(470L, 530L);
        world.leave(0);
        assertThat(world.runFor(10 * SECOND)[1]).isCloseTo(10_000, Percentage.withPercentage(1));
        world.join(0, first, Client.of(1));
        counts = world.runFor(SECOND);
        assertThat(counts[0]).isBetween(450L, 550L);
    }

    @Test
    void a_volume_freed_from_its_own_limit_does_not_shut_the_others_out() {
        var world = world(Rate.iops(1000), 8);
        Limiter.Share held = world.volume(100, Rate.iops(10), Client.of(32));
        world.volume(100, Rate.UNLIMITED, Client.of(32));
        world.runFor(30 * SECOND);
        world.limiter.change(held, 100, Rate.UNLIMITED, world.clock());
        long[] counts = world.runFor(SECOND);
        assertThat(counts[0]).isBetween(400L, 560L);
        assertThat(counts[1]).isBetween(440L, 600L);
    }

    @Test
    void a_change_of_rate_or_weight_holds_at_once() {
        var world = world(Rate.iops(1500), 9);
        Limiter.Share one = world.volume(100, Rate.UNLIMITED, Client.of(32));
        world.volume(100, Rate.UNLIMITED, Client.of(32));
        world.runFor(5 * SECOND);
        world.limiter.change(Rate.iops(3000), world.clock());
        long[] counts = world.runFor(SECOND);
        assertThat(counts[0] + counts[1]).isBetween(2900L, 3070L);
        world.limiter.change(one, 300, Rate.UNLIMITED, world.clock());
        counts = world.runFor(SECOND);
        assertThat(counts[0]).isBetween(2150L, 2330L);
        world.limiter.change(one, 300, Rate.iops(500), world.clock());
        counts = world.runFor(SECOND);
        assertThat(counts[0]).isBetween(480L, 515L);
        assertThat(counts[1]).isBetween(2400L, 2570L);
        world.limiter.change(Rate.iops(50), world.clock());
        counts = world.runFor(4 * SECOND);
        assertThat(counts[0] + counts[1]).isBetween(180L, 220L);
    }

    @Test
    void a_debt_is_paid_at_the_new_rate() {
        var limiter = new Limiter(new Rate(0, 1 << 20), START);
        Limiter.Share share = limiter.share(100, Rate.UNLIMITED, START);
        assertThat(limiter.ask(share, 128, 32 << 20, START))
                .isZero(); // 32 seconds of the datastore
        assertThat(limiter.ask(share, 1, 4096, START + SECOND)).isEqualTo(Limiter.SLEEP_NANOS_MAX);
        limiter.change(new Rate(0, 1 << 30), START + SECOND);
        assertThat(limiter.ask(share, 1, 4096, START + SECOND + 31 * MILLI)).isZero();
    }

    @Test
    void bytes_are_limited_beside_operations() {
        var world = world(new Rate(1000, 64 << 20), 10);
        world.volume(100, Rate.UNLIMITED, new Client(8, 100_000, 1 << 20));
        assertThat(world.runFor(60 * SECOND)[0]).isCloseTo(60 * 64, Percentage.withPercentage(1));
        var small = world(new Rate(1000, 64 << 20), 10);
        small.volume(100, Rate.UNLIMITED, Client.of(32));
        assertThat(small.runFor(60 * SECOND)[0]).isCloseTo(60_000, Percentage.withPercentage(0.5));
    }

    @Test
    void a_mebibyte_is_four_operations() {
        var world = world(Rate.iops(1000), 11);
        world.volume(100, Rate.UNLIMITED, new Client(8, 100_000, 1 << 20));
        assertThat(world.runFor(60 * SECOND)[0]).isCloseTo(15_000, Percentage.withPercentage(0.5));
    }

    @Test
    void without_a_rate_nobody_waits() {
        var limiter = new Limiter(Rate.UNLIMITED, START);
        Limiter.Share share = limiter.share(100, Rate.UNLIMITED, START);
        for (int i = 0; i < 1_000_000; i++) {
            assertThat(limiter.ask(share, 1, 4096, START)).isZero();
        }
    }

    @Test
    void a_weight_outside_its_bounds_is_refused_with_them() {
        var limiter = new Limiter(Rate.UNLIMITED, START);
        assertThatThrownBy(() -> limiter.share(0, Rate.UNLIMITED, START))
                .hasMessageContaining("1 to 10000; got 0");
        assertThatThrownBy(() -> limiter.share(10_001, Rate.UNLIMITED, START))
                .hasMessageContaining("10001");
    }

    private static LimitedWorld world(Rate rate, long seed) {
        return new LimitedWorld(rate, seed, 9 * MILLI);
    }

    private static long[] moments(LimitedWorld world) {
        return world.passed.stream().mapToLong(Long::longValue).toArray();
    }
}

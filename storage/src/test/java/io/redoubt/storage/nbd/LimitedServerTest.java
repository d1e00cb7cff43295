// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Rate;
import io.redoubt.storage.block.Limiter;
import io.redoubt.storage.block.VolumeLimit;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A real client on a real socket; the hour-long matrix is in [LimitedServerLongTest].
@Timeout(60)
class LimitedServerTest {
    private static final long MILLIS = 3000;

    @TempDir Path root;

    @ParameterizedTest
    @CsvSource({"750, 1, 1", "1500, 4, 32", "4000, 1, 32"})
    void a_volume_gets_what_was_promised(long cap, int connections, int depth) throws Exception {
        assertThat(run(true, cap, connections, depth)).matches(LimitVerdict::kept);
    }

    @Test
    void without_the_limiter_the_same_measurement_fails() throws Exception {
        LimitVerdict verdict = run(false, 750, 1, 32);
        assertThat(verdict.kept()).isFalse();
        assertThat(verdict.most()).isGreaterThan(1500);
    }

    @Test
    void two_volumes_of_a_datastore_share_its_rate_evenly_whatever_their_depths() throws Exception {
        // One request at a time asks for half of it also on a host that has other work.
        try (var load = new LimitedLoad(root, Rate.iops(400))) {
            load.volume(true, 100, 1, 1);
            load.volume(true, 100, 4, 32);
            List<long[]> moments = load.runFor(MILLIS);
            long[] all = LimitedLoad.together(moments);
            assertThat(LimitVerdict.of(400, 5, all, load.stolenNanos()))
                    .matches(LimitVerdict::kept);
            assertThat((double) moments.getFirst().length / all.length).isBetween(0.45, 0.55);
        }
    }

    @Test
    void what_was_done_is_answered_before_the_next_request_waits() throws Exception {
        var limit = limit(Rate.iops(1));
        try (var server = serve(limit);
                var peer = Peer.simple(server.socket())) {
            byte[] read = Peer.request(0, 0, 5, 0, 512);
            long begin = System.nanoTime();
            peer.send(Peer.join(read, read));
            peer.receive(16 + 512);
            long first = System.nanoTime() - begin;
            peer.receive(16 + 512);
            long second = System.nanoTime() - begin;
            assertThat(second).isGreaterThan(950_000_000L);
            assertThat(second - first)
                    .as("the first was answered at once")
                    .isGreaterThan(400_000_000L);
            assertThat(limit.passed().waitedNanos()).isBetween(900_000_000L, second);
        }
    }

    @Test
    void closing_ends_a_request_that_waits_and_it_is_never_executed() throws Exception {
        var device = new LimitedLoad.Noting();
        var limit = limit(new Rate(0, 1000));
        var server =
                NbdServer.listen(
                        root.resolve("s"),
                        Exports.one("vol-7", Export.writable(device, "", limit)));
        try (server;
                var peer = Peer.simple(server.socket())) {
            byte[] read = Peer.request(0, 0, 5, 0, 64 << 10);
            peer.send(Peer.join(read, read)); // the second one is due in a minute
            peer.receive(16 + (64 << 10));
            Thread.sleep(100);
            long begin = System.nanoTime();
            server.close();
            assertThat(System.nanoTime() - begin).isLessThan(3_000_000_000L);
            assertThat(device.moments()).hasSize(1);
            assertThat(limit.passed().operations()).isEqualTo(1);
            peer.expectClosed();
        }
    }

    @Test
    void a_raised_limit_is_seen_by_a_request_that_waits() throws Exception {
        var limiter = new Limiter(new Rate(0, 1000));
        var limit = new VolumeLimit();
        limit.join(limiter, 100, Rate.UNLIMITED);
        try (var server = serve(limit);
                var peer = Peer.simple(server.socket())) {
            byte[] read = Peer.request(0, 0, 5, 0, 64 << 10);
            peer.send(Peer.join(read, read));
            peer.receive(16 + (64 << 10));
            Thread.sleep(100);
            long begin = System.nanoTime();
            limiter.change(new Rate(0, 1 << 30));
            peer.receive(16 + (64 << 10));
            assertThat(System.nanoTime() - begin).isLessThan(2_000_000_000L);
            limit.leave();
            peer.send(read).receive(16 + (64 << 10));
        }
    }

    @Test
    void requests_count_by_what_they_move_and_a_flush_is_free() throws Exception {
        var limit = new VolumeLimit();
        try (var server = serve(limit);
                var peer = Peer.simple(server.socket())) {
            peer.send(Peer.request(0, 0, 1, 0, 1 << 20)).receive(16 + (1 << 20)); // four
            peer.send(Peer.write(0, 2, 0, new byte[(256 << 10) + 1])).receive(16); // two
            peer.send(Peer.request(0, 4, 3, 0, 1 << 20)).receive(16); // a trim: one
            peer.send(Peer.request(0, 6, 4, 0, 1 << 20)).receive(16); // zeroes: one
            peer.send(Peer.request(0, 3, 5, 0, 0)).receive(16); // a flush: none
            peer.send(Peer.request(0, 0, 6, 1 << 20, 512)).receive(16); // refused: none
            VolumeLimit.Passed passed = limit.passed();
            assertThat(passed.operations()).isEqualTo(8);
            assertThat(passed.bytes()).isEqualTo((1 << 20) + (256 << 10) + 1);
            assertThat(passed.waitedNanos()).isZero();
        }
    }

    private LimitVerdict run(boolean limited, long cap, int connections, int depth)
            throws Exception {
        try (var load = new LimitedLoad(root, Rate.iops(cap))) {
            load.volume(limited, 100, connections, depth);
            long[] moments = load.runFor(MILLIS).getFirst();
            return LimitVerdict.of(cap, connections, moments, load.stolenNanos());
        }
    }

    private static VolumeLimit limit(Rate rate) {
        var limit = new VolumeLimit();
        limit.join(new Limiter(rate), 100, Rate.UNLIMITED);
        return limit;
    }

    private NbdServer serve(VolumeLimit limit) {
        var device = new MemoryDevice(new byte[1 << 20]);
        return NbdServer.listen(
                root.resolve("s"), Exports.one("vol-7", Export.writable(device, "", limit)));
    }
}

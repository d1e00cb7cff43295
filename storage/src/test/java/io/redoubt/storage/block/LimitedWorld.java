// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Rate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Clients of a datastore on simulated time: each connection has a thread that asks the limiter, sleeps as long as it is told and a bit
/// longer, and executes; each client keeps so many requests under way, and sends the next one a round trip after an answer.
final class LimitedWorld {
    static final long MILLI = 1_000_000;
    static final long SECOND = 1000 * MILLI;

    /// What the limiter's clock shows at the beginning: it overflows two seconds later, as nanoTime may.
    static final long ORIGIN = Long.MAX_VALUE - 2 * SECOND;

    /// @param depth     requests under way
    /// @param roundTrip from an answer to the next request at the server, in nanoseconds
    /// @param length    bytes of each request
    record Client(int depth, long roundTrip, long length) {
        static Client of(int depth) {
            return new Client(depth, 100_000, 4096);
        }
    }

    private static final class Connection {
        final Limiter.Share share;
        final int volume;
        final Client client;
        final long[] arrivals; // of the requests under way
        long wakes; // when its thread looks at the next request

        Connection(int volume, Limiter.Share share, Client client, long now) {
            this.volume = volume;
            this.share = share;
            this.client = client;
            this.arrivals = new long[client.depth()];
            Arrays.fill(arrivals, now);
            this.wakes = now;
        }

        int first() {
            int first = 0;
            for (int i = 1; i < arrivals.length; i++) {
                if (arrivals[i] < arrivals[first]) {
                    first = i;
                }
            }
            return first;
        }
    }

    final Limiter limiter;
    final List<Long> passed = new ArrayList<>(); // when, of all volumes
    private final List<Connection> connections = new ArrayList<>();
    private final SplittableRandom random;
    private final long oversleepMax;
    private final long executes;
    private long[] counts = new long[0];
    private long now;

    /// @param oversleepMax of a sleeping thread, in nanoseconds
    LimitedWorld(Rate rate, long seed, long oversleepMax) {
        this.limiter = new Limiter(rate, ORIGIN);
        this.random = new SplittableRandom(seed);
        this.oversleepMax = oversleepMax;
        this.executes = 3_000;
    }

    /// As the limiter reads it.
    long clock() {
        return ORIGIN + now;
    }

    Limiter.Share volume(int weight, Rate own, Client... clients) {
        Limiter.Share share = limiter.share(weight, own, clock());
        for (Client client : clients) {
            connections.add(new Connection(counts.length, share, client, now));
        }
        counts = Arrays.copyOf(counts, counts.length + 1);
        return share;
    }

    /// Ends every connection of a volume.
    void leave(int volume) {
        connections.removeIf(connection -> connection.volume == volume);
    }

    void join(int volume, Limiter.Share share, Client client) {
        connections.add(new Connection(volume, share, client, now));
    }

    /// How many requests of each volume passed meanwhile.
    long[] runFor(long nanos) {
        Arrays.fill(counts, 0);
        long end = now + nanos;
        while (true) {
            Connection next = connections.getFirst();
            for (Connection connection : connections) {
                if (connection.wakes < next.wakes) {
                    next = connection;
                }
            }
            if (next.wakes >= end) {
                now = end;
                return counts.clone();
            }
            now = next.wakes;
            step(next);
        }
    }

    private void step(Connection connection) {
        int first = connection.first();
        if (connection.arrivals[first] > now) {
            connection.wakes = connection.arrivals[first]; // it waits in receive
            return;
        }
        long length = connection.client.length();
        int count = (int) Math.ceilDiv(length, (long) VolumeLimit.OPERATION_BYTES);
        long wait = limiter.ask(connection.share, Math.max(1, count), length, clock());
        if (wait > 0) {
            connection.wakes = now + wait + oversleep();
            return;
        }
        passed.add(now);
        counts[connection.volume]++;
        connection.wakes = now + executes;
        connection.arrivals[first] = connection.wakes + connection.client.roundTrip();
    }

    /// Mostly a little; sometimes as long as a busy host lets a thread wait.
    private long oversleep() {
        return random.nextInt(50) == 0
                ? random.nextLong(oversleepMax + 1)
                : random.nextLong(oversleepMax / 10 + 1);
    }
}

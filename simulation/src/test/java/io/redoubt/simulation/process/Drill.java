// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Source, link and receiver as processes on three hosts, and whatever strikes them.
final class Drill {
    /// How long the newest point may be older than the end of a fault: the link dials again after 2 s at most, and the backlog of the fault,
    /// or a pass in its place, travels while other builds may use this host.
    static final Duration FRESH_MAX = Duration.ofSeconds(45);

    private static final long SLOW_BYTES_PER_SECOND = 200_000;
    private static final long DELAY_MILLIS = 10_000;
    private static final long ANSWER_SECONDS_MAX = 30;
    private static final long DRAIN_SECONDS_MAX = 120;
    private static final long LOOK_MILLIS = 100;

    /// @param endNanos    when everything could go on
    /// @param ageMillis   of the newest point at its end
    /// @param freshMillis from its end until a point of a later moment was published
    record Struck(
            LinkFault fault, long beginNanos, long endNanos, long ageMillis, long freshMillis) {}

    private final Scenario scenario;
    private final Path home;
    private final Hosts hosts;
    private final long seed;
    private final Optional<Room> room;
    private final List<Struck> struck = new ArrayList<>();
    private int life;
    private @Nullable Child source;
    private @Nullable Child receiver;
    private @Nullable Child relay;

    Drill(Scenario scenario, Path home, Hosts hosts, long seed, Optional<Room> room) {
        this.scenario = scenario;
        this.home = home;
        this.hosts = hosts;
        this.seed = seed;
        this.room = room;
    }

    void start() throws Exception {
        startReceiver();
        relay =
                new Child(
                        hosts.in("relay"),
                        RelayProcess.class,
                        home.resolve("relay.err"),
                        hosts.relay(),
                        hosts.receiver());
        startSource();
        long _ = awaitPointOfNow("the start");
    }

    private Child startReceiver() throws Exception {
        receiver =
                new Child(
                        hosts.in("receiver"),
                        ReceiverProcess.class,
                        home.resolve("receiver-" + struck.size() + ".err"),
                        scenario.name(),
                        home.toString(),
                        hosts.receiver(),
                        journal().toString());
        return receiver;
    }

    private Child startSource() throws Exception {
        life++;
        source =
                new Child(
                        hosts.in("source"),
                        SourceProcess.class,
                        home.resolve("source-" + life + ".err"),
                        scenario.name(),
                        home.toString(),
                        hosts.relay(),
                        String.valueOf(seed),
                        String.valueOf(life));
        return source;
    }

    Path journal() {
        return room.map(Room::directory).orElse(home.resolve(ReceiverProcess.JOURNAL));
    }

    /// Strikes, holds, heals, and waits until a later moment is published.
    void strike(LinkFault fault, Duration hold) throws Exception {
        requireAlive(require(source));
        requireAlive(require(receiver));
        long begin = System.nanoTime();
        switch (fault) {
            case SOURCE_KILLED -> {
                require(source).kill();
                startSource();
            }
            case RECEIVER_KILLED -> {
                require(receiver).kill();
                Thread.sleep(hold);
                startReceiver();
            }
            case SOURCE_STOPPED -> pause(require(source), hold);
            case RECEIVER_STOPPED -> pause(require(receiver), hold);
            case LINK_CUT -> bend("cut", hold, "heal");
            case LINK_SLOW -> bend("rate " + SLOW_BYTES_PER_SECOND, hold, "rate " + Long.MAX_VALUE);
            case LINK_DELAYED -> bend("delay " + DELAY_MILLIS, hold, "delay 0");
            case RECEIVER_FULL -> {
                room.orElseThrow().fill();
                Thread.sleep(hold);
                room.orElseThrow().clear();
            }
        }
        long end = System.nanoTime();
        long age = System.currentTimeMillis() - newestStamp();
        struck.add(new Struck(fault, begin, end, age, awaitPointOfNow(fault.name())));
    }

    /// A process that found something wrong has ended by itself and says why; a kill must not cover that.
    private static void requireAlive(Child child) throws IOException {
        if (!child.isAlive()) {
            throw new AssertionError(child.said());
        }
    }

    private static void pause(Child child, Duration hold) throws Exception {
        child.stop();
        try {
            Thread.sleep(hold);
        } finally {
            child.goOn();
        }
    }

    private void bend(String begin, Duration hold, String end) throws Exception {
        require(relay).ask(begin, "done", ANSWER_SECONDS_MAX);
        Thread.sleep(hold);
        require(relay).ask(end, "done", ANSWER_SECONDS_MAX);
    }

    /// Liveness.
    ///
    /// @return how long it took
    private long awaitPointOfNow(String after) throws Exception {
        long now = System.currentTimeMillis();
        while (newestStamp() < now) {
            if (System.currentTimeMillis() - now > FRESH_MAX.toMillis()) {
                throw new AssertionError(
                        "no point %s after %s%nsource: %s%nreceiver: %s"
                                .formatted(
                                        FRESH_MAX,
                                        after,
                                        require(source).said(),
                                        require(receiver).said()));
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return System.currentTimeMillis() - now;
    }

    private long newestStamp() throws IOException {
        return PointsLog.newest(home.resolve(ReceiverProcess.POINTS))
                .map(PointsLog.Sample::stampMillis)
                .orElse(0L);
    }

    List<Struck> struck() {
        return struck;
    }

    /// Ends the load, waits until both sides are the same, ends the processes.
    ///
    /// @return the number of the last point
    long drain() throws Exception {
        String drained = require(source).ask("drain", "drained", DRAIN_SECONDS_MAX);
        require(source).awaitEnd();
        return Long.parseLong(drained.substring("drained ".length()));
    }

    private static Child require(@Nullable Child child) {
        if (child == null) {
            throw new IllegalStateException("not started");
        }
        return child;
    }

    void kill() throws InterruptedException {
        for (Child child : new Child[] {source, relay, receiver}) {
            if (child != null) {
                child.kill();
            }
        }
    }
}

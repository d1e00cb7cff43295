// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.storage.replication.SourceLink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/// The process that is killed at the source: the volumes, their link, and a load on them.
///
/// Says `ready` when it writes. A line on its input ends the load: it drains, says `drained N` and ends. It ends with its input, too.
///
/// Its writes need a grant, as everywhere: the receiver's, or the control plane's, which here is a thread that always gives one.
public final class SourceProcess {
    static final String LOAD = "load.log";
    static final String VOLUMES = "source";
    static final String REPORTED = "reported.log";

    private static final Duration DRAIN_MAX = Duration.ofSeconds(90);
    private static final Duration FOUND_MAX = Duration.ofSeconds(2);
    private static final long GRANT_EVERY_NANOS = 1_000_000_000L;

    private final int life;
    private final RealSource source;
    private final LoadLog log;

    private SourceProcess(int life, RealSource source, LoadLog log) {
        this.life = life;
        this.source = source;
        this.log = log;
    }

    /// @param args scenario, directory, address and port that lead to the receiver, seed, number of this life
    public static void main(String[] args) throws Exception {
        Scenario scenario = Scenario.named(args[0]);
        Path directory = Path.of(args[1]);
        int life = Integer.parseInt(args[4]);
        Clock clock = new SystemClock();
        var holder = new GrantHolder(GrantTimes.DEFAULT, 1);
        grantForEver(holder, clock);
        var grants = new RealSource.Grants(holder, () -> holder.standing(clock.bootNanos()));
        try (var log = new LoadLog(directory.resolve(LOAD));
                var source =
                        new RealSource(
                                directory.resolve(VOLUMES),
                                scenario,
                                RelayProcess.address(args[2]),
                                life,
                                grants,
                                raw -> new Lingering(raw, scenario.pace().lingerNanosMax()))) {
            var process = new SourceProcess(life, source, log);
            PointsLog.keep(directory.resolve(REPORTED), process::reported);
            process.run(new Load(scenario, Long.parseLong(args[3]), life, source.volumes, log));
        }
        System.exit(0);
    }

    private static void grantForEver(GrantHolder holder, Clock clock) {
        Thread.ofPlatform()
                .daemon()
                .name("control-plane")
                .start(() -> {
                    while (true) {
                        long nonce = ThreadLocalRandom.current().nextLong();
                        holder.requested(GrantorKind.CONTROL, nonce, clock.bootNanos());
                        holder.answered(
                                GrantorKind.CONTROL, nonce, new GrantAnswer.Granted(holder.term()));
                        LockSupport.parkNanos(GRANT_EVERY_NANOS);
                    }
                });
    }

    private PointsLog.Sample reported() {
        SourceLink.Status status = source.link.status();
        return new PointsLog.Sample(
                System.currentTimeMillis(),
                status.publishedNumber(),
                status.publishedStampMillis());
    }

    private void run(Load load) throws Exception {
        for (int v = 0; v < source.volumes.size(); v++) {
            long last = source.volumes.get(v).lastVseq();
            log.append(new LoadLog.Entry(LoadLog.Kind.START, v, 0, 0, life, 0, 0, last));
        }
        System.out.println("ready");
        source.link.start();
        noteWhatIsFound();
        load.start();
        long cutNanosMax = load.scenario().pace().cutNanosMax();
        if (cutNanosMax > 0) {
            Thread.ofPlatform().daemon().name("random-cuts").start(() -> cutForEver(cutNanosMax));
        }
        if (System.in.read() < 0) {
            System.exit(3); // the test is gone
        }
        load.end();
        System.out.println("drained " + source.drain(DRAIN_MAX));
    }

    /// Points at moments that no clock chose.
    private void cutForEver(long nanosMax) {
        while (true) {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(nanosMax));
            source.link.cut("");
        }
    }

    /// What a kill left must be the same on both sides, before new writes cover it. Skipped when the receiver stays away.
    private void noteWhatIsFound() throws IOException, InterruptedException {
        long point;
        try {
            point = source.drain(FOUND_MAX);
        } catch (IllegalStateException _) {
            return;
        }
        for (int v = 0; v < source.volumes.size(); v++) {
            long crc = LoadLog.crc(OverlapTest.content(source.volumes.get(v)));
            log.append(new LoadLog.Entry(LoadLog.Kind.FOUND, v, 0, 0, life, 0, point, crc));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.storage.replication.SourceVolume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// The process that is killed at the source: two volumes, their link, and a load on them.
///
/// Says `ready` when it writes. A line on its input ends the load: it drains, says `drained N` and ends. It ends with its input, too.
public final class SourceProcess {
    private static final int WRITERS = 2;
    private static final int SECTORS_MOST = 40;
    private static final int HOT_SECTORS = 1024;
    private static final long PAUSE_NANOS = 300_000;
    private static final Duration DRAIN_MAX = Duration.ofSeconds(90);
    private static final int LINGER_NANOS_MAX = 6_000_000;
    private static final Duration FOUND_MAX = Duration.ofSeconds(2);

    private final long seed;
    private final int life;
    private final RealSource source;
    private final LoadLog log;
    private final AtomicLong operation;
    private volatile boolean stopped;

    private SourceProcess(long seed, int life, RealSource source, LoadLog log) {
        this.seed = seed;
        this.life = life;
        this.source = source;
        this.log = log;
        this.operation = new AtomicLong((long) life << 32);
    }

    /// @param args directory, port of the receiver, seed, number of this life
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        int life = Integer.parseInt(args[3]);
        try (var log = new LoadLog(directory.resolve("load.log"));
                var source =
                        new RealSource(
                                directory.resolve("source"),
                                Integer.parseInt(args[1]),
                                life,
                                () -> GrantHolder.Standing.GRANTED,
                                raw -> new Lingering(raw, LINGER_NANOS_MAX))) {
            new SourceProcess(Long.parseLong(args[2]), life, source, log).run();
        }
        System.exit(0);
    }

    private void run() throws Exception {
        for (int v = 0; v < source.volumes.size(); v++) {
            long last = source.volumes.get(v).lastVseq();
            log.append(new LoadLog.Entry(LoadLog.Kind.START, v, 0, 0, life, 0, last));
        }
        System.out.println("ready");
        source.link.start();
        noteWhatIsFound();
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            var random = new SplittableRandom(seed + life * 31L + i);
            writers.add(Thread.ofPlatform().daemon().start(() -> load(random)));
        }
        if (System.in.read() < 0) {
            System.exit(3); // the test is gone
        }
        stopped = true;
        for (Thread writer : writers) {
            writer.join();
        }
        System.out.println("drained " + source.drain(DRAIN_MAX));
    }

    /// What a kill left must be the same on both sides, before new writes cover it. Skipped when the receiver stays away.
    private void noteWhatIsFound() throws Exception {
        long point;
        try {
            point = source.drain(FOUND_MAX);
        } catch (IllegalStateException _) {
            return;
        }
        for (int v = 0; v < source.volumes.size(); v++) {
            long crc = LoadLog.crc(OverlapTest.content(source.volumes.get(v)));
            log.append(new LoadLog.Entry(LoadLog.Kind.FOUND, v, 0, 0, life, point, crc));
        }
    }

    private void load(SplittableRandom random) {
        try {
            while (!stopped) {
                write(random);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (IOException | RuntimeException e) {
            e.printStackTrace();
            System.exit(4);
        }
    }

    private void write(SplittableRandom random) throws IOException {
        int v = random.nextInt(source.volumes.size());
        SourceVolume volume = source.volumes.get(v);
        int all = (int) (volume.size() / LoadLog.SECTOR);
        int sector = random.nextInt(random.nextInt(4) == 0 ? all : HOT_SECTORS);
        int sectors = 1 + random.nextInt(Math.min(SECTORS_MOST, all - sector));
        long op = operation.incrementAndGet();
        byte[] data = LoadLog.content(seed, v, sector, sectors, op);
        log.append(new LoadLog.Entry(LoadLog.Kind.INTENT, v, sector, sectors, life, op, 0));
        long vseq;
        do {
            vseq = volume.tryWrite((long) sector * LoadLog.SECTOR, ByteBuffer.wrap(data));
        } while (vseq == SourceVolume.NOT_NOW);
        log.append(new LoadLog.Entry(LoadLog.Kind.ACK, v, sector, sectors, life, op, vseq));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
import io.redoubt.storage.replication.SourceVolume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// What the guests do: writers that write anywhere, and chains whose next token goes to any volume, only after the reply of the one
/// before. Every write is in the [LoadLog] before it is submitted, and again when it was acknowledged.
final class Load {
    private static final int SECTORS_MOST = 40;
    private static final int HOT_SECTORS = 1024;
    private static final long WAIT_NANOS = 50_000;

    private final Scenario scenario;
    private final long seed;
    private final int life;
    private final List<SourceVolume> volumes;
    private final LoadLog log;
    private final AtomicLong operation;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    /// @param life counts the lives of the source from 1
    Load(Scenario scenario, long seed, int life, List<SourceVolume> volumes, LoadLog log) {
        this.scenario = scenario;
        this.seed = seed;
        this.life = life;
        this.volumes = volumes;
        this.log = log;
        this.operation = new AtomicLong((long) life << 32);
    }

    Scenario scenario() {
        return scenario;
    }

    void start() {
        for (int i = 0; i < scenario.pace().writers(); i++) {
            var random = new SplittableRandom(seed + life * 31L + i);
            run(() -> writeAnywhere(random));
        }
        for (int chain = 1; chain <= scenario.chains(); chain++) {
            int number = chain;
            var random = new SplittableRandom(seed - life * 31L - chain);
            run(() -> writeTokens(number, random));
        }
    }

    void end() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private interface Body {
        void run() throws IOException;
    }

    private void run(Body body) {
        threads.add(
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            try {
                                body.run();
                            } catch (IOException | RuntimeException e) {
                                e.printStackTrace();
                                System.exit(4);
                            }
                        }));
    }

    private void writeAnywhere(SplittableRandom random) throws IOException {
        int first = scenario.tokenSectors();
        while (!stopped) {
            int v = random.nextInt(volumes.size());
            int all = (int) (volumes.get(v).size() / LoadLog.SECTOR);
            int sector = first + random.nextInt(random.nextInt(4) == 0 ? all - first : HOT_SECTORS);
            int sectors = 1 + random.nextInt(Math.min(SECTORS_MOST, all - sector));
            long _ = write(v, sector, sectors, 0);
            LockSupport.parkNanos(scenario.pace().pauseNanos());
        }
    }

    private void writeTokens(int chain, SplittableRandom random) throws IOException {
        int first = (chain - 1) * Scenario.RING;
        long[][] written = new long[volumes.size()][Scenario.RING];
        for (int token = 0; !stopped; token++) {
            int v = random.nextInt(volumes.size());
            int slot = token % Scenario.RING;
            requireThere(v, first + slot, written[v][slot]);
            written[v][slot] = write(v, first + slot, 1, chain);
            LockSupport.parkNanos(random.nextLong(scenario.pace().pauseNanos()));
        }
    }

    /// Nobody else writes here: a token that was acknowledged is what a read shows, until the next one.
    private void requireThere(int v, int sector, long op) {
        ByteBuffer found = ByteBuffer.allocate(LoadLog.SECTOR);
        volumes.get(v).read((long) sector * LoadLog.SECTOR, found);
        if (op != 0 && !found.flip().equals(ByteBuffer.wrap(LoadLog.sector(seed, v, sector, op)))) {
            throw new IllegalStateException(
                    "sector %d of volume %d lost operation %x, which was acknowledged"
                            .formatted(sector, v, op));
        }
    }

    /// @return the operation
    private long write(int v, int sector, int sectors, int chain) throws IOException {
        SourceVolume volume = volumes.get(v);
        long op = operation.incrementAndGet();
        byte[] data = LoadLog.content(seed, v, sector, sectors, op);
        var intent = new Entry(Kind.INTENT, v, sector, sectors, life, chain, op, 0);
        log.append(intent);
        long vseq = volume.tryWrite((long) sector * LoadLog.SECTOR, ByteBuffer.wrap(data));
        while (vseq == SourceVolume.NOT_NOW) {
            LockSupport.parkNanos(WAIT_NANOS);
            vseq = volume.tryWrite((long) sector * LoadLog.SECTOR, ByteBuffer.wrap(data));
        }
        while (!volume.mayReply()) {
            LockSupport.parkNanos(WAIT_NANOS);
        }
        log.append(intent.acknowledged(vseq));
        return op;
    }
}

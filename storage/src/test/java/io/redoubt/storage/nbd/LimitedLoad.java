// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.Rate;
import io.redoubt.storage.block.Limiter;
import io.redoubt.storage.block.VolumeLimit;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A datastore with a few volumes, each on a socket of its own, and clients that keep a number of reads under way on each connection.
final class LimitedLoad implements AutoCloseable {
    private static final int BYTES = 512;
    private static final int MOMENTS_MAX = 4_000_000;

    /// Notes when each read was executed, which is when it passed the limit.
    static final class Noting extends MemoryDevice {
        private final long[] moments = new long[MOMENTS_MAX];
        private final AtomicInteger count = new AtomicInteger();
        volatile boolean noting = true;

        Noting() {
            super(new byte[1 << 20]);
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            if (noting) {
                int index = count.getAndIncrement();
                moments[Math.min(index, MOMENTS_MAX - 1)] = System.nanoTime();
            }
            super.read(offset, into);
        }

        /// In order.
        long[] moments() {
            long[] noted = Arrays.copyOf(moments, Math.min(count.get(), MOMENTS_MAX));
            Arrays.sort(noted);
            return noted;
        }
    }

    private final Path directory;
    private final Limiter limiter;
    private final List<NbdServer> servers = new ArrayList<>();
    private final List<Noting> devices = new ArrayList<>();
    private final List<Thread> clients = new ArrayList<>();
    private volatile boolean over;
    private long stolenNanos;

    LimitedLoad(Path directory, Rate rate) {
        this.directory = directory;
        this.limiter = new Limiter(rate);
    }

    /// @param limited whether the volume joins the datastore's limiter
    void volume(boolean limited, int weight, int connections, int depth) throws IOException {
        var limit = new VolumeLimit();
        if (limited) {
            limit.join(limiter, weight, Rate.UNLIMITED);
        }
        var device = new Noting();
        Path socket = directory.resolve("s" + servers.size());
        servers.add(
                NbdServer.listen(socket, Exports.one("vol-7", Export.writable(device, "", limit))));
        devices.add(device);
        for (int i = 0; i < connections; i++) {
            Peer peer = Peer.simple(socket);
            clients.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("client")
                            .unstarted(() -> keepBusy(peer, depth)));
        }
    }

    /// @return the moments of each volume
    List<long[]> runFor(long millis) throws InterruptedException {
        var stolen = new Stolen();
        clients.forEach(Thread::start);
        Thread.sleep(millis);
        stolenNanos = stolen.nanos(); // while all the threads are there to be asked
        devices.forEach(device -> device.noting = false);
        over = true;
        for (Thread client : clients) {
            client.join();
        }
        return devices.stream().map(Noting::moments).toList();
    }

    /// Of the last run.
    long stolenNanos() {
        return stolenNanos;
    }

    static long[] together(List<long[]> all) {
        return all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    }

    /// Processor time of the threads that serve connections, in nanoseconds.
    static long serverNanos() {
        var threads = ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (var info : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (info != null && info.getThreadName().equals("nbd")) {
                sum += Math.max(0, threads.getThreadCpuTime(info.getThreadId()));
            }
        }
        return sum;
    }

    private void keepBusy(Peer peer, int depth) {
        byte[] request = Peer.request(0, 0, 7, 4096, BYTES);
        byte[] burst = new byte[request.length * depth];
        for (int i = 0; i < depth; i++) {
            System.arraycopy(request, 0, burst, i * request.length, request.length);
        }
        int reply = 16 + BYTES;
        ByteBuffer replies = ByteBuffer.allocateDirect(depth * reply);
        try (peer) {
            ByteBuffer requests = ByteBuffer.allocateDirect(burst.length).put(burst);
            int owed = depth;
            while (!over) {
                requests.position(0).limit(owed * request.length);
                while (requests.hasRemaining()) {
                    peer.channel().write(requests);
                }
                if (peer.channel().read(replies) < 0) {
                    throw new IOException("the server closed");
                }
                owed = replies.position() / reply;
                replies.flip().position(owed * reply);
                replies.compact();
            }
        } catch (IOException e) {
            if (!over) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void close() {
        over = true;
        servers.forEach(NbdServer::close);
    }
}

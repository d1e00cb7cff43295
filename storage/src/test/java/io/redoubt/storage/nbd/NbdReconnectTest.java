// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A client whose server goes away and comes back, with its memory or without.
@Timeout(60)
class NbdReconnectTest {
    private static final int SIZE = 4 << 20;
    private static final Retries PATIENT =
            new Retries(Duration.ofSeconds(5), Duration.ofSeconds(20));

    @TempDir Path root;
    private Path socket;
    private NbdServer server;
    private Forgetful device = new Forgetful(new byte[SIZE]);

    /// A host that loses with its power what no flush covered.
    private static class Forgetful extends MemoryDevice {
        private static final List<Kind> KINDS = List.of(Kind.DATA, Kind.ZERO, Kind.HOLE);
        final byte[] durable;
        final AtomicInteger reads = new AtomicInteger();

        Forgetful(byte[] durable) {
            super(durable.clone());
            this.durable = durable;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            reads.incrementAndGet();
            super.read(offset, into);
        }

        @Override
        public synchronized void write(long offset, ByteBuffer from) {
            super.write(offset, from);
        }

        @Override
        public synchronized void flush() {
            super.flush();
            System.arraycopy(bytes, 0, durable, 0, bytes.length);
        }

        @Override
        public void extents(long offset, long length, ExtentSink sink) {
            boolean more = true;
            for (long at = offset; at < offset + length && more; at += 4096) {
                Kind kind = KINDS.get((int) (at / 4096 % 3));
                more = sink.extent(Math.min(4096, offset + length - at), kind);
            }
        }

        Forgetful afterPowerLoss() {
            return new Forgetful(durable);
        }
    }

    @BeforeEach
    void start() {
        socket = root.resolve("s");
        listen();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void requests_go_on_after_each_cut_as_if_nothing_had_been() {
        var random = new SplittableRandom(1);
        var expected = new byte[SIZE];
        try (var client = patient()) {
            for (int i = 0; i < 200; i++) {
                if (i % 10 == 5) {
                    server.reconnectAll();
                }
                if (i % 50 == 25) {
                    server.close();
                    listen();
                }
                var bytes = new byte[random.nextInt(1, 100_000)];
                random.nextBytes(bytes);
                int at = random.nextInt(SIZE - bytes.length);
                if (i % 4 == 3) {
                    Arrays.fill(bytes, (byte) 0);
                    client.zero(at, bytes.length);
                } else {
                    client.write(at, ByteBuffer.wrap(bytes));
                }
                System.arraycopy(bytes, 0, expected, at, bytes.length);
                assertThat(read(client, at, bytes.length)).isEqualTo(bytes);
            }
            client.flush();
        }
        assertThat(Arrays.mismatch(device.durable, expected)).isEqualTo(-1);
    }

    /// The server acknowledged, then its host lost power. Its second life knows nothing of the writes.
    @Test
    void a_flush_covers_writes_that_the_server_lost_with_its_power() {
        try (var client = patient()) {
            client.write(0, bytes(4096, 1));
            client.flush();
            client.write(0, bytes(4096, 2));
            client.write(8192, bytes(4096, 3));
            client.zero(9000, 100);
            server.close();
            device = device.afterPowerLoss();
            assertThat(device.bytes[0]).as("lost").isEqualTo((byte) 1);
            listen();
            client.flush();
            assertThat(device.durable[0]).isEqualTo((byte) 2);
            assertThat(device.durable[8192]).isEqualTo((byte) 3);
            assertThat(device.durable[9000]).isZero();
        }
    }

    /// Sending the old write again must not hide the newer one, which was durable and needed no second sending.
    @Test
    void a_durable_write_over_an_older_one_stays_the_last() {
        try (var client = patient()) {
            client.write(0, bytes(4096, 1));
            client.write(0, bytes(4096, 2), true);
            server.close();
            device = device.afterPowerLoss();
            listen();
            assertThat(read(client, 0, 1)).containsExactly(2);
        }
    }

    /// 16 MiB at the most are kept: a client that never flushes is made to.
    @Test
    void what_is_kept_for_a_second_sending_has_a_bound() {
        try (var client = patient()) {
            for (int i = 0; i < 40; i++) {
                client.write(0, bytes(1 << 20, i));
            }
            assertThat(device.flushes.get()).isEqualTo(2);
            for (int i = 0; i < 5000; i++) {
                client.write(0, bytes(1, i));
            }
            assertThat(device.flushes.get()).isBetween(3, 4);
        }
    }

    @Test
    void a_server_that_stays_away_is_given_up_with_the_reason() {
        var brief = new Retries(Duration.ofSeconds(5), Duration.ofMillis(300));
        try (var client = NbdClient.connect(new NbdAddress.Unix(socket), "vol-7", brief)) {
            server.close();
            assertThat(faultOf(() -> client.write(0, bytes(1, 1))))
                    .isInstanceOfSatisfying(
                            NbdFault.GaveUp.class,
                            gaveUp -> {
                                assertThat(gaveUp.waitedMillis()).isBetween(300L, 5000L);
                                assertThat(gaveUp.why()).contains(socket.toString());
                            });
        }
    }

    @Test
    void a_server_that_says_nothing_counts_as_cut() {
        var gate = new CountDownLatch(1);
        var stuck = new AtomicBoolean(true);
        server.close();
        device =
                new Forgetful(new byte[SIZE]) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        if (stuck.getAndSet(false)) {
                            await(gate);
                        }
                        super.read(offset, into);
                    }
                };
        listen();
        var quick = new Retries(Duration.ofMillis(300), Duration.ofSeconds(20));
        try (var client = NbdClient.connect(new NbdAddress.Unix(socket), "vol-7", quick)) {
            assertThat(read(client, 0, 10)).hasSize(10);
        } finally {
            gate.countDown();
        }
    }

    @Test
    void a_request_that_cuts_every_connection_is_given_up() {
        server.close();
        var attempts = new AtomicInteger();
        device =
                new Forgetful(new byte[SIZE]) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        attempts.incrementAndGet();
                        server.reconnectAll();
                    }
                };
        listen();
        var lasting = new Retries(Duration.ofSeconds(5), Duration.ofMinutes(10));
        try (var client = NbdClient.connect(new NbdAddress.Unix(socket), "vol-7", lasting)) {
            var given = CompletableFuture.supplyAsync(() -> faultOf(() -> read(client, 0, 10)));
            assertThat(given.orTimeout(50, TimeUnit.SECONDS).join())
                    .isInstanceOf(NbdFault.GaveUp.class);
            assertThat(attempts.get()).isEqualTo(10);
        }
    }

    /// The export grew while it was used; the cut tells the client to look again.
    @Test
    void a_larger_size_is_seen_after_the_cut_and_a_smaller_one_is_refused() {
        try (var client = patient()) {
            client.write(0, bytes(4096, 1));
            device.flush();
            server.close();
            device = new Forgetful(Arrays.copyOf(device.durable, 2 * SIZE));
            listen();
            read(client, 0, 1);
            assertThat(client.size()).isEqualTo(2 * SIZE);
            client.write(2 * SIZE - 1, bytes(1, 7));
            server.close();
            device = new Forgetful(new byte[SIZE]);
            listen();
            assertThat(faultOf(() -> read(client, 0, 1)))
                    .isEqualTo(new NbdFault.Shrunk("vol-7", 2 * SIZE, SIZE));
        }
    }

    @Test
    void an_export_that_is_gone_is_told_at_once() {
        try (var client = patient()) {
            server.close();
            server = NbdServer.listen(socket, Exports.one("vol-8", Export.writable(device, "")));
            assertThat(faultOf(() -> read(client, 0, 1)))
                    .isEqualTo(new NbdFault.UnknownExport("vol-7"));
        }
    }

    @Test
    void closing_ends_a_wait_for_the_server() throws Exception {
        var client = patient();
        server.close();
        var fault = CompletableFuture.supplyAsync(() -> faultOf(() -> read(client, 0, 1)));
        Thread.sleep(200);
        client.close();
        assertThat(fault.get(10, TimeUnit.SECONDS)).isInstanceOf(NbdFault.Disconnected.class);
    }

    @Test
    void without_retries_the_first_cut_is_told() {
        try (var client = NbdClient.connect(socket, "vol-7")) {
            server.close();
            assertThat(faultOf(() -> read(client, 0, 1))).isInstanceOf(NbdFault.Disconnected.class);
        }
    }

    @Test
    void extents_are_those_of_the_server() {
        try (var client = patient()) {
            var seen = new ArrayList<String>();
            client.extents(0, 5 * 4096, (bytes, kind) -> seen.add(kind + " " + bytes));
            assertThat(seen)
                    .containsExactly(
                            "DATA 4096", "ZERO 4096", "HOLE 4096", "DATA 4096", "ZERO 4096");
            var sum = new long[1];
            client.extents(
                    100,
                    SIZE - 100,
                    (bytes, _) -> {
                        sum[0] += bytes;
                        return true;
                    });
            assertThat(sum[0]).isEqualTo(SIZE - 100);
            assertThatThrownBy(() -> client.extents(SIZE, 1, (_, _) -> true))
                    .isInstanceOf(FaultException.class);
        }
    }

    private NbdClient patient() {
        return NbdClient.connect(new NbdAddress.Unix(socket), "vol-7", PATIENT);
    }

    private void listen() {
        server = NbdServer.listen(socket, Exports.one("vol-7", Export.writable(device, "")));
    }

    private static ByteBuffer bytes(int count, int value) {
        var bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] read(NbdClient client, int offset, int count) {
        var into = ByteBuffer.allocate(count);
        client.read(offset, into);
        return into.array();
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Fault faultOf(Runnable call) {
        try {
            call.run();
        } catch (FaultException e) {
            return e.fault();
        }
        throw new AssertionError("it was not refused");
    }
}

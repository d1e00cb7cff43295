// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NbdServerTest {
    private static final NbdLimits SHORT =
            new NbdLimits(Duration.ofMillis(400), Duration.ofMillis(400), 3, Duration.ofSeconds(5));

    @TempDir Path root;

    /// Holds every write at its last MiB until it is interrupted, as a source does that may not acknowledge.
    private static final class HoldingDevice extends MemoryDevice {
        final CountDownLatch held = new CountDownLatch(1);
        final CountDownLatch released = new CountDownLatch(1);

        HoldingDevice() {
            super(new byte[2 << 20]);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            if (offset >= 1 << 20) {
                held.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    released.countDown();
                    throw new FaultException(new VolumeFault.Closed(ID), e);
                }
            }
            super.write(offset, from);
        }
    }

    @Test
    void a_held_write_holds_its_own_connection_only() throws Exception {
        var device = new HoldingDevice();
        Path socket = root.resolve("s");
        try (var server = serve(socket, device, NbdLimits.DEFAULT);
                var held = Peer.simple(socket);
                var free = Peer.simple(socket)) {
            assertThat(server.port()).isEqualTo(-1);
            held.send(Peer.write(0, 1, 1 << 20, new byte[512]));
            device.held.await();
            free.send(Peer.write(0, 2, 0, new byte[512]));
            free.expect(Peer.simpleReply(0, 2));
            free.send(Peer.request(0, 3, 3, 0, 0));
            free.expect(Peer.simpleReply(0, 3));
        }
    }

    @Test
    void closing_interrupts_a_held_write_and_answers_nothing() throws Exception {
        var device = new HoldingDevice();
        Path socket = root.resolve("s");
        NbdServer server = serve(socket, device, NbdLimits.DEFAULT);
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.write(0, 1, 1 << 20, new byte[512]));
            device.held.await();
            server.close();
            assertThat(device.released.await(5, TimeUnit.SECONDS)).isTrue();
            peer.expectClosed();
        }
        assertThat(Files.exists(socket)).isFalse();
    }

    @Test
    void a_peer_that_stalls_in_a_message_is_cut_off_and_a_silent_one_is_not() throws Exception {
        Path socket = root.resolve("s");
        try (var server = serve(socket, new MemoryDevice(new byte[4096]), SHORT);
                var stalled = Peer.simple(socket);
                var payload = Peer.simple(socket);
                var silent = Peer.simple(socket)) {
            assertThat(server.port()).isEqualTo(-1);
            stalled.send(new byte[] {0x25, 0x60});
            payload.send(Peer.request(0, 1, 1, 0, 100));
            stalled.expectClosed();
            payload.expectClosed();
            Thread.sleep(1000);
            silent.expectAlive();
        }
    }

    @Test
    void a_peer_that_dawdles_byte_by_byte_is_cut_off_too() throws Exception {
        Path socket = root.resolve("s");
        try (var _ = serve(socket, new MemoryDevice(new byte[4096]), SHORT);
                var peer = Peer.simple(socket)) {
            long start = System.nanoTime();
            try {
                for (byte one : Peer.write(0, 1, 0, new byte[100])) {
                    peer.send(new byte[] {one});
                    Thread.sleep(50);
                }
            } catch (IOException e) {
                assertThat(e).isNotNull(); // the pipe broke: cut off
            }
            peer.expectClosed();
            assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
        }
    }

    @Test
    void a_write_that_the_device_holds_for_long_is_not_the_peers_fault() throws Exception {
        Path socket = root.resolve("s");
        var slow =
                new MemoryDevice(new byte[2 << 20]) {
                    @Override
                    public void write(long offset, ByteBuffer from) {
                        try {
                            Thread.sleep(900);
                        } catch (InterruptedException e) {
                            throw new FaultException(new VolumeFault.Closed(ID), e);
                        }
                        super.write(offset, from);
                    }
                };
        try (var _ = serve(socket, slow, SHORT);
                var peer = Peer.simple(socket)) {
            peer.send(Peer.write(0, 1, 0, new byte[512]));
            peer.expect(Peer.simpleReply(0, 1));
            peer.send(Peer.write(0, 2, 0, new byte[600 << 10]));
            peer.expect(Peer.simpleReply(0, 2));
        }
    }

    @Test
    void a_negotiation_that_stalls_is_cut_off_at_every_stage() throws Exception {
        Path socket = root.resolve("s");
        byte[] all = Peer.join(Peer.flags(), Peer.option(3, new byte[0]), Peer.go("vol-7"));
        try (var _ = serve(socket, new MemoryDevice(new byte[4096]), SHORT)) {
            for (int length : new int[] {0, 2, 4, 10, 20, 22, all.length - 1}) {
                try (var peer = new Peer(socket)) {
                    peer.receive(18);
                    peer.send(java.util.Arrays.copyOf(all, length));
                    if (length >= 20) {
                        peer.receive(20 + 9 + 20);
                    }
                    peer.expectClosed();
                }
            }
        }
    }

    @Test
    void a_peer_that_takes_no_replies_is_cut_off_and_others_are_served() throws Exception {
        Path socket = root.resolve("s");
        try (var _ = serve(socket, new MemoryDevice(new byte[8 << 20]), SHORT);
                var greedy = Peer.simple(socket);
                var polite = Peer.simple(socket)) {
            try {
                for (int i = 0; i < 1000; i++) {
                    greedy.send(Peer.request(0, 0, i, 0, 4 << 20));
                    polite.expectAlive();
                    Thread.sleep(2);
                }
                throw new AssertionError("it was never cut off");
            } catch (IOException e) {
                assertThat(e)
                        .hasMessageNotContaining("closed after"); // greedy's pipe, not polite's
            }
            polite.expectAlive();
        }
    }

    @Test
    void more_connections_than_allowed_are_closed_and_room_comes_back() throws Exception {
        Path socket = root.resolve("s");
        try (var _ = serve(socket, new MemoryDevice(new byte[4096]), SHORT)) {
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                peers.add(Peer.simple(socket));
            }
            try (var late = new Peer(socket)) {
                late.expectClosed();
            }
            for (Peer peer : peers) {
                peer.expectAlive();
                peer.close();
            }
            Thread.sleep(300);
            try (var next = Peer.simple(socket)) {
                next.expectAlive();
            }
        }
    }

    @Test
    void a_write_on_one_connection_is_covered_by_a_flush_on_another() throws Exception {
        Path socket = root.resolve("s");
        var order = new java.util.concurrent.ConcurrentLinkedQueue<String>();
        var device =
                new MemoryDevice(new byte[4096]) {
                    @Override
                    public void write(long offset, ByteBuffer from) {
                        super.write(offset, from);
                        order.add("write");
                    }

                    @Override
                    public void flush() {
                        order.add("flush");
                    }
                };
        try (var _ = serve(socket, device, NbdLimits.DEFAULT);
                var one = NbdClient.connect(socket, "vol-7");
                var two = NbdClient.connect(socket, "vol-7")) {
            for (int i = 0; i < 20; i++) {
                order.clear();
                one.write(0, ByteBuffer.wrap(new byte[] {1}));
                two.flush();
                assertThat(order).containsExactly("write", "flush");
            }
        }
    }

    @Test
    void the_socket_is_for_its_owner_in_a_directory_for_its_owner() throws Exception {
        Path socket = root.resolve("run").resolve("s");
        try (var _ = serve(socket, new MemoryDevice(new byte[512]), NbdLimits.DEFAULT)) {
            assertThat(mode(socket)).isEqualTo("rw-------");
            assertThat(mode(root.resolve("run"))).isEqualTo("rwx------");
        }
    }

    @Test
    void a_group_may_pass_and_connect_when_it_is_named() throws Exception {
        Path socket = root.resolve("run").resolve("s");
        String group = Files.readAttributes(root, PosixFileAttributes.class).group().getName();
        var export = Export.writable(new MemoryDevice(new byte[512]), "");
        try (var _ =
                NbdServer.listen(
                        socket,
                        Exports.one("vol-7", export),
                        SocketAccess.group(group),
                        NbdLimits.DEFAULT)) {
            assertThat(mode(socket)).isEqualTo("rw-rw----");
            assertThat(mode(root.resolve("run"))).isEqualTo("rwx--x---");
            assertThat(Files.readAttributes(socket, PosixFileAttributes.class).group().getName())
                    .isEqualTo(group);
        }
    }

    @Test
    void a_dead_servers_file_is_replaced_and_a_living_one_and_other_files_are_not()
            throws Exception {
        Path socket = root.resolve("s");
        var dead = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX);
        dead.bind(java.net.UnixDomainSocketAddress.of(socket));
        dead.close();
        assertThat(Files.exists(socket)).isTrue();
        try (var _ = serve(socket, new MemoryDevice(new byte[512]), NbdLimits.DEFAULT)) {
            assertThat(faultOf(() -> serve(socket, new MemoryDevice(new byte[512]), SHORT)))
                    .isInstanceOf(NbdFault.SocketInUse.class);
            try (var peer = Peer.simple(socket)) {
                peer.expectAlive();
            }
        }
        Files.writeString(socket, "precious");
        assertThat(faultOf(() -> serve(socket, new MemoryDevice(new byte[512]), SHORT)))
                .isInstanceOf(NbdFault.NotASocket.class);
        assertThat(Files.readString(socket)).isEqualTo("precious");
    }

    @Test
    void a_path_that_the_kernel_would_cut_is_refused_with_its_length() {
        Path socket = root.resolve("x".repeat(108 - root.toString().length() - 1));
        Fault fault = faultOf(() -> serve(socket, new MemoryDevice(new byte[512]), SHORT));
        assertThat(fault).isEqualTo(new NbdFault.PathTooLong(socket, 108));
        assertThat(fault.message()).contains("107");
    }

    @Test
    void a_directory_that_everybody_may_write_is_refused() throws Exception {
        Path open = Files.createDirectory(root.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(faultOf(() -> serve(open.resolve("s"), new MemoryDevice(new byte[512]), SHORT)))
                .isInstanceOf(NbdFault.OpenDirectory.class);
    }

    @Test
    void a_client_learns_why_it_is_refused() throws Exception {
        Path socket = root.resolve("s");
        assertThat(faultOf(() -> NbdClient.connect(socket, "vol-7")))
                .isInstanceOf(NbdFault.SocketFailed.class);
        var export = Export.readOnly(new MemoryDevice(new byte[512]), "");
        NbdServer server = NbdServer.listen(socket, Exports.one("vol-7", export));
        assertThat(faultOf(() -> NbdClient.connect(socket, "vol-8")))
                .isEqualTo(new NbdFault.UnknownExport("vol-8"));
        var client = NbdClient.connect(socket, "vol-7");
        assertThat(client.isReadOnly()).isTrue();
        assertThat(faultOf(() -> client.write(0, ByteBuffer.allocate(1))))
                .isEqualTo(new NbdFault.Refused("write", 1, "the export is read-only"));
        server.close();
        assertThat(faultOf(client::flush)).isInstanceOf(NbdFault.Disconnected.class);
    }

    private static NbdServer serve(Path socket, MemoryDevice device, NbdLimits limits) {
        return NbdServer.listen(
                socket,
                Exports.one("vol-7", Export.writable(device, "")),
                SocketAccess.OWNER,
                limits);
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
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

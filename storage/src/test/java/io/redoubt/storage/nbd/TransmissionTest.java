// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class TransmissionTest {
    private static final int SIZE = 48 << 20;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int DISC = 2;
    private static final int FLUSH = 3;
    private static final int TRIM = 4;
    private static final int CACHE = 5;
    private static final int ZEROES = 6;
    private static final int STATUS = 7;
    private static final int FUA = 1;
    private static final int DF = 4;

    @TempDir Path root;
    private NbdServer server;
    private Path socket;
    private final FaultyDevice device = new FaultyDevice(new byte[SIZE]);

    /// Refuses reads of, and writes to, the bytes from a place on.
    private static final class FaultyDevice extends MemoryDevice {
        volatile @Nullable VolumeFault fault;
        volatile long from = 0;
        volatile CountDownLatch flushGate = new CountDownLatch(0);

        FaultyDevice(byte[] bytes) {
            super(bytes);
        }

        private void check(long end) {
            VolumeFault now = fault;
            if (now != null && end > from) {
                throw new FaultException(now);
            }
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            check(offset + into.remaining());
            super.read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer data) {
            check(offset + data.remaining());
            super.write(offset, data);
        }

        @Override
        public void zero(long offset, long length) {
            check(offset + length);
            super.zero(offset, length);
        }

        @Override
        public void flush() {
            check(Long.MAX_VALUE);
            try {
                flushGate.await();
            } catch (InterruptedException e) {
                throw new FaultException(new VolumeFault.Closed(ID), e);
            }
            super.flush();
        }
    }

    @BeforeEach
    void start() {
        new SplittableRandom(1).nextBytes(device.bytes);
        socket = root.resolve("s");
        server = NbdServer.listen(socket, Exports.one("vol-7", Export.writable(device, "")));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void a_simple_read_is_a_header_and_the_bytes() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, READ, 0x0102030405060708L, 4097, 5));
            peer.expect("67446698" + "00000000" + "0102030405060708" + shown(4097, 5));
        }
    }

    @Test
    void a_structured_read_is_one_last_chunk_with_the_offset() throws IOException {
        for (int flags : new int[] {0, DF, FUA}) {
            try (var peer = Peer.structured(socket)) {
                peer.send(Peer.request(flags, READ, 7, 4097, 5));
                peer.expect(
                        "668e33ef"
                                + "0001"
                                + "0001"
                                + "0000000000000007"
                                + "0000000d"
                                + "0000000000001001"
                                + shown(4097, 5));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1048576,0", "33554432,0", "1048576,4", "33554432,4", "266211,0", "266240,4"})
    void a_large_read_is_whole_and_in_one_piece_when_asked_to_be(int length, int flags)
            throws IOException {
        try (var peer = Peer.structured(socket)) {
            peer.send(Peer.request(flags, READ, 7, 3, length));
            byte[] got = new byte[length];
            int chunks = 0;
            boolean done = false;
            while (!done) {
                ByteBuffer chunk = ByteBuffer.wrap(peer.receive(28));
                assertThat(chunk.getInt()).isEqualTo(0x668e33ef);
                done = chunk.getShort() == 1;
                assertThat(chunk.getShort()).isEqualTo((short) 1);
                assertThat(chunk.getLong()).isEqualTo(7);
                int bytes = chunk.getInt() - 8;
                int at = (int) (chunk.getLong() - 3);
                System.arraycopy(peer.receive(bytes), 0, got, at, bytes);
                chunks++;
            }
            if (flags == DF) {
                assertThat(chunks).isEqualTo(1);
            }
            assertThat(Arrays.mismatch(got, Arrays.copyOfRange(device.bytes, 3, 3 + length)))
                    .isEqualTo(-1);
            peer.expectAlive();
        }
    }

    @Test
    void a_large_read_over_simple_replies_is_whole() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, READ, 7, 0, 32 << 20));
            peer.expect(Peer.simpleReply(0, 7));
            assertThat(
                            Arrays.mismatch(
                                    peer.receive(32 << 20), Arrays.copyOf(device.bytes, 32 << 20)))
                    .isEqualTo(-1);
            peer.expectAlive();
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "4096", "262144", "262145", "1000000", "33554432"})
    void a_write_of_any_size_arrives(int length) throws IOException {
        byte[] payload = new byte[length];
        new SplittableRandom(length).nextBytes(payload);
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.write(0, 5, 11, payload));
            peer.expect(Peer.simpleReply(0, 5));
            assertThat(Arrays.mismatch(payload, Arrays.copyOfRange(device.bytes, 11, 11 + length)))
                    .isEqualTo(-1);
            assertThat(device.flushes.get()).isZero();
        }
    }

    @Test
    void a_write_with_fua_is_answered_after_a_flush() throws IOException {
        try (var peer = Peer.simple(socket)) {
            device.flushGate = new CountDownLatch(1);
            peer.send(Peer.write(FUA, 5, 0, new byte[] {1}));
            peer.send(Peer.write(0, 6, 8, new byte[] {2}));
            peer.expect(Peer.simpleReply(0, 6)); // the other write does not wait for the flush
            device.flushGate.countDown();
            peer.expect(Peer.simpleReply(0, 5));
            assertThat(device.flushes.get()).isEqualTo(1);
        }
    }

    @Test
    void trim_and_zeroes_with_fua_are_flushed_too_and_without_are_not() throws IOException {
        try (var peer = Peer.simple(socket)) {
            for (int command : new int[] {TRIM, ZEROES}) {
                int before = device.flushes.get();
                peer.send(Peer.request(0, command, 1, 512, 512));
                peer.expect(Peer.simpleReply(0, 1));
                assertThat(device.flushes.get()).isEqualTo(before);
                peer.send(Peer.request(FUA, command, 2, 512, 512));
                peer.expect(Peer.simpleReply(0, 2));
                assertThat(device.flushes.get()).isEqualTo(before + 1);
            }
        }
    }

    @Test
    void zeroes_and_trim_read_back_as_zeros() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(2, ZEROES, 1, 100, 50)); // NO_HOLE
            peer.expect(Peer.simpleReply(0, 1));
            peer.send(Peer.request(0, TRIM, 2, 200, 20 << 20));
            peer.expect(Peer.simpleReply(0, 2));
            assertThat(shown(100, 50)).isEqualTo("00".repeat(50));
            assertThat(Arrays.copyOfRange(device.bytes, 200, 200 + (20 << 20)))
                    .isEqualTo(new byte[20 << 20]);
            assertThat(shown(150, 50)).isNotEqualTo("00".repeat(50));
        }
    }

    @Test
    void fast_zeroing_is_not_promised() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0x10, ZEROES, 1, 0, 4096));
            peer.expect(Peer.simpleReply(95, 1));
            assertThat(shown(0, 16)).isNotEqualTo("00".repeat(16));
        }
    }

    @Test
    void waiting_flushes_of_all_connections_are_done_together() throws Exception {
        try (var one = Peer.simple(socket);
                var two = Peer.simple(socket)) {
            device.flushGate = new CountDownLatch(1);
            for (int i = 0; i < 40; i++) {
                one.send(Peer.request(0, FLUSH, i, 0, 0));
                two.send(Peer.request(0, FLUSH, i, 0, 0));
            }
            one.send(Peer.request(0, READ, 99, 0, 1)); // flushes do not hold up a read
            one.expect(Peer.simpleReply(0, 99) + shown(0, 1));
            two.send(Peer.request(0, READ, 99, 0, 1));
            two.expect(Peer.simpleReply(0, 99) + shown(0, 1));
            device.flushGate.countDown();
            one.receive(40 * 16);
            two.receive(40 * 16);
            assertThat(device.flushes.get()).isLessThan(8);
        }
    }

    @Test
    void block_status_says_that_a_thick_volume_has_data_everywhere() throws IOException {
        try (var peer = Peer.structured(socket)) {
            peer.send(Peer.request(8, STATUS, 3, 4096, 8192));
            peer.expect(
                    "668e33ef"
                            + "0001"
                            + "0005"
                            + "0000000000000003"
                            + "0000000c"
                            + "00000001"
                            + "00002000"
                            + "00000000");
            peer.send(Peer.request(0, STATUS, 4, 0, 0));
            assertThat(peer.errorChunk(4)).isEqualTo(22);
        }
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, STATUS, 3, 0, 512));
            peer.expect(Peer.simpleReply(22, 3));
        }
    }

    @Test
    void cache_reads_ahead_and_says_so() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, CACHE, 3, 0, 1 << 20));
            peer.expect(Peer.simpleReply(0, 3));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0,50331648,1,22",
        "0,50331647,2,22",
        "0,-1,1,22",
        "0,9223372036854775807,2,22",
        "0,0,33554433,22",
        "0,0,4294967295,22",
        "1,50331648,1,28",
        "1,-1,1,28",
        "1,9223372036854775807,8,28",
        "4,50331647,2,22",
        "4,-512,1024,22",
        "4,0,4294967295,22",
        "5,0,4294967295,22",
        "6,50331647,2,28",
        "6,-512,1024,28",
        "7,50331648,1,22"
    })
    void a_range_outside_is_refused_before_any_arithmetic(
            int command, long offset, long length, int error) throws IOException {
        byte[] before = device.bytes.clone();
        try (var peer = Peer.structured(socket)) {
            byte[] payload = command == WRITE ? new byte[(int) length] : new byte[0];
            peer.send(Peer.join(Peer.request(0, command, 6, offset, length), payload));
            assertThat(peer.errorChunk(6)).isEqualTo(error);
            peer.expectAlive();
        }
        assertThat(Arrays.mismatch(before, device.bytes)).isEqualTo(-1);
    }

    @Test
    void a_payload_beyond_the_advertised_maximum_is_refused_and_closed() throws IOException {
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, WRITE, 6, 0, (32 << 20) + 1));
            peer.expect(Peer.simpleReply(22, 6));
            peer.expectClosed();
        }
    }

    @Test
    void unknown_commands_and_flags_are_refused_and_the_stream_stays_in_step() throws IOException {
        try (var peer = Peer.simple(socket)) {
            for (int command : new int[] {8, 9, 100, 65535}) {
                peer.send(Peer.request(0, command, 6, 0, 512));
                peer.expect(Peer.simpleReply(22, 6));
            }
            int[][] bad = {
                {READ, DF}, // only with structured replies
                {READ, 2},
                {READ, 0x8000},
                {FLUSH, 2},
                {TRIM, 2},
                {CACHE, 4},
                {ZEROES, 0x20},
                {STATUS, 2}
            };
            for (int[] one : bad) {
                long length = one[0] == FLUSH ? 0 : 512;
                peer.send(Peer.request(one[1], one[0], 6, 0, length));
                peer.expect(Peer.simpleReply(22, 6));
            }
            String before = shown(0, 512);
            peer.send(Peer.write(0x20, 6, 0, new byte[512]));
            peer.expect(Peer.simpleReply(22, 6));
            assertThat(shown(0, 512)).isEqualTo(before);
            peer.send(Peer.request(0, FLUSH, 6, 0, 512));
            peer.expect(Peer.simpleReply(22, 6));
            peer.expectAlive();
        }
    }

    @Test
    void a_read_only_export_refuses_every_change() throws IOException {
        Path other = root.resolve("ro");
        try (NbdServer readOnly =
                        NbdServer.listen(other, Exports.one("vol-7", Export.readOnly(device, "")));
                var peer = Peer.simple(other)) {
            assertThat(readOnly.port()).isEqualTo(-1);
            peer.send(Peer.write(0, 1, 0, new byte[600_000]));
            peer.expect(Peer.simpleReply(1, 1));
            for (int command : new int[] {TRIM, ZEROES}) {
                peer.send(Peer.request(0, command, 1, 0, 512));
                peer.expect(Peer.simpleReply(1, 1));
            }
            peer.send(Peer.request(0, READ, 2, 0, 4));
            peer.expect(Peer.simpleReply(0, 2) + shown(0, 4));
        }
    }

    @Test
    void faults_become_the_error_numbers_that_guests_know_and_never_a_shutdown()
            throws IOException {
        var id = MemoryDevice.ID;
        Object[][] cases = {
            {new VolumeFault.Fenced(id, 1, 2), 1},
            {new VolumeFault.Closed(id), 1},
            {new VolumeFault.Full(id, 0, "full"), 28},
            {new VolumeFault.Damaged(id, 0, "test"), 5},
            {new VolumeFault.DiskFailed(id, "x", "y"), 5},
            {new VolumeFault.Untrusted(id, "x"), 5}
        };
        try (var peer = Peer.structured(socket)) {
            for (Object[] one : cases) {
                device.fault = (VolumeFault) one[0];
                for (int command : new int[] {READ, TRIM, ZEROES, CACHE}) {
                    peer.send(Peer.request(0, command, 6, 0, 512));
                    assertThat(peer.errorChunk(6)).as("%s", one[0]).isEqualTo(one[1]);
                }
                peer.send(Peer.request(0, FLUSH, 6, 0, 0));
                assertThat(peer.errorChunk(6)).isEqualTo(one[1]);
                for (int length : new int[] {10, 1 << 20}) {
                    peer.send(Peer.write(FUA, 6, 0, new byte[length]));
                    assertThat(peer.errorChunk(6)).isEqualTo(one[1]);
                }
            }
        }
    }

    @Test
    void damage_inside_a_large_read_is_an_error_and_never_other_data() throws IOException {
        device.fault = new VolumeFault.Damaged(MemoryDevice.ID, 600_000, "test");
        device.from = 600_000;
        try (var peer = Peer.structured(socket)) {
            peer.send(Peer.request(DF, READ, 6, 0, 1 << 20));
            assertThat(peer.errorChunk(6)).isEqualTo(5);
            peer.send(Peer.request(0, READ, 6, 0, 1 << 20));
            int got = 0;
            while (true) {
                ByteBuffer chunk = ByteBuffer.wrap(peer.receive(20));
                chunk.getInt();
                short flags = chunk.getShort();
                short type = chunk.getShort();
                chunk.getLong();
                byte[] body = peer.receive(chunk.getInt());
                if (type == (short) 0x8001) {
                    assertThat(flags).isEqualTo((short) 1);
                    assertThat(ByteBuffer.wrap(body).getInt()).isEqualTo(5);
                    break;
                }
                assertThat(type).isEqualTo((short) 1);
                assertThat(flags).isEqualTo((short) 0);
                assertThat(
                                Arrays.mismatch(
                                        Arrays.copyOfRange(body, 8, body.length),
                                        Arrays.copyOfRange(
                                                device.bytes, got, got + body.length - 8)))
                        .isEqualTo(-1);
                got += body.length - 8;
            }
            assertThat(got).isLessThan(600_000);
            device.fault = null;
            peer.expectAlive();
        }
        device.fault = new VolumeFault.Damaged(MemoryDevice.ID, 600_000, "test");
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, READ, 6, 0, 1 << 20));
            peer.expect(Peer.simpleReply(5, 6));
            device.fault = null;
            peer.expectAlive();
        }
    }

    @Test
    void a_damaged_block_in_a_burst_of_reads_spoils_no_other_answer() throws IOException {
        device.fault = new VolumeFault.Damaged(MemoryDevice.ID, 8192, "test");
        device.from = 8192;
        for (boolean structured : new boolean[] {false, true}) {
            try (var peer = structured ? Peer.structured(socket) : Peer.simple(socket)) {
                peer.send(
                        Peer.join(
                                Peer.request(0, READ, 1, 0, 512),
                                Peer.request(0, READ, 2, 8192, 512),
                                Peer.request(0, READ, 3, 4096, 512)));
                for (int cookie = 1; cookie <= 3; cookie++) {
                    if (cookie == 2 && structured) {
                        assertThat(peer.errorChunk(2)).isEqualTo(5);
                    } else if (cookie == 2) {
                        peer.expect(Peer.simpleReply(5, 2));
                    } else {
                        int offset = cookie == 1 ? 0 : 4096;
                        peer.expect(
                                structured
                                        ? "668e33ef00010001%016x00000208%016x"
                                                .formatted(cookie, offset)
                                        : Peer.simpleReply(0, cookie));
                        peer.expect(shown(offset, 512));
                    }
                }
            }
        }
    }

    /// One conversation, sent in two parts that are split at every byte.
    @Test
    void messages_may_be_split_anywhere() throws Exception {
        byte[] all = conversation();
        String expected = null;
        for (int split = 0; split <= all.length; split++) {
            device.bytes[0] = 1;
            try (var peer = new Peer(socket)) {
                peer.receive(18);
                peer.send(Arrays.copyOf(all, split));
                Thread.sleep(1);
                peer.send(Arrays.copyOfRange(all, split, all.length));
                String flushed = Peer.simpleReply(0, 3); // it may come before the others
                String got = peer.hex(86 + 16 + 20 + 16).replace(flushed, "") + flushed;
                peer.expectClosed();
                if (expected == null) {
                    expected = got;
                }
                assertThat(got).as("split at %d", split).isEqualTo(expected);
                assertThat(device.bytes[0]).isEqualTo((byte) 42);
            }
        }
        assertThat(expected).endsWith(Peer.simpleReply(0, 3));
    }

    /// The same conversation, ended by the peer's death at every byte.
    @Test
    void a_peer_may_die_anywhere_and_half_a_write_is_none() throws Exception {
        byte[] all = conversation();
        for (int length = 0; length < all.length; length++) {
            device.bytes[0] = 1;
            int writeComplete = 4 + 16 + 11 + 28 + 4;
            try (var peer = new Peer(socket)) {
                peer.receive(18);
                peer.send(Arrays.copyOf(all, length));
                if (length >= writeComplete) {
                    peer.receive(86 + 16);
                }
            }
            assertThat(device.bytes[0])
                    .as("cut at %d", length)
                    .isEqualTo(length >= writeComplete ? (byte) 42 : (byte) 1);
        }
        try (var peer = Peer.simple(socket)) {
            peer.expectAlive();
        }
    }

    @Test
    void a_wrong_request_magic_closes() throws IOException {
        try (var peer = Peer.simple(socket)) {
            byte[] bad = Peer.request(0, READ, 1, 0, 1);
            bad[3] ^= 1;
            peer.send(bad);
            peer.expectClosed();
        }
    }

    @Test
    void what_was_deferred_is_done_although_the_peer_disconnects() throws Exception {
        try (var peer = Peer.simple(socket)) {
            peer.send(
                    Peer.join(
                            Peer.request(0, ZEROES, 1, 0, 4096),
                            Peer.request(0, FLUSH, 2, 0, 0),
                            Peer.request(0, DISC, 3, 0, 0)));
            peer.receive(32);
            peer.expectClosed();
            assertThat(shown(0, 4096)).isEqualTo("00".repeat(4096));
            assertThat(device.flushes.get()).isEqualTo(1);
        }
    }

    private static byte[] conversation() {
        return Peer.join(
                Peer.flags(),
                Peer.go("vol-7"),
                Peer.write(0, 1, 0, new byte[] {42, 43, 44, 45}),
                Peer.request(0, READ, 2, 0, 4),
                Peer.request(0, FLUSH, 3, 0, 0),
                Peer.request(0, DISC, 4, 0, 0));
    }

    private String shown(int offset, int length) {
        return HexFormat.of().formatHex(device.bytes, offset, offset + length);
    }
}

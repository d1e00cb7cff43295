// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
class HandshakeTest {
    private static final int INVALID = 0x80000003;
    private static final int UNSUPPORTED = 0x80000001;
    private static final int UNKNOWN = 0x80000006;
    private static final int TOO_BIG = 0x80000009;
    private static final int ACK = 1;
    private static final String FLAGS = "0d6d"; // all but read-only and DF
    private static final String FLAGS_DF = "0ded";

    @TempDir Path root;
    private NbdServer server;
    private Path socket;

    @BeforeEach
    void start() {
        socket = root.resolve("s");
        var export = Export.writable(new MemoryDevice(new byte[1 << 20]), "a volume");
        server = NbdServer.listen(socket, Exports.one("vol-7", export));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void the_server_greets_and_an_old_style_choice_is_answered_with_size_and_flags()
            throws IOException {
        for (String name : new String[] {"vol-7", ""}) {
            try (var peer = new Peer(socket)) {
                peer.expect(Peer.GREETING);
                peer.send(Peer.flags()).send(Peer.option(1, name.getBytes(UTF_8)));
                peer.expect("0000000000100000" + FLAGS);
                peer.expectAlive();
            }
        }
    }

    @Test
    void a_peer_that_did_not_refuse_them_gets_its_124_zeroes() throws IOException {
        try (var peer = new Peer(socket)) {
            peer.receive(18);
            peer.send(new byte[] {0, 0, 0, 1}).send(Peer.option(1, "vol-7".getBytes(UTF_8)));
            peer.expect("0000000000100000" + FLAGS + "00".repeat(124));
            peer.expectAlive();
        }
    }

    @Test
    void an_unknown_name_in_the_old_style_closes() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(1, "other".getBytes(UTF_8)));
            peer.expectClosed();
        }
    }

    @Test
    void go_answers_export_and_block_sizes_and_what_was_asked_for() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(8, new byte[0]));
            assertThat(peer.optionReply(8)).isEqualTo(ACK);
            peer.send(Peer.option(7, Peer.info("vol-7", 1, 2, 3, 99)));
            String head = "0003e889045565a9" + "00000007" + "00000003";
            peer.expect(head + "0000000c" + "0000" + "0000000000100000" + FLAGS_DF);
            peer.expect(head + "0000000e" + "0003" + "00000001" + "00001000" + "02000000");
            peer.expect(head + "00000007" + "0001" + hex("vol-7"));
            peer.expect(head + "0000000a" + "0002" + hex("a volume"));
            peer.expect("0003e889045565a9" + "00000007" + "00000001" + "00000000");
            peer.send(Peer.request(0, 3, 9, 0, 0));
            peer.expect(Peer.simpleReply(0, 9));
        }
    }

    @Test
    void info_leaves_the_choice_open() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(6, Peer.info("vol-7")));
            peer.receive(20 + 12 + 20 + 14 + 20);
            peer.send(Peer.go("vol-7"));
            peer.receive(20 + 12 + 20 + 14 + 20);
            peer.expectAlive();
        }
    }

    @Test
    void the_list_names_the_exports() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(3, new byte[0]));
            peer.expect(
                    "0003e889045565a9"
                            + "00000003"
                            + "00000002"
                            + "00000009"
                            + "00000005"
                            + hex("vol-7"));
            assertThat(peer.optionReply(3)).isEqualTo(ACK);
        }
    }

    @Test
    void an_abort_is_acknowledged_and_closed() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(2, new byte[0]));
            assertThat(peer.optionReply(2)).isEqualTo(ACK);
            peer.expectClosed();
        }
    }

    @Test
    void contexts_are_listed_and_chosen_exactly() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(8, new byte[0]));
            peer.optionReply(8);
            String context = "00000013" + "%08x" + hex("base:allocation");
            for (String[] queries : new String[][] {{}, {"base:"}, {"base:allocation", "x:y"}}) {
                peer.send(Peer.metaContext(9, "vol-7", queries));
                peer.expect("0003e889045565a90000000900000004" + context.formatted(0));
                assertThat(peer.optionReply(9)).isEqualTo(ACK);
            }
            peer.send(Peer.metaContext(10, "vol-7", "base:", "qemu:dirty-bitmap:b"));
            assertThat(peer.optionReply(10)).as("nothing of base: is chosen").isEqualTo(ACK);
            peer.send(Peer.metaContext(10, "vol-7", "base:allocation"));
            peer.expect("0003e889045565a90000000a00000004" + context.formatted(1));
            assertThat(peer.optionReply(10)).isEqualTo(ACK);
        }
    }

    static Stream<Arguments> refusals() {
        byte[] info = Peer.info("vol-7", 3);
        return Stream.of(
                Arguments.of("TLS", 5, new byte[0], UNSUPPORTED),
                Arguments.of("extended headers", 11, new byte[0], UNSUPPORTED),
                Arguments.of("an option of nobody", 0x12345678, new byte[9], UNSUPPORTED),
                Arguments.of("GO without data", 7, new byte[0], INVALID),
                Arguments.of("GO with half a length", 7, new byte[3], INVALID),
                Arguments.of("GO cut in the name", 7, cut(info, 6), INVALID),
                Arguments.of("GO cut in the count", 7, cut(info, 10), INVALID),
                Arguments.of("GO cut in the requests", 7, cut(info, info.length - 1), INVALID),
                Arguments.of("GO with more than it says", 7, cut(info, info.length + 1), INVALID),
                Arguments.of(
                        "GO with a huge name length",
                        7,
                        ByteBuffer.allocate(20).putInt(0x7fffffff).array(),
                        INVALID),
                Arguments.of(
                        "GO with a negative name length",
                        7,
                        ByteBuffer.allocate(20).putInt(-1).array(),
                        INVALID),
                Arguments.of(
                        "GO with a name that is not text",
                        7,
                        new byte[] {0, 0, 0, 1, (byte) 0xff, 0, 0},
                        INVALID),
                Arguments.of("GO with a long name", 7, Peer.info("x".repeat(5000)), TOO_BIG),
                Arguments.of("GO for another export", 7, Peer.info("vol-8"), UNKNOWN),
                Arguments.of("INFO for another export", 6, Peer.info("../vol-7"), UNKNOWN),
                Arguments.of("a list with data", 3, new byte[1], INVALID),
                Arguments.of("structured replies with data", 8, new byte[4], INVALID),
                Arguments.of("a context before structured replies", 10, new byte[8], INVALID),
                Arguments.of("20 KiB of anything", 7, new byte[20 << 10], TOO_BIG));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void a_bad_option_is_refused_and_the_negotiation_goes_on(
            String what, int option, byte[] data, int refusal) throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(option, data));
            assertThat(peer.optionReply(option)).as(what).isEqualTo(refusal);
            peer.send(Peer.go("vol-7"));
            peer.receive(20 + 12 + 20 + 14 + 20);
            peer.expectAlive();
        }
    }

    @Test
    void bad_context_options_are_refused() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.option(8, new byte[0]));
            peer.optionReply(8);
            byte[] good = Peer.metaContext(10, "vol-7", "base:allocation");
            byte[] data = java.util.Arrays.copyOfRange(good, 16, good.length);
            for (int length = 0; length < data.length; length++) {
                peer.send(Peer.option(10, cut(data, length)));
                assertThat(peer.optionReply(10)).as("cut at %d", length).isEqualTo(INVALID);
            }
            peer.send(Peer.option(10, cut(data, data.length + 1)));
            assertThat(peer.optionReply(10)).isEqualTo(INVALID);
            byte[] many =
                    ByteBuffer.allocate(13)
                            .putInt(5)
                            .put("vol-7".getBytes(UTF_8))
                            .putInt(-1)
                            .array();
            peer.send(Peer.option(10, many));
            assertThat(peer.optionReply(10)).isEqualTo(TOO_BIG);
            peer.send(Peer.metaContext(10, "vol-8", "base:allocation"));
            assertThat(peer.optionReply(10)).isEqualTo(UNKNOWN);
        }
    }

    @Test
    void a_length_that_no_option_has_closes() throws IOException {
        for (int length : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, (1 << 20) + 1}) {
            try (var peer = greeted()) {
                peer.send(
                        ByteBuffer.allocate(16)
                                .putLong(0x49484156454f5054L)
                                .putInt(7)
                                .putInt(length)
                                .array());
                peer.expectClosed();
            }
        }
    }

    @Test
    void client_flags_and_magic_of_another_protocol_close() throws IOException {
        for (String flags : new String[] {"00000000", "00000002", "00000007", "ffffffff"}) {
            try (var peer = new Peer(socket)) {
                peer.receive(18);
                peer.send(HexFormat.of().parseHex(flags));
                peer.expectClosed();
            }
        }
        try (var peer = greeted()) {
            peer.send("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
            peer.expectClosed();
        }
    }

    @Test
    void a_negotiation_without_end_is_ended() throws IOException {
        try (var peer = greeted()) {
            for (int i = 0; i < 64; i++) {
                peer.send(Peer.option(99, new byte[0]));
                assertThat(peer.optionReply(99)).isEqualTo(UNSUPPORTED);
            }
            peer.expectClosed();
        }
    }

    private Peer greeted() throws IOException {
        var peer = new Peer(socket);
        peer.receive(18);
        return peer.send(Peer.flags());
    }

    private static byte[] cut(byte[] bytes, int length) {
        return java.util.Arrays.copyOf(bytes, length);
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(UTF_8));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.storage.journal.Checksum;
import io.redoubt.storage.journal.Fork;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Frames come back as they went, and bytes that are no frame are [StreamFault.Garbled] and nothing else.
class FrameCodecTest {
    private static final int GARBLED_PER_FRAME = 300;

    static Stream<Frame> everyKind() {
        byte[] bytes = new byte[9000];
        new SplittableRandom(1).nextBytes(bytes);
        ByteBuffer data = ByteBuffer.wrap(bytes);
        var frames =
                new ArrayList<Frame>(
                        List.of(
                                new Frame.Hello(
                                        new History(
                                                new UUID(1, -2),
                                                new Fork(
                                                        new UUID(3, 4),
                                                        5,
                                                        Map.of(new VolumeId("vol-1"), 6L))),
                                        "node-é",
                                        3,
                                        4,
                                        List.of(
                                                new Frame.Offer(
                                                        new VolumeId("vol-1"), 5, 6, 7, true),
                                                new Frame.Offer(
                                                        new VolumeId("vol-2"), 8, 9, 10, false))),
                                new Frame.Refusal("This side was promoted.", "Fail back: é, 安.", 7),
                                new Frame.Write(1, 2, 3, 4, data, Checksum.of(data)),
                                new Frame.Write(0, 2, 3, 4, ByteBuffer.allocate(0), 0),
                                new Frame.Zero(1, 2, Long.MAX_VALUE, 4096, 8192),
                                new Frame.Voided(1, 2, 3, 4),
                                new Frame.PassBegin(
                                        9,
                                        List.of(
                                                new Frame.PassMember(0, 1, 2, true),
                                                new Frame.PassMember(1, 3, 4, false))),
                                new Frame.PassBlocks(9, 1, 1, 4096, 9000, data, Checksum.of(data)),
                                new Frame.PassBlocks(9, 2, 0, 0, 4096, ByteBuffer.allocate(0), 0),
                                new Frame.PassEnd(9, 3),
                                new Frame.Cut(
                                        11,
                                        1_700_000_000_000L,
                                        Map.of(
                                                new VolumeId("vol-1"),
                                                2L,
                                                new VolumeId("vol-2"),
                                                3L),
                                        9,
                                        "before the upgrade"),
                                new Frame.Cut(12, 1, Map.of(), 0, ""),
                                new Frame.Ack(List.of(1L, 2L), List.of(3L, 4L), 5, 6, 7, 8, 65_537),
                                new Frame.Compare(9, 1, 2, 4096, 8192, new Fingerprint(-3, 4)),
                                new Frame.Compared(0, 1, 2, 4096, 8192, Frame.Outcome.SAME),
                                new Frame.Compared(9, 1, 2, 4096, 8192, Frame.Outcome.DIFFERENT),
                                new Frame.Compared(9, 1, 2, 4096, 8192, Frame.Outcome.UNKNOWN),
                                new Frame.Wanted(1, 4096, 8192),
                                new Frame.PeerHello(new UUID(1, -2), "node-1"),
                                new Frame.Switch(5),
                                new Frame.Switched(5, false, List.of()),
                                new Frame.Switched(
                                        6,
                                        true,
                                        List.of(new Frame.Answer(new VolumeId("vol-1"), 7))),
                                new Frame.Release(5),
                                new Frame.Released(5, true),
                                new Frame.GrantRequest(-1, 2),
                                new Frame.Heartbeat(List.of(1L << 40, 3L)),
                                new Frame.Grant(5, new GrantAnswer.Granted(6))));
        frames.add(
                new Frame.Welcome(
                        Arrays.stream(HelloAnswer.values())
                                .map(a -> new Frame.Resume(a, 12, a == HelloAnswer.PASS))
                                .toList()));
        for (GrantAnswer.Reason reason : GrantAnswer.Reason.values()) {
            frames.add(new Frame.Grant(5, new GrantAnswer.Refused(6, reason)));
        }
        return frames.stream();
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void a_frame_comes_back_as_it_went(Frame frame) {
        ByteBuffer encoded = FrameCodec.encode(frame);
        assertThat(encoded.getInt(0)).isEqualTo(encoded.limit() - FrameCodec.PREFIX);
        assertThat(decode(encoded)).isEqualTo(frame);
    }

    @Test
    void every_kind_of_frame_is_among_them() {
        assertThat(everyKind().<Object>map(Frame::getClass).distinct())
                .containsExactlyInAnyOrder((Object[]) Frame.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void a_frame_cut_short_is_garbled_at_every_length(Frame frame) {
        ByteBuffer encoded = FrameCodec.encode(frame);
        int crc = encoded.getInt(4);
        int bytes = encoded.limit() - FrameCodec.PREFIX;
        for (int length = 0; length < bytes; length += length < 200 ? 1 : 97) {
            ByteBuffer body = encoded.slice(FrameCodec.PREFIX, length);
            assertGarbled(body, crc);
        }
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void a_frame_with_a_turned_bit_is_garbled(Frame frame) {
        var random = new SplittableRandom(7);
        for (int i = 0; i < GARBLED_PER_FRAME; i++) {
            ByteBuffer encoded = FrameCodec.encode(frame);
            int crc = encoded.getInt(4);
            int at = FrameCodec.PREFIX + random.nextInt(encoded.limit() - FrameCodec.PREFIX);
            encoded.put(at, (byte) (encoded.get(at) ^ 1 << random.nextInt(8)));
            assertGarbled(
                    encoded.slice(FrameCodec.PREFIX, encoded.limit() - FrameCodec.PREFIX), crc);
        }
    }

    /// A peer that computes a good checksum over nonsense: a frame, or garbled, and no other end.
    @ParameterizedTest
    @MethodSource("everyKind")
    void nonsense_with_a_good_checksum_is_a_frame_or_garbled(Frame frame) {
        var random = new SplittableRandom(8);
        int garbled = 0;
        for (int i = 0; i < GARBLED_PER_FRAME; i++) {
            ByteBuffer encoded = FrameCodec.encode(frame);
            int length = 1 + random.nextInt(Math.min(400, encoded.limit() - FrameCodec.PREFIX));
            ByteBuffer body = ByteBuffer.allocate(length);
            body.put(encoded.slice(FrameCodec.PREFIX, length)).flip();
            for (int n = random.nextInt(5); n >= 0; n--) {
                body.put(random.nextInt(length), (byte) random.nextInt());
            }
            try {
                FrameCodec.decode(body, Checksum.of(body));
            } catch (FaultException e) {
                assertThat(e.fault()).isInstanceOf(StreamFault.Garbled.class);
                garbled++;
            }
        }
        assertThat(garbled).isPositive();
    }

    private static Frame decode(ByteBuffer encoded) {
        ByteBuffer copy = encoded.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int crc = copy.getInt(4);
        return FrameCodec.decode(copy.position(FrameCodec.PREFIX).slice(), crc);
    }

    private static void assertGarbled(ByteBuffer body, int crc) {
        assertThatThrownBy(() -> FrameCodec.decode(body, crc))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault()).isInstanceOf(StreamFault.Garbled.class);
                            assertThat(e.fault().remedy()).isNotBlank();
                        });
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.storage.journal.Fork;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;

/// Frames as bytes: length (4), CRC32C of what follows (4), kind (1), fields, little-endian.
public final class FrameCodec {
    /// The most that a frame may have; a longer length is not read.
    public static final int FRAME_BYTES_MAX = 8 << 20;

    public static final int PREFIX = 8;
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);
    private static final int LIST_MAX = 4096;

    private FrameCodec() {}

    public static ByteBuffer encode(Frame frame) {
        ByteBuffer out = ByteBuffer.allocate(PREFIX + room(frame)).order(ByteOrder.LITTLE_ENDIAN);
        out.position(PREFIX);
        put(out, frame);
        out.flip();
        out.putInt(0, out.limit() - PREFIX);
        out.putInt(4, crc(out.slice(PREFIX, out.limit() - PREFIX)));
        return out;
    }

    /// @param body what follows the prefix
    /// @throws FaultException with [StreamFault.Garbled] when it is not a frame
    public static Frame decode(ByteBuffer body, int crc) {
        if (crc(body) != crc) {
            throw new FaultException(new StreamFault.Garbled("a frame's checksum is wrong"));
        }
        try {
            return take(body.order(ByteOrder.LITTLE_ENDIAN));
        } catch (RuntimeException e) {
            throw new FaultException(
                    new StreamFault.Garbled("a frame's fields do not fit: " + e.getMessage()), e);
        }
    }

    private static int room(Frame frame) {
        return 256
                + switch (frame) {
                    case Frame.Write w -> w.data().remaining();
                    case Frame.PassBlocks p -> p.data().remaining();
                    case Frame.Hello h ->
                            (h.volumes().size() + forked(h.history())) * 96
                                    + h.source().length() * 3;
                    case Frame.Welcome w -> w.volumes().size() * 16;
                    case Frame.PassBegin p -> p.members().size() * 32;
                    case Frame.Cut c -> c.vector().size() * 80 + c.name().length() * 3;
                    case Frame.Ack a -> a.durable().size() * 16;
                    case Frame.Refusal r -> (r.what().length() + r.remedy().length()) * 3;
                    case Frame.Zero _, Frame.Voided _, Frame.PassEnd _, Frame.GrantRequest _ -> 0;
                    case Frame.Heartbeat h -> h.last().size() * 8;
                    case Frame.Grant _, Frame.Switch _ -> 0;
                    case Frame.Release _, Frame.Released _ -> 0;
                    case Frame.Compare _, Frame.Compared _, Frame.Wanted _ -> 0;
                    case Frame.PeerHello p -> p.source().length() * 3;
                    case Frame.Switched a -> a.answers().size() * 96;
                };
    }

    private static void put(ByteBuffer out, Frame frame) {
        switch (frame) {
            case Frame.Hello h -> {
                out.put((byte) 1);
                putHistory(out, h.history());
                putText(out, h.source());
                out.putLong(h.process()).putLong(h.term()).putInt(h.volumes().size());
                for (Frame.Offer o : h.volumes()) {
                    putText(out, o.volume().value());
                    out.putLong(o.size())
                            .putLong(o.freed())
                            .putLong(o.last())
                            .put((byte) (o.delta() ? 1 : 0));
                }
            }
            case Frame.Welcome w -> {
                out.put((byte) 2).putInt(w.volumes().size());
                w.volumes()
                        .forEach(r ->
                                out.put(code(r.answer()))
                                        .putLong(r.through())
                                        .put((byte) (r.joined() ? 1 : 0)));
            }
            case Frame.Refusal r -> {
                out.put((byte) 3).putLong(r.promotedTerm());
                putText(out, r.what());
                putText(out, r.remedy());
            }
            case Frame.Write w -> {
                out.put((byte) 4)
                        .putInt(w.slot())
                        .putLong(w.first())
                        .putLong(w.last())
                        .putLong(w.offset());
                putData(out, w.data(), w.crc());
            }
            case Frame.Zero z ->
                    out.put((byte) 5)
                            .putInt(z.slot())
                            .putLong(z.first())
                            .putLong(z.last())
                            .putLong(z.offset())
                            .putInt(z.length());
            case Frame.Voided v ->
                    out.put((byte) 6)
                            .putInt(v.slot())
                            .putLong(v.first())
                            .putLong(v.last())
                            .putLong(v.replacement());
            case Frame.PassBegin p -> {
                out.put((byte) 7).putLong(p.pass()).putInt(p.members().size());
                p.members()
                        .forEach(m ->
                                out.putInt(m.slot())
                                        .putLong(m.skipFirst())
                                        .putLong(m.vseq())
                                        .put((byte) (m.full() ? 1 : 0)));
            }
            case Frame.PassBlocks p -> {
                out.put((byte) 8)
                        .putLong(p.pass())
                        .putLong(p.n())
                        .putInt(p.slot())
                        .putLong(p.offset());
                out.putInt(p.length());
                putData(out, p.data(), p.crc());
            }
            case Frame.PassEnd p -> out.put((byte) 9).putLong(p.pass()).putLong(p.n());
            case Frame.Cut c -> putCut(out, c);
            case Frame.Ack a -> {
                out.put((byte) 11)
                        .putLong(a.pass())
                        .putLong(a.passDurable())
                        .putLong(a.published())
                        .putLong(a.publishedStampMillis())
                        .putLong(a.cutBase());
                out.putInt(a.durable().size());
                a.received().forEach(out::putLong);
                a.durable().forEach(out::putLong);
            }
            case Frame.GrantRequest g -> out.put((byte) 12).putLong(g.nonce()).putLong(g.term());
            case Frame.Grant g -> {
                out.put((byte) 13)
                        .putLong(g.nonce())
                        .putLong(g.answer().term())
                        .put(code(g.answer()));
            }
            case Frame.Heartbeat h -> {
                out.put((byte) 14).putInt(h.last().size());
                h.last().forEach(out::putLong);
            }
            case Frame.PeerHello p -> {
                out.put((byte) 15);
                putUuid(out, p.lineage());
                putText(out, p.source());
            }
            case Frame.Switch s -> out.put((byte) 16).putLong(s.number());
            case Frame.Switched s -> {
                out.put((byte) 17).putLong(s.number()).put((byte) (s.startsPass() ? 1 : 0));
                out.putInt(s.answers().size());
                for (Frame.Answer a : s.answers()) {
                    putText(out, a.volume().value());
                    out.putLong(a.vseq());
                }
            }
            case Frame.Release r -> out.put((byte) 18).putLong(r.number());
            case Frame.Released r ->
                    out.put((byte) 19).putLong(r.number()).put((byte) (r.confirmed() ? 1 : 0));
            case Frame.Compare c -> {
                out.put((byte) 20);
                putRange(out, c.pass(), c.slot(), c.vseq(), c.offset(), c.length());
                out.putLong(c.of().high()).putLong(c.of().low());
            }
            case Frame.Compared c -> {
                out.put((byte) 21);
                putRange(out, c.pass(), c.slot(), c.vseq(), c.offset(), c.length());
                out.put(code(c.outcome()));
            }
            case Frame.Wanted w ->
                    out.put((byte) 22).putInt(w.slot()).putLong(w.offset()).putLong(w.length());
        }
    }

    private static Frame take(ByteBuffer in) {
        return switch (in.get()) {
            case 1 -> takeHello(in);
            case 2 -> {
                var resumes = new ArrayList<Frame.Resume>();
                for (int i = count(in); i > 0; i--) {
                    resumes.add(
                            new Frame.Resume(helloAnswer(in.get()), in.getLong(), in.get() != 0));
                }
                yield new Frame.Welcome(resumes);
            }
            case 3 -> {
                long promotedTerm = in.getLong();
                yield new Frame.Refusal(takeText(in), takeText(in), promotedTerm);
            }
            case 4 -> {
                int slot = in.getInt();
                long first = in.getLong();
                long last = in.getLong();
                long offset = in.getLong();
                int crc = in.getInt();
                yield new Frame.Write(slot, first, last, offset, takeData(in), crc);
            }
            case 5 ->
                    new Frame.Zero(
                            in.getInt(), in.getLong(), in.getLong(), in.getLong(), in.getInt());
            case 6 -> new Frame.Voided(in.getInt(), in.getLong(), in.getLong(), in.getLong());
            case 7 -> {
                long pass = in.getLong();
                List<Frame.PassMember> members = new ArrayList<>();
                for (int i = count(in); i > 0; i--) {
                    members.add(
                            new Frame.PassMember(
                                    in.getInt(), in.getLong(), in.getLong(), in.get() != 0));
                }
                yield new Frame.PassBegin(pass, members);
            }
            case 8 -> {
                long pass = in.getLong();
                long n = in.getLong();
                int slot = in.getInt();
                long offset = in.getLong();
                int length = in.getInt();
                int crc = in.getInt();
                yield new Frame.PassBlocks(pass, n, slot, offset, length, takeData(in), crc);
            }
            case 9 -> new Frame.PassEnd(in.getLong(), in.getLong());
            case 10 -> takeCut(in);
            case 11 -> {
                long pass = in.getLong();
                long passDurable = in.getLong();
                long published = in.getLong();
                long stampMillis = in.getLong();
                long cutBase = in.getLong();
                int count = count(in);
                List<Long> received = takeLongs(in, count);
                List<Long> durable = takeLongs(in, count);
                yield new Frame.Ack(
                        received, durable, pass, passDurable, published, stampMillis, cutBase);
            }
            case 12 -> new Frame.GrantRequest(in.getLong(), in.getLong());
            case 13 -> new Frame.Grant(in.getLong(), grantAnswer(in.getLong(), in.get()));
            case 14 -> new Frame.Heartbeat(takeLongs(in, count(in)));
            case 15 -> new Frame.PeerHello(new UUID(in.getLong(), in.getLong()), takeText(in));
            case 16 -> new Frame.Switch(in.getLong());
            case 17 -> takeSwitched(in);
            case 18 -> new Frame.Release(in.getLong());
            case 19 -> new Frame.Released(in.getLong(), in.get() != 0);
            case 20 ->
                    new Frame.Compare(
                            in.getLong(),
                            in.getInt(),
                            in.getLong(),
                            in.getLong(),
                            in.getInt(),
                            new Fingerprint(in.getLong(), in.getLong()));
            case 21 ->
                    new Frame.Compared(
                            in.getLong(),
                            in.getInt(),
                            in.getLong(),
                            in.getLong(),
                            in.getInt(),
                            outcome(in.get()));
            case 22 -> new Frame.Wanted(in.getInt(), in.getLong(), in.getLong());
            default -> throw new IllegalArgumentException("unknown kind " + in.get(0));
        };
    }

    private static void putRange(
            ByteBuffer out, long pass, int slot, long vseq, long offset, int length) {
        out.putLong(pass).putInt(slot).putLong(vseq).putLong(offset).putInt(length);
    }

    private static Frame takeHello(ByteBuffer in) {
        History history = takeHistory(in);
        String source = takeText(in);
        long process = in.getLong();
        long term = in.getLong();
        List<Frame.Offer> offers = new ArrayList<>();
        for (int i = count(in); i > 0; i--) {
            offers.add(
                    new Frame.Offer(
                            new VolumeId(takeText(in)),
                            in.getLong(),
                            in.getLong(),
                            in.getLong(),
                            in.get() != 0));
        }
        return new Frame.Hello(history, source, process, term, offers);
    }

    private static void putCut(ByteBuffer out, Frame.Cut cut) {
        out.put((byte) 10).putLong(cut.number()).putLong(cut.stampMillis()).putLong(cut.pass());
        putText(out, cut.name());
        out.putInt(cut.vector().size());
        cut.vector().entrySet().stream()
                .sorted(Map.Entry.comparingByKey(Comparator.comparing(VolumeId::value)))
                .forEach(e -> {
                    putText(out, e.getKey().value());
                    out.putLong(e.getValue());
                });
    }

    private static Frame takeCut(ByteBuffer in) {
        long number = in.getLong();
        long stampMillis = in.getLong();
        long pass = in.getLong();
        String name = takeText(in);
        var vector = new LinkedHashMap<VolumeId, Long>();
        for (int i = count(in); i > 0; i--) {
            vector.put(new VolumeId(takeText(in)), in.getLong());
        }
        return new Frame.Cut(number, stampMillis, vector, pass, name);
    }

    private static Frame takeSwitched(ByteBuffer in) {
        long number = in.getLong();
        boolean startsPass = in.get() != 0;
        List<Frame.Answer> answers = new ArrayList<>();
        for (int i = count(in); i > 0; i--) {
            answers.add(new Frame.Answer(new VolumeId(takeText(in)), in.getLong()));
        }
        return new Frame.Switched(number, startsPass, answers);
    }

    private static List<Long> takeLongs(ByteBuffer in, int count) {
        List<Long> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(in.getLong());
        }
        return values;
    }

    private static int count(ByteBuffer in) {
        int count = in.getInt();
        if (count < 0 || count > LIST_MAX) {
            throw new IllegalArgumentException("a list of " + count);
        }
        return count;
    }

    private static void putData(ByteBuffer out, ByteBuffer data, int crc) {
        out.putInt(crc).put(data.duplicate());
    }

    private static ByteBuffer takeData(ByteBuffer in) {
        return in.hasRemaining() ? in.slice() : EMPTY;
    }

    private static byte code(HelloAnswer answer) {
        return switch (answer) {
            case RESUME -> 1;
            case PASS -> 2;
            case FULL -> 3;
            case REFUSE -> 4;
            case HASH -> 5;
        };
    }

    private static HelloAnswer helloAnswer(byte code) {
        return switch (code) {
            case 1 -> HelloAnswer.RESUME;
            case 2 -> HelloAnswer.PASS;
            case 3 -> HelloAnswer.FULL;
            case 4 -> HelloAnswer.REFUSE;
            case 5 -> HelloAnswer.HASH;
            default -> throw new IllegalArgumentException("answer " + code);
        };
    }

    private static byte code(Frame.Outcome outcome) {
        return switch (outcome) {
            case SAME -> 1;
            case DIFFERENT -> 2;
            case UNKNOWN -> 3;
        };
    }

    private static Frame.Outcome outcome(byte code) {
        return switch (code) {
            case 1 -> Frame.Outcome.SAME;
            case 2 -> Frame.Outcome.DIFFERENT;
            case 3 -> Frame.Outcome.UNKNOWN;
            default -> throw new IllegalArgumentException("outcome " + code);
        };
    }

    private static byte code(GrantAnswer answer) {
        return switch (answer) {
            case GrantAnswer.Granted _ -> 0;
            case GrantAnswer.Refused r ->
                    switch (r.reason()) {
                        case STOPPED -> 1;
                        case PROMOTED -> 2;
                        case BOOT_UNCONFIRMED -> 3;
                        case OLD_TERM -> 4;
                    };
        };
    }

    private static GrantAnswer grantAnswer(long term, byte code) {
        return switch (code) {
            case 0 -> new GrantAnswer.Granted(term);
            case 1 -> new GrantAnswer.Refused(term, GrantAnswer.Reason.STOPPED);
            case 2 -> new GrantAnswer.Refused(term, GrantAnswer.Reason.PROMOTED);
            case 3 -> new GrantAnswer.Refused(term, GrantAnswer.Reason.BOOT_UNCONFIRMED);
            case 4 -> new GrantAnswer.Refused(term, GrantAnswer.Reason.OLD_TERM);
            default -> throw new IllegalArgumentException("grant answer " + code);
        };
    }

    private static int forked(History history) {
        return history.left() == null ? 0 : history.left().vector().size();
    }

    private static void putHistory(ByteBuffer out, History history) {
        putUuid(out, history.lineage());
        Fork left = history.left();
        out.put((byte) (left == null ? 0 : 1));
        if (left != null) {
            putUuid(out, left.parent());
            out.putLong(left.point()).putInt(left.vector().size());
            left.vector()
                    .forEach((volume, vseq) -> {
                        putText(out, volume.value());
                        out.putLong(vseq);
                    });
        }
    }

    private static History takeHistory(ByteBuffer in) {
        var lineage = new UUID(in.getLong(), in.getLong());
        if (in.get() == 0) {
            return History.first(lineage);
        }
        var parent = new UUID(in.getLong(), in.getLong());
        long point = in.getLong();
        var vector = new HashMap<VolumeId, Long>();
        for (int i = count(in); i > 0; i--) {
            vector.put(new VolumeId(takeText(in)), in.getLong());
        }
        return new History(lineage, new Fork(parent, point, vector));
    }

    private static void putUuid(ByteBuffer out, UUID id) {
        out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static void putText(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putShort((short) bytes.length).put(bytes);
    }

    private static String takeText(ByteBuffer in) {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }
}

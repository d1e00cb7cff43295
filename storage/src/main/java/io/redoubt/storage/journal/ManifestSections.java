// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.Isolation;
import io.redoubt.storage.atrest.KeyEnvelope;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The end of a manifest from version 3 on: what most journals have not, each thing with a tag of its own. One that is not known here is a
/// refusal: whoever wrote it relies on it.
final class ManifestSections {
    private static final int FORK = 1;
    private static final int SEAL = 2;
    private static final int ADOPTED = 3;
    private static final int COMMIT = 4;
    private static final int ISOLATION = 5;
    private static final int HELD = 6;
    private static final int HEAD = 8;

    /// What was found.
    @Nullable Fork fork;

    @Nullable KeyEnvelope envelope;
    List<WayBack.Adopted> adopted = List.of();
    WayBack.@Nullable Commit commit;
    Isolation isolation = Isolation.PAUSES;

    /// Pins of single numbers; those of points have a place of their own.
    List<Pin> held = List.of();

    static ByteBuffer encode(Manifest m) {
        Map<Integer, ByteBuffer> sections = new TreeMap<>();
        Fork fork = m.origin().fork();
        if (fork != null) {
            ByteBuffer out = LogRecord.buffer(24 + vectorBytes(fork.vector()));
            out.putLong(fork.parent().getMostSignificantBits());
            out.putLong(fork.parent().getLeastSignificantBits());
            out.putLong(fork.point());
            putVector(out, fork.vector());
            sections.put(FORK, out.flip());
        }
        KeyEnvelope envelope = m.origin().envelope();
        if (envelope != null) {
            byte[] wrapped = envelope.wrapped();
            ByteBuffer out = LogRecord.buffer(4 + envelope.wrapper().length() * 3 + wrapped.length);
            ManifestCodec.putText(out, envelope.wrapper());
            out.putShort((short) wrapped.length).put(wrapped);
            sections.put(SEAL, out.flip());
        }
        if (!m.back().adopted().isEmpty()) {
            sections.put(ADOPTED, adopted(m.back().adopted()));
        }
        WayBack.Commit commit = m.back().commit();
        if (commit != null) {
            ByteBuffer out = LogRecord.buffer(17 + vectorBytes(commit.vector()));
            out.putLong(commit.point()).putLong(commit.atMillis());
            out.put((byte) (commit.forgotten() ? 1 : 0));
            putVector(out, commit.vector());
            sections.put(COMMIT, out.flip());
        }
        Isolation isolation = m.roles().isolation();
        if (!isolation.equals(Isolation.PAUSES)) {
            ByteBuffer out = LogRecord.buffer(9).putLong(isolation.version());
            sections.put(ISOLATION, out.put((byte) (isolation.goesOn() ? 1 : 0)).flip());
        }
        List<Pin> held = m.pins().stream().filter(p -> p.at() != null).toList();
        if (!held.isEmpty()) {
            sections.put(HELD, held(held));
        }
        int bytes = sections.values().stream().mapToInt(s -> HEAD + s.remaining()).sum();
        ByteBuffer all = LogRecord.buffer(4 + bytes).putInt(sections.size());
        sections.forEach(
                (tag, content) -> all.putInt(tag).putInt(content.remaining()).put(content));
        return all.flip();
    }

    private static ByteBuffer adopted(List<WayBack.Adopted> adopted) {
        int bytes = adopted.stream().mapToInt(a -> 14 + a.file().length() * 3).sum();
        ByteBuffer out = LogRecord.buffer(4 + bytes).putInt(adopted.size());
        for (WayBack.Adopted each : adopted) {
            out.putInt(each.slot()).putLong(each.scanned());
            ManifestCodec.putText(out, each.file());
        }
        return out.flip();
    }

    private static ByteBuffer held(List<Pin> pins) {
        int bytes =
                pins.stream()
                        .map(Pin::at)
                        .flatMap(Stream::ofNullable)
                        .mapToInt(at -> 20 + at.volume().value().length() * 3)
                        .sum();
        bytes += pins.stream().mapToInt(p -> p.owner().length() * 3).sum();
        ByteBuffer out = LogRecord.buffer(4 + bytes).putInt(pins.size());
        for (Pin pin : pins) {
            Pin.At at = Objects.requireNonNull(pin.at());
            ManifestCodec.putText(out, pin.owner());
            ManifestCodec.putText(out, at.volume().value());
            out.putLong(at.vseq()).putLong(pin.untilMillis());
        }
        return out.flip();
    }

    private static List<Pin> takeHeld(ByteBuffer in) {
        var pins = new ArrayList<Pin>();
        for (int i = in.getInt(); i > 0; i--) {
            String owner = ManifestCodec.takeText(in);
            var at = new Pin.At(new VolumeId(ManifestCodec.takeText(in)), in.getLong());
            pins.add(new Pin(owner, at, in.getLong()));
        }
        return List.copyOf(pins);
    }

    static ManifestSections decode(ByteBuffer in) {
        var found = new ManifestSections();
        for (int i = in.getInt(); i > 0; i--) {
            int tag = in.getInt();
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                throw new IllegalArgumentException("section of %d bytes".formatted(length));
            }
            ByteBuffer section = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            in.position(in.position() + length);
            switch (tag) {
                case FORK ->
                        found.fork =
                                new Fork(
                                        new UUID(section.getLong(), section.getLong()),
                                        section.getLong(),
                                        takeVector(section));
                case SEAL -> found.envelope = takeEnvelope(section);
                case ADOPTED -> found.adopted = takeAdopted(section);
                case COMMIT -> found.commit = takeCommit(section);
                case ISOLATION ->
                        found.isolation = new Isolation(section.getLong(), section.get() != 0);
                case HELD -> found.held = takeHeld(section);
                default -> throw new IllegalArgumentException("section " + tag);
            }
        }
        return found;
    }

    private static KeyEnvelope takeEnvelope(ByteBuffer in) {
        String wrapper = ManifestCodec.takeText(in);
        var wrapped = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(wrapped);
        return new KeyEnvelope(wrapper, wrapped);
    }

    private static List<WayBack.Adopted> takeAdopted(ByteBuffer in) {
        var adopted = new ArrayList<WayBack.Adopted>();
        for (int i = in.getInt(); i > 0; i--) {
            int slot = in.getInt();
            long scanned = in.getLong();
            adopted.add(new WayBack.Adopted(slot, ManifestCodec.takeText(in), scanned));
        }
        return List.copyOf(adopted);
    }

    private static WayBack.Commit takeCommit(ByteBuffer in) {
        long point = in.getLong();
        long atMillis = in.getLong();
        boolean forgotten = in.get() != 0;
        return new WayBack.Commit(point, takeVector(in), atMillis, forgotten);
    }

    private static int vectorBytes(Map<VolumeId, Long> vector) {
        return 4 + vector.keySet().stream().mapToInt(v -> 10 + v.value().length() * 3).sum();
    }

    private static void putVector(ByteBuffer out, Map<VolumeId, Long> vector) {
        out.putInt(vector.size());
        vector.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<VolumeId, Long> e) -> e.getKey().value()))
                .forEach(e -> {
                    ManifestCodec.putText(out, e.getKey().value());
                    out.putLong(e.getValue());
                });
    }

    private static Map<VolumeId, Long> takeVector(ByteBuffer in) {
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        for (int i = in.getInt(); i > 0; i--) {
            vector.put(new VolumeId(ManifestCodec.takeText(in)), in.getLong());
        }
        return vector;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/// A recovery point as bytes, the same in the log and in the manifest.
final class PointCodec {
    private static final int AFTER_SYNC = 1;

    private PointCodec() {}

    static void put(ByteBuffer out, RecoveryPoint point, Map<VolumeId, Integer> slots) {
        out.putLong(point.number())
                .putLong(point.stampMillis())
                .putLong(point.publishedMillis())
                .putInt(point.afterSync() ? AFTER_SYNC : 0);
        out.putInt(point.vector().size());
        point.vector().entrySet().stream()
                .sorted(Comparator.comparingInt(e -> Objects.requireNonNull(slots.get(e.getKey()))))
                .forEach(e ->
                        out.putInt(Objects.requireNonNull(slots.get(e.getKey())))
                                .putLong(e.getValue()));
        ManifestCodec.putText(out, point.name());
    }

    static RecoveryPoint take(ByteBuffer in, Map<Integer, VolumeId> volumes) {
        long number = in.getLong();
        long stampMillis = in.getLong();
        long publishedMillis = in.getLong();
        boolean afterSync = (in.getInt() & AFTER_SYNC) != 0;
        var vector = new LinkedHashMap<VolumeId, Long>();
        for (int i = in.getInt(); i > 0; i--) {
            int slot = in.getInt();
            VolumeId volume = volumes.get(slot);
            if (volume == null) {
                throw new IllegalArgumentException(
                        "point %d names member %d of %d".formatted(number, slot, volumes.size()));
            }
            vector.put(volume, in.getLong());
        }
        return new RecoveryPoint(
                number,
                stampMillis,
                publishedMillis,
                vector,
                afterSync,
                ManifestCodec.takeText(in));
    }
}

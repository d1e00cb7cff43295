// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalReader;
import io.redoubt.storage.journal.Pin;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// All that `journal inspect` shows, for programs.
final class InspectedJson {
    /// Of a point, or of one volume at one number.
    private static Map<String, Object> pin(Pin pin) {
        var shown = new LinkedHashMap<String, Object>();
        Pin.At at = pin.at();
        if (at == null) {
            shown.put("point", pin.point());
        } else {
            shown.put("volume", at.volume().value());
            shown.put("write", at.vseq());
        }
        shown.put("owner", pin.owner());
        shown.put("until", instant(pin.untilMillis()));
        return shown;
    }

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private InspectedJson() {}

    /// @param last so many of the newest points, 0 for all
    static String of(JournalReader journal, int last) {
        var all = new LinkedHashMap<String, Object>();
        all.put("lineage", journal.lineage().toString());
        all.put("term", journal.roles().term());
        all.put("stopped", journal.roles().stopped());
        all.put("promoted", journal.roles().promoted());
        all.put("nextCut", journal.nextCut());
        all.put("volumes", journal.volumes().stream().map(InspectedJson::volume).toList());
        all.put("pointsKept", journal.points().size());
        all.put("points", points(journal, last));
        all.put("pins", journal.pins().stream().map(InspectedJson::pin).toList());
        all.put("log", journal.log());
        all.put("kept", journal.kept());
        all.put(
                "bases",
                journal.bases().stream()
                        .map(base ->
                                Map.of(
                                        "volume", base.id().value(),
                                        "file", base.file(),
                                        "horizon", base.horizon(),
                                        "room", base.room()))
                        .toList());
        all.put("runs", journal.runs());
        all.put("leftovers", journal.leftovers());
        all.put("damage", journal.damage().stream().map(JournalFault::message).toList());
        return JSON.writeValueAsString(all);
    }

    private static Map<String, Object> volume(JournalReader.Volume volume) {
        return Map.of(
                "volume", volume.id().value(),
                "sizeBytes", volume.size(),
                "lastWrite", volume.through(),
                "complete", volume.complete());
    }

    private static List<Map<String, Object>> points(JournalReader journal, int last) {
        List<RecoveryPoint> kept = journal.points();
        int shown = last == 0 ? kept.size() : Math.min(last, kept.size());
        var points = new ArrayList<Map<String, Object>>();
        for (RecoveryPoint point : kept.subList(kept.size() - shown, kept.size())) {
            PointTag tag = point.tag();
            var all = new LinkedHashMap<String, Object>();
            all.put("number", point.number());
            all.put("at", instant(point.stampMillis()));
            all.put("publishedAt", instant(point.publishedMillis()));
            all.put("name", tag.name());
            all.put("afterSync", point.afterSync());
            all.put("protected", journal.guarded().contains(point.number()));
            all.put("consistency", tag.consistency().name().toLowerCase(Locale.ROOT));
            all.put("takenBy", tag.by());
            all.put("freezeFailures", tag.failures());
            all.put("writes", writes(point.vector()));
            points.add(all);
        }
        return points;
    }

    private static Map<String, Long> writes(Map<VolumeId, Long> vector) {
        var writes = new TreeMap<String, Long>();
        vector.forEach((volume, vseq) -> writes.put(volume.value(), vseq));
        return writes;
    }

    private static String instant(long millis) {
        return Instant.ofEpochMilli(millis).toString();
    }
}

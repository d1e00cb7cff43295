// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.VolumeId;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Who was promised what in a datastore, and what stands behind each file. Pure counting: it touches no disk.
final class Book {
    private static final String CONTENT = ".raw";
    private static final String SAVED = "snapshots.";

    private final RoomRules rules;
    private final Map<VolumeId, Held> volumes =
            new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
    private long thick;
    private long thin;
    private long thinPromised;
    private long saved;
    private long other;
    private long room;

    Book(RoomRules rules) {
        this.rules = rules;
    }

    /// @param room   of the disk, behind the file
    /// @param counts against the datastore's size (content) or its spare room
    private record FileRoom(long room, long counts) {}

    static final class Held {
        private Allotment allotment;
        private final Map<String, FileRoom> files = new HashMap<>();
        private long content;
        private boolean leaving;

        private Held(Allotment allotment) {
            this.allotment = allotment;
        }

        Allotment allotment() {
            return allotment;
        }

        private long charge() {
            return allotment.thin() ? content : Math.max(allotment.size().value(), content);
        }
    }

    static boolean isContent(String file) {
        return file.endsWith(CONTENT);
    }

    /// What snapshots keep: content that nobody was promised.
    static boolean isSaved(String file) {
        return isContent(file) && file.startsWith(SAVED);
    }

    @Nullable Held find(VolumeId volume) {
        return volumes.get(volume);
    }

    Set<VolumeId> volumes() {
        return Set.copyOf(volumes.keySet());
    }

    /// A new volume, or a known one with a new size.
    void allot(VolumeId volume, Allotment allotment) {
        Held held = volumes.get(volume);
        if (held == null) {
            held = new Held(allotment);
            volumes.put(volume, held);
            other += rules.perVolume();
            room += rules.perVolume();
        } else {
            count(held, -1);
            held.allotment = allotment;
        }
        count(held, 1);
    }

    /// Its small files are not counted any more, the others until they are gone.
    void leaves(VolumeId volume) {
        Held held = volumes.get(volume);
        if (held != null && !held.leaving) {
            held.leaving = true;
            other -= rules.perVolume();
            room -= rules.perVolume();
        }
    }

    void forget(VolumeId volume) {
        leaves(volume);
        Held held = volumes.remove(volume);
        if (held != null) {
            count(held, -1);
            held.files.forEach((name, file) -> {
                room -= file.room();
                other -= isContent(name) ? 0 : file.counts();
                saved -= isSaved(name) ? file.counts() : 0;
            });
        }
    }

    /// What stands behind a file now.
    void measured(VolumeId volume, String file, long fileRoom, long fileSize) {
        if (fileRoom < rules.small()) {
            removed(volume, file);
            return;
        }
        long counts = isContent(file) ? Math.min(rules.grainsDown(fileRoom), fileSize) : fileRoom;
        set(volume, file, new FileRoom(fileRoom, counts));
    }

    void removed(VolumeId volume, String file) {
        set(volume, file, null);
    }

    void renamed(VolumeId volume, String from, String to) {
        Held held = volumes.get(volume);
        FileRoom moved = held == null ? null : held.files.get(from);
        set(volume, from, null);
        set(volume, to, moved);
    }

    private void set(VolumeId volume, String file, @Nullable FileRoom now) {
        Held held = volumes.get(volume);
        if (held == null) {
            return; // it is leaving
        }
        FileRoom before = now == null ? held.files.remove(file) : held.files.put(file, now);
        long more = (now == null ? 0 : now.counts()) - (before == null ? 0 : before.counts());
        room += (now == null ? 0 : now.room()) - (before == null ? 0 : before.room());
        if (isSaved(file)) {
            saved += more;
        } else if (isContent(file)) {
            count(held, -1);
            held.content += more;
            count(held, 1);
        } else {
            other += more;
        }
    }

    private void count(Held held, int sign) {
        if (held.allotment.thin()) {
            thin += sign * held.charge();
            thinPromised += sign * held.allotment.size().value();
        } else {
            thick += sign * held.charge();
        }
    }

    /// How much less would be free if this file of the volume grew by so much.
    long wouldTake(VolumeId volume, String file, long more) {
        Held held = volumes.get(volume);
        if (held == null || held.allotment.thin() || isSaved(file)) {
            return more;
        }
        return Math.max(held.allotment.size().value(), held.content + more) - held.charge();
    }

    long thick() {
        return thick;
    }

    long thin() {
        return thin;
    }

    long mayGrow() {
        return Math.max(0, thinPromised - thin);
    }

    /// Kept for snapshots.
    long saved() {
        return saved;
    }

    /// Counted against the datastore's size.
    long used() {
        return thick + thin + saved;
    }

    /// Counted against its spare room.
    long other() {
        return other;
    }

    /// Of the disk, behind all files.
    long room() {
        return room;
    }
}

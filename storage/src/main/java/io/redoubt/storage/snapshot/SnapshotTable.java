// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.SmallFile;
import io.redoubt.storage.block.Text;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which snapshots a volume has, in the order of their making; a value.
///
/// @param grain     bytes of a grain, the unit of saving
/// @param next      the number that the next snapshot gets
/// @param current   the snapshot that the volume stands on: its parent in the tree; 0 for none
/// @param reverting the snapshot that the volume is being taken back to; 0 for none
/// @param all       rising numbers
record SnapshotTable(int grain, long next, long current, long reverting, List<Snapshot> all) {
    static final int SNAPSHOTS_MAX = 256;
    private static final int GRAIN_MIN = 512;
    private static final int GRAIN_MAX =
            64 << 10; // a stripe: who holds its lock has the grain for itself

    SnapshotTable {
        all = List.copyOf(all);
    }

    static SnapshotTable empty(int grain) {
        return new SnapshotTable(grain, 1, 0, 0, List.of());
    }

    Optional<Snapshot> find(long number) {
        return all.stream().filter(s -> s.number() == number).findFirst();
    }

    Optional<Snapshot> find(String name) {
        return all.stream().filter(s -> s.name().equals(name)).findFirst();
    }

    Snapshot require(VolumeId volume, long number) {
        return find(number)
                .orElseThrow(() ->
                        new FaultException(new SnapshotFault.Unknown(volume, "number " + number)));
    }

    /// @throws FaultException with [SnapshotFault.Unknown] or [SnapshotFault.Broken]
    Snapshot requireKept(VolumeId volume, long number) {
        Snapshot found = require(volume, number);
        if (!found.kept()) {
            throw new FaultException(
                    new SnapshotFault.Broken(volume, found.name(), found.state().words()));
        }
        return found;
    }

    /// The number of the newest one with content, 0 for none: the owner of what is saved now.
    long newestKept() {
        for (Snapshot each : all.reversed()) {
            if (each.kept()) {
                return each.number();
            }
        }
        return 0;
    }

    Optional<Snapshot> oldestKept() {
        return all.stream().filter(Snapshot::kept).findFirst();
    }

    boolean kept(long number) {
        for (Snapshot each : all) {
            if (each.number() == number) {
                return each.kept();
            }
        }
        return false;
    }

    /// The numbers of those with content, rising.
    long[] keptNumbers() {
        return all.stream().filter(Snapshot::kept).mapToLong(Snapshot::number).toArray();
    }

    SnapshotTable create(String name, long createdMillis, long size) {
        var more = new ArrayList<>(all);
        more.add(new Snapshot(next, current, name, createdMillis, size, Snapshot.State.KEPT));
        return new SnapshotTable(grain, next + 1, next, reverting, more);
    }

    /// Its children become children of its parent.
    SnapshotTable delete(Snapshot gone) {
        var rest = new ArrayList<>(all);
        rest.remove(gone);
        rest.replaceAll(s -> s.parent() == gone.number() ? s.under(gone.parent()) : s);
        long stands = current == gone.number() ? gone.parent() : current;
        return new SnapshotTable(grain, next, stands, reverting, rest);
    }

    SnapshotTable broken(Snapshot one, Snapshot.State why) {
        var changed = new ArrayList<>(all);
        changed.replaceAll(s -> s.equals(one) ? s.in(why) : s);
        return new SnapshotTable(grain, next, current, reverting, changed);
    }

    SnapshotTable allBroken(Snapshot.State why) {
        var changed = new ArrayList<>(all);
        changed.replaceAll(s -> s.kept() ? s.in(why) : s);
        return new SnapshotTable(grain, next, current, reverting, changed);
    }

    SnapshotTable reverting(long target) {
        return new SnapshotTable(grain, next, current, target, all);
    }

    SnapshotTable reverted() {
        return new SnapshotTable(grain, next, reverting, 0, all);
    }

    ByteBuffer encode(VolumeId volume) {
        ByteBuffer body =
                ByteBuffer.allocate(512 + all.size() * (40 + Snapshot.NAME_BYTES_MAX))
                        .order(ByteOrder.LITTLE_ENDIAN);
        Text.put(body, volume.value());
        body.putInt(grain).putLong(next).putLong(current).putLong(reverting).putInt(all.size());
        for (Snapshot each : all) {
            body.putLong(each.number()).putLong(each.parent());
            body.putLong(each.createdMillis()).putLong(each.size());
            body.put((byte) each.state().code());
            Text.put(body, each.name());
        }
        return body.flip();
    }

    static SnapshotTable read(SmallFile file) {
        ByteBuffer body = file.read();
        String volume = Text.get(body);
        if (!volume.equals(file.volume().value())) {
            throw new FaultException(
                    new VolumeFault.Different(
                            file.volume(), "the name", volume, file.volume().value()));
        }
        int grain = body.getInt();
        if (grain < GRAIN_MIN || grain > GRAIN_MAX || Integer.bitCount(grain) != 1) {
            throw file.bad("grains of %d bytes are not possible".formatted(grain));
        }
        long next = body.getLong();
        long current = body.getLong();
        long reverting = body.getLong();
        int count = body.getInt();
        var all = new ArrayList<Snapshot>();
        for (int i = 0; i < count; i++) {
            all.add(snapshot(file, body));
        }
        return new SnapshotTable(grain, next, current, reverting, all);
    }

    private static Snapshot snapshot(SmallFile file, ByteBuffer body) {
        long number = body.getLong();
        long parent = body.getLong();
        long created = body.getLong();
        long size = body.getLong();
        int code = body.get();
        Snapshot.State state =
                Snapshot.State.of(code)
                        .orElseThrow(() -> file.bad("a snapshot has state %d".formatted(code)));
        return new Snapshot(number, parent, Text.get(body), created, size, state);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the control plane told this node, on disk, so that it starts again by itself. One file for each object; written aside, synced,
/// renamed, the directory synced, before the command is answered.
public final class Told {
    private final Disk disk;

    public Told(Disk disk) {
        this.disk = disk;
        disk.sync();
    }

    public void put(String kind, String id, MessageLite message) {
        String name = name(kind, id);
        String aside = name + ".new";
        disk.delete(aside);
        try (DiskFile file = disk.create(aside)) {
            file.write(0, ByteBuffer.wrap(message.toByteArray()));
            file.sync();
        }
        disk.rename(aside, name);
        disk.sync();
    }

    public void remove(String kind, String id) {
        disk.delete(name(kind, id));
        disk.sync();
    }

    public <T> Optional<T> find(String kind, String id, Parser<T> parser) {
        return disk.exists(name(kind, id))
                ? Optional.of(read(name(kind, id), parser))
                : Optional.empty();
    }

    public <T> List<T> all(String kind, Parser<T> parser) {
        var found = new ArrayList<T>();
        for (String name : disk.list()) {
            if (name.startsWith(kind + "_") && !name.endsWith(".new")) {
                found.add(read(name, parser));
            }
        }
        return found;
    }

    private <T> T read(String name, Parser<T> parser) {
        try (DiskFile file = disk.open(name)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(0, bytes);
            return parser.parseFrom(bytes.flip());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(
                    "what the node was told about " + name + " cannot be read", e);
        }
    }

    private static String name(String kind, String id) {
        return kind + "_" + id;
    }
}

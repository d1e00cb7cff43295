// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// A snapshot as people see it.
///
/// @param number rises with every snapshot of the volume, never used again
/// @param parent number of the snapshot that the volume stood on when this one was made, 0 for none: the tree
/// @param name   unique in the volume, 1 to [#NAME_BYTES_MAX] bytes of UTF-8
/// @param size   bytes of the volume at that time
public record Snapshot(
        long number, long parent, String name, long createdMillis, long size, State state) {
    public static final int NAME_BYTES_MAX = 128;

    public Snapshot {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a snapshot's name has 1 to %d bytes, not %d".formatted(NAME_BYTES_MAX, bytes));
        }
    }

    /// Whether its content is there, and if not, why.
    public enum State {
        KEPT(0, "kept"),
        NO_ROOM(1, "broken: the snapshot room was full"),
        STORE_FAILED(2, "broken: the disk of the saved data failed");

        private final int code; // in the table's file
        private final String words;

        State(int code, String words) {
            this.code = code;
            this.words = words;
        }

        int code() {
            return code;
        }

        static Optional<State> of(int code) {
            return Arrays.stream(values()).filter(s -> s.code == code).findFirst();
        }

        public String words() {
            return words;
        }
    }

    public boolean kept() {
        return state == State.KEPT;
    }

    Snapshot under(long otherParent) {
        return new Snapshot(number, otherParent, name, createdMillis, size, state);
    }

    Snapshot in(State other) {
        return new Snapshot(number, parent, name, createdMillis, size, other);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.Command;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a guest wrote to its serial line. QEMU appends to the file, over all starts of the machine.
///
/// A place in it is a number of bytes from its start and stays valid: [#release] gives back the room of the oldest bytes (they read
/// as zeros from then on) but moves nothing.
public record SerialLog(Path path) {
    /// At most this much room stays in use for one machine.
    public static final long KEPT_BYTES_MAX = 16L << 20;

    private static final int LAST_BYTES = 2000;
    private static final int LAST_LINES = 5;
    private static final int PIECE_BYTES_MAX = 4 << 20;

    /// Where the next byte will stand; 0 while there is no file.
    public long end() {
        try {
            return Files.exists(path) ? Files.size(path) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The text from a place on, at most 4 MiB of it, with plain line ends.
    public String from(long place) {
        long end = end();
        if (end <= place) {
            return "";
        }
        byte[] bytes = new byte[(int) Math.min(end - place, PIECE_BYTES_MAX)];
        try (var file = new RandomAccessFile(path.toFile(), "r")) {
            file.seek(place);
            file.readFully(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new String(bytes, StandardCharsets.UTF_8).replace("\r", "");
    }

    /// Its end, as part of a message.
    public String lastLines() {
        List<String> lines =
                from(Math.max(0, end() - LAST_BYTES)).lines().filter(l -> !l.isBlank()).toList();
        return lines.isEmpty()
                ? "(nothing)"
                : String.join(
                        " | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    /// Gives the room of everything but the last 8 to 16 MiB back to the file system, while QEMU goes on writing.
    public void release() {
        long half = KEPT_BYTES_MAX / 2;
        long unneeded = (end() / half - 1) * half;
        if (unneeded > 0) {
            Command.of("fallocate", "--punch-hole", "--offset", "0", "--length")
                    .and(Long.toString(unneeded), path.toString())
                    .require();
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.NbdFault;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A disk as a QEMU was told of it: the socket and the export, whose name carries the attachment.
///
/// Read from QEMU's own command line, so that a forbidden write is tried with the very words that the lost machine used.
record GuestDisk(Path socket, String export) {
    private static final int BYTES = 4096;

    /// How a try to write ended.
    enum Try {
        /// The volume took it.
        WRITTEN,
        /// The volume said no, does not know this attachment, or ended the connection instead of an answer.
        REFUSED,
        /// No answer: held back, neither taken nor refused.
        HELD,
        /// Nobody serves this attachment.
        NOBODY
    }

    record Answer(Try result, String words) {}

    static List<GuestDisk> ofQemu(long pid) {
        var disks = new ArrayList<GuestDisk>();
        List<String> words = Processes.arguments(pid);
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals("-blockdev")) {
                JsonNode block = JsonMapper.shared().readTree(words.get(i + 1));
                disks.add(
                        new GuestDisk(
                                Path.of(block.path("server").path("path").asString("")),
                                block.path("export").asString("")));
            }
        }
        return disks;
    }

    /// Whether this QEMU was given a network.
    static boolean hasNetwork(long pid) {
        return Processes.arguments(pid).stream()
                .anyMatch(word ->
                        word.equals("-netdev")
                                || word.equals("-nic")
                                || word.contains("virtio-net"));
    }

    /// Writes a block to the end of the disk, as the lost machine might. The wait is bounded; the thread of a held one ends with us.
    Answer tryToWrite(Duration limit) {
        var task = new FutureTask<>(this::write);
        Thread.ofPlatform().daemon().name("forbidden-write").start(task);
        try {
            return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            return new Answer(Try.HELD, "no answer within %d s".formatted(limit.toSeconds()));
        } catch (ExecutionException e) {
            return new Answer(Try.HELD, String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer(Try.HELD, "interrupted");
        }
    }

    private Answer write() {
        try (NbdClient client = NbdClient.connect(socket, export)) {
            ByteBuffer block = ByteBuffer.allocate(BYTES);
            while (block.hasRemaining()) {
                block.put((byte) 0xE7);
            }
            client.write(client.size() - BYTES, block.flip());
            return new Answer(Try.WRITTEN, "written");
        } catch (FaultException e) {
            String words = e.fault().message();
            return switch (e.fault()) {
                case NbdFault.Refused _, NbdFault.UnknownExport _, NbdFault.Disconnected _ ->
                        new Answer(Try.REFUSED, words);
                default -> new Answer(Try.NOBODY, words);
            };
        }
    }
}

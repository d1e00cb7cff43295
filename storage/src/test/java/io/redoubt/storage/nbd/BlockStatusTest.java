// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.ChangeMap;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the contexts `base:allocation` and `redoubt:dirty` tell, byte by byte.
@Timeout(30)
class BlockStatusTest {
    private static final int STATUS = 7;
    private static final int REQ_ONE = 8;
    private static final int SIZE = 1 << 20;

    @TempDir Path root;
    private @Nullable NbdServer server;

    /// Tells extents of 4 KiB by the letters of a text: D, Z, H, and F for a fault.
    private static final class Lettered extends MemoryDevice {
        private final String letters;

        Lettered(String letters) {
            super(new byte[SIZE]);
            this.letters = letters;
        }

        @Override
        public void extents(long offset, long length, ExtentSink sink) {
            long at = offset;
            while (at < offset + length) {
                long bytes = Math.min(offset + length, (at / 4096 + 1) * 4096) - at;
                Kind kind =
                        switch (letters.charAt((int) (at / 4096) % letters.length())) {
                            case 'D' -> Kind.DATA;
                            case 'Z' -> Kind.ZERO;
                            case 'H' -> Kind.HOLE;
                            default ->
                                    throw new FaultException(
                                            new VolumeFault.Damaged(ID, at, "test"));
                        };
                if (!sink.extent(bytes, kind)) {
                    return;
                }
                at += bytes;
            }
        }
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void data_zeros_and_holes_are_told_apart_and_neighbours_are_joined() throws IOException {
        try (var peer = peer(export("DDZZHHDZ"), "base:allocation")) {
            assertThat(status(peer, 0, 0, 8 * 4096, 1))
                    .containsExactly("8192:0", "8192:2", "8192:3", "4096:0", "4096:2");
            assertThat(status(peer, 0, 100, 4096, 1)).containsExactly("4096:0");
            assertThat(status(peer, 0, 4000, 8000, 1)).containsExactly("4192:0", "3808:2");
        }
    }

    @Test
    void a_peer_that_wants_one_extent_gets_the_first_within_its_range() throws IOException {
        try (var peer = peer(export("DDZZHHDZ"), "base:allocation")) {
            assertThat(status(peer, REQ_ONE, 4096, 65536, 1)).containsExactly("4096:0");
            assertThat(status(peer, REQ_ONE, 8192, 4096, 1)).containsExactly("4096:2");
        }
    }

    @Test
    void an_answer_of_too_many_runs_ends_early_and_the_rest_can_be_asked_for() throws IOException {
        var device =
                new MemoryDevice(new byte[4 << 20]) {
                    @Override
                    public void extents(long offset, long length, ExtentSink sink) {
                        boolean more = true;
                        for (long at = offset; at < offset + length && more; at += 512) {
                            more = sink.extent(512, at / 512 % 2 == 0 ? Kind.DATA : Kind.ZERO);
                        }
                    }
                };
        try (var peer = peer(Export.writable(device, ""), "base:allocation")) {
            List<String> first = status(peer, 0, 0, 4 << 20, 1);
            assertThat(first).hasSize(2048).startsWith("512:0", "512:2");
            assertThat(status(peer, 0, 1 << 20, 3 << 20, 1)).hasSize(2048);
            peer.expectAlive();
        }
    }

    @Test
    void both_contexts_are_answered_in_one_reply() throws IOException {
        ChangeMap changes =
                (offset, length, sink) -> {
                    if (sink.run(length / 2, false)) {
                        sink.run(length - length / 2, true);
                    }
                };
        Export export = export("DZ").withDirty(changes);
        try (var peer = peer(export, "base:allocation", "redoubt:dirty")) {
            peer.send(Peer.request(0, STATUS, 9, 0, 8192));
            assertThat(chunk(peer, false, 1)).containsExactly("4096:0", "4096:2");
            assertThat(chunk(peer, true, 2)).containsExactly("4096:0", "4096:1");
        }
        try (var peer = peer(export, "redoubt:dirty")) {
            assertThat(status(peer, 0, 0, 8192, 2)).containsExactly("4096:0", "4096:1");
        }
    }

    @Test
    void a_failure_is_an_error_even_after_the_first_context_was_told() throws IOException {
        ChangeMap broken =
                (_, _, _) -> {
                    throw new FaultException(new VolumeFault.Damaged(MemoryDevice.ID, 0, "test"));
                };
        Export export = export("D").withDirty(broken);
        try (var peer = peer(export, "base:allocation", "redoubt:dirty")) {
            peer.send(Peer.request(0, STATUS, 9, 0, 4096));
            assertThat(chunk(peer, false, 1)).containsExactly("4096:0");
            assertThat(peer.errorChunk(9)).isEqualTo(5);
            peer.expectAlive();
        }
        try (var peer = peer(export("DF"), "base:allocation")) {
            peer.send(Peer.request(0, STATUS, 9, 0, 8192));
            assertThat(peer.errorChunk(9)).isEqualTo(5);
        }
    }

    @Test
    void dirty_is_offered_only_by_an_export_that_knows_it() throws IOException {
        assertThat(offered(export("D"), "redoubt:")).isEmpty();
        ChangeMap none = (_, length, sink) -> sink.run(length, false);
        assertThat(offered(export("D").withDirty(none), "redoubt:"))
                .containsExactly("redoubt:dirty");
        assertThat(offered(export("D").withDirty(none)))
                .containsExactly("base:allocation", "redoubt:dirty");
    }

    /// As the protocol says: what counts is the last choice, also when it was refused.
    @Test
    void a_choice_that_is_refused_takes_the_one_before_away() throws IOException {
        try (var peer = greeted(export("D"))) {
            peer.send(Peer.metaContext(10, "vol-7", "base:allocation"));
            peer.receive(20 + 19 + 20);
            peer.send(Peer.metaContext(10, "vol-8", "base:allocation"));
            assertThat(peer.optionReply(10)).isEqualTo(0x80000006);
            peer.send(Peer.go("vol-7"));
            peer.receive(20 + 12 + 20 + 14 + 20);
            peer.send(Peer.request(0, STATUS, 9, 0, 4096));
            assertThat(peer.errorChunk(9)).isEqualTo(22);
        }
    }

    private List<String> offered(Export export, String... queries) throws IOException {
        var names = new ArrayList<String>();
        try (var peer = greeted(export)) {
            peer.send(Peer.metaContext(9, "vol-7", queries));
            while (true) {
                ByteBuffer head = ByteBuffer.wrap(peer.receive(20)).position(12);
                int kind = head.getInt();
                byte[] data = peer.receive(head.getInt());
                if (kind != 4) {
                    assertThat(kind).isEqualTo(1);
                    return names;
                }
                names.add(
                        new String(
                                data, 4, data.length - 4, java.nio.charset.StandardCharsets.UTF_8));
            }
        }
    }

    private static Export export(String letters) {
        return Export.writable(new Lettered(letters), "");
    }

    private Peer greeted(Export export) throws IOException {
        stop();
        Path socket = root.resolve("s");
        server = NbdServer.listen(socket, Exports.one("vol-7", export));
        var peer = new Peer(socket);
        peer.receive(18);
        peer.send(Peer.flags()).send(Peer.option(8, new byte[0]));
        peer.receive(20);
        return peer;
    }

    /// In transmission, with these contexts.
    private Peer peer(Export export, String... contexts) throws IOException {
        Peer peer = greeted(export);
        peer.send(Peer.metaContext(10, "vol-7", contexts));
        for (String context : contexts) {
            peer.receive(20 + 4 + context.length());
        }
        peer.receive(20);
        peer.send(Peer.go("vol-7"));
        peer.receive(20 + 12 + 20 + 14 + 20);
        return peer;
    }

    private static List<String> status(Peer peer, int flags, long offset, long length, int context)
            throws IOException {
        peer.send(Peer.request(flags, STATUS, 9, offset, length));
        return chunk(peer, true, context);
    }

    private static List<String> chunk(Peer peer, boolean last, int context) throws IOException {
        ByteBuffer chunk = ByteBuffer.wrap(peer.receive(20));
        assertThat(chunk.getInt()).isEqualTo(0x668e33ef);
        assertThat(chunk.getShort()).as("done").isEqualTo((short) (last ? 1 : 0));
        assertThat(chunk.getShort()).as("type").isEqualTo((short) 5);
        assertThat(chunk.getLong()).isEqualTo(9);
        ByteBuffer body = ByteBuffer.wrap(peer.receive(chunk.getInt()));
        assertThat(body.getInt()).isEqualTo(context);
        var runs = new ArrayList<String>();
        while (body.hasRemaining()) {
            runs.add(Integer.toUnsignedString(body.getInt()) + ":" + body.getInt());
        }
        return runs;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnixStreamTest {
    @TempDir Path root;

    @Test
    void what_the_peer_has_not_taken_is_known() throws Exception {
        Path socket = root.resolve("dir/socket");
        UnixListener listener = UnixSocket.listen(socket, SocketAccess.OWNER);
        try (UnixStream peer = UnixSocket.connect(socket, 0);
                Link link = listener.accept()) {
            assertThat(link.hasUntaken()).isFalse();
            link.write(ByteBuffer.allocateDirect(16));
            link.write(ByteBuffer.allocateDirect(16));
            assertThat(link.hasUntaken()).isTrue();
            peer.read(ByteBuffer.allocateDirect(20));
            assertThat(link.hasUntaken()).as("12 bytes are left").isTrue();
            peer.read(ByteBuffer.allocateDirect(20));
            assertThat(link.hasUntaken()).isFalse();
        } finally {
            listener.stop();
            assertThatThrownBy(listener::accept).isInstanceOf(ClosedChannelException.class);
        }
    }
}

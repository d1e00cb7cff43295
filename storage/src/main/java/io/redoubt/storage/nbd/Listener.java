// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;

/// Where peers come in.
interface Listener {
    /// Waits for the next peer.
    ///
    /// @throws java.nio.channels.ClosedChannelException after [#stop()]; the socket is then free
    /// @throws IOException with the operating system's reason; the next call may succeed
    Link accept() throws IOException;

    /// Ends [#accept()], from any thread. Repeatable.
    void stop();

    /// For the log.
    @Override
    String toString();
}

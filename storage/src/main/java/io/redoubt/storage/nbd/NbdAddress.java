// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.nio.file.Path;
import javax.net.ssl.SSLContext;

/// Where a server is.
public sealed interface NbdAddress {
    /// A socket of this host.
    record Unix(Path socket) implements NbdAddress {
        @Override
        public String toString() {
            return socket.toString();
        }
    }

    /// A host of the network, which must prove its name, over TLS 1.3.
    ///
    /// @param context our certificate, and whom we trust; see [TlsFiles]
    record Tls(String host, int port, SSLContext context) implements NbdAddress {
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }
}

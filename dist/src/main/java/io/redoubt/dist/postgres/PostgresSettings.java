// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import java.nio.file.Path;

/// Where and as whom the server runs.
///
/// @param home everything of it is below: binaries, data, log, password; made when absent
/// @param port on 127.0.0.1; 0 = a free one, chosen at each start
/// @param user the user that the server runs as when we are root; otherwise it runs as we do
public record PostgresSettings(Path home, int port, String user) {
    /// Every directory of a region's home stays below this name.
    public static final String DEFAULT_USER = "redoubt";

    public PostgresSettings {
        home = home.toAbsolutePath().normalize();
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("a port is 0 (a free one) to 65535, not " + port);
        }
    }
}

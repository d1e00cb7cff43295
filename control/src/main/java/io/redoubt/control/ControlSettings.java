// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import java.nio.file.Path;

/// @param httpPort     of the API, 0 = a free one
/// @param grpcPort     for the nodes, 0 = a free one
/// @param host         address that both listen on and are reached by
/// @param postgresUser the user that the database runs as when we are root
record ControlSettings(Path home, String host, int httpPort, int grpcPort, String postgresUser) {}

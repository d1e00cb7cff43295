// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import java.nio.file.Path;

/// @param host the name under which nodes reach us; in the server's certificate
/// @param port 0 = a free one
/// @param ca   whose certificates nodes must show
public record GatewaySettings(String host, int port, Path certificate, Path key, Path ca) {}

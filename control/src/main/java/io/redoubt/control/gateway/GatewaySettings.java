// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;

/// @param host  the name under which nodes reach us; in the server's certificate
/// @param port  0 = a free one
/// @param keys  our certificate and its key. Not as PEM files: reading those, Netty would load all of Bouncy Castle at every start
/// @param trust the CA whose certificates nodes must show
public record GatewaySettings(
        String host, int port, List<KeyManager> keys, List<TrustManager> trust) {}

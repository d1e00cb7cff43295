// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/// The ports that were asked for; 0 = a free one.
public record Ports(int http, int grpc) {
    public static final Ports FREE = new Ports(0, 0);

    /// @throws FaultException with [LauncherFault.PortInUse]
    void requireFree() {
        requireFree("--http-port", http);
        requireFree("--grpc-port", grpc);
    }

    private static void requireFree(String option, int port) {
        if (port != 0) {
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                socket.getLocalPort(); // it is bound, so it was free
            } catch (IOException e) {
                throw new FaultException(
                        new LauncherFault.PortInUse(option, port, e.toString()), e);
            }
        }
    }
}

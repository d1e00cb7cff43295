// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.nio.file.Path;

/// The process that is killed at the receiver. Says `ready` and ends with its input.
public final class ReceiverProcess {
    private ReceiverProcess() {}

    /// @param args directory, port
    public static void main(String[] args) throws Exception {
        try (var receiver =
                new RealReceiver(Path.of(args[0]).resolve("journal"), Integer.parseInt(args[1]))) {
            if (!receiver.hosted.journal().damage().isEmpty()) {
                System.out.println("damaged " + receiver.hosted.journal().damage());
                System.exit(5);
            }
            System.out.println("ready");
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        }
        System.exit(0);
    }
}

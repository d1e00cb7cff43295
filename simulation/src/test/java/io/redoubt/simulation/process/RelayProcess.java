// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.link.Relay;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/// A [Relay] in a process, so that it can stand in a network namespace of its own. It says `ready`, obeys `rate BYTES`, `delay MILLIS`,
/// `cut` and `heal`, and ends with its input.
public final class RelayProcess {
    private RelayProcess() {}

    /// @param args where it listens, where it connects to, as address:port
    public static void main(String[] args) throws Exception {
        try (var relay = new Relay(address(args[0]), address(args[1]));
                var in =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("ready");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                switch (words[0]) {
                    case "rate" -> relay.rate(Long.parseLong(words[1]));
                    case "delay" -> relay.delay(Long.parseLong(words[1]));
                    case "cut" -> relay.cut();
                    case "heal" -> relay.heal();
                    default -> throw new IllegalArgumentException(line);
                }
                System.out.println("done");
            }
        }
        System.exit(0);
    }

    static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(
                text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }
}

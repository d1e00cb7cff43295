// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/// A process that is told what to do, a line each, and answers each with a line.
final class Dialogue {
    /// What a process can do.
    @FunctionalInterface
    interface Actions {
        /// @param words of the line
        /// @return figures, separated by spaces
        String act(String[] words) throws Exception;
    }

    private Dialogue() {}

    /// Until the input ends. A line that cannot be obeyed ends the process with its reason.
    ///
    /// @param ready what the first line says after `ready`
    static void hold(String ready, Actions actions) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready " + ready);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                System.out.println("done " + actions.act(line.split(" ", -1)));
            } catch (Exception e) {
                e.printStackTrace();
                System.exit(1);
            }
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.e2e.verdict.Broken;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// Tells the story with its times, and keeps what was broken.
final class Narrator {
    private final PrintStream out;
    private final long start = System.nanoTime();
    private final List<Broken> broken = new ArrayList<>();
    private int steps;

    Narrator(PrintStream out) {
        this.out = out;
    }

    void step(String title) {
        steps++;
        out.println();
        out.println("[%6.1f s] %d. %s".formatted(seconds(), steps, title));
    }

    void say(String line) {
        out.println("[%6.1f s]    %s".formatted(seconds(), line));
    }

    /// A promise that was looked at; silent about nothing.
    ///
    /// @param kept what is told when the list is empty
    void judge(String kept, List<Broken> found) {
        if (found.isEmpty()) {
            say("kept: " + kept);
        }
        for (Broken one : found) {
            say("BROKEN: " + one.words());
        }
        broken.addAll(found);
    }

    void plain(String line) {
        out.println(line);
    }

    List<Broken> broken() {
        return List.copyOf(broken);
    }

    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }
}

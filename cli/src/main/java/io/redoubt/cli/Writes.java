// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.cli.api.Operation;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What all changes have in common: they are accepted, watched step by step, and end.
final class Writes {
    @Mixin private Session session = new Session();

    @Option(
            names = "--no-wait",
            description = "Return when the change is accepted; it goes on by itself.")
    private boolean noWait;

    @Option(
            names = "--wait-seconds",
            paramLabel = "N",
            defaultValue = "600",
            description = "Watch no longer than this (default: ${DEFAULT-VALUE}).")
    private long waitSeconds;

    Session session() {
        return session;
    }

    /// How long to watch.
    Duration waitLimit() {
        return Duration.ofSeconds(waitSeconds);
    }

    /// Sends a change and, unless told otherwise, watches it to its end.
    ///
    /// @param words what to say of the operation's target when all is well, for example `volume data is ready`
    int post(String path, Map<String, ?> body, String words) {
        return follow(session.api().post(path, body), words);
    }

    /// Changes one and, unless told otherwise, watches the change to its end.
    int patch(String path, Map<String, ?> body, String words) {
        return follow(session.api().patch(path, body), words);
    }

    int delete(String path, String words) {
        return follow(session.api().delete(path), words);
    }

    /// Watches an operation that has been accepted.
    int follow(Operation accepted, String words) {
        Operation operation = accepted;
        if (!noWait) {
            long start = System.nanoTime();
            operation =
                    session.api().await(accepted, Duration.ofSeconds(waitSeconds), steps(session));
            session.tell("%s (%.1f s)".formatted(words, (System.nanoTime() - start) / 1e9));
        } else {
            session.tell("accepted: ./redoubt operation watch " + accepted.id());
        }
        if (session.json()) {
            session.print(operation.json());
        } else if (!operation.target().isEmpty()) {
            session.print(operation.target());
        }
        return 0;
    }

    /// Tells each step once when it ends, one that takes long when it has been seen twice, and each turn for the worse.
    private static Consumer<Operation> steps(Session session) {
        Set<String> told = new HashSet<>();
        Set<String> seen = new HashSet<>();
        return operation -> {
            for (Operation.Step step : operation.steps()) {
                if (step.state().equals("running")
                        && !seen.add(step.name())
                        && told.add(step.name())) {
                    session.tell("  %-24s running ...".formatted(step.name()));
                }
                boolean news = !step.state().equals("waiting") && !step.state().equals("running");
                if (news && told.add(step.name() + "/" + step.state())) {
                    String note = step.note().isEmpty() ? "" : ": " + step.note();
                    session.tell("  %-24s %s%s".formatted(step.name(), step.state(), note));
                }
            }
            if (operation.state().equals("undoing") && told.add("undoing")) {
                session.tell("  failed, taking back what was done:");
            }
        };
    }

    @Command(name = "delete", description = "Deletes one.")
    static final class Delete implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        private final Noun noun;

        Delete(Noun noun) {
            this.noun = noun;
        }

        @Override
        public Integer call() {
            return writes.delete(
                    noun.path() + "/" + Paths.part(which), noun.name() + " " + which + " is gone");
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.Command;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A group with its machines and the one operation on it that is to be interrupted.
final class KillScene {
    final long number;
    final @Nullable KillMoment moment;

    /// The operation's idempotency key.
    final String wish;

    String machine = "";
    String secondMachine = "";
    final List<String> volumes = new ArrayList<>();
    String group = "";

    /// The newest one, or the one that was the last to be asked for.
    String failover = "";

    Api.@Nullable Answer accepted;

    /// The moment has come, as far as nodes know of it.
    volatile boolean met;

    /// From now on commands count.
    private boolean begun;

    private final Map<String, Integer> told = new HashMap<>();
    private final Set<String> unanswered = new HashSet<>();
    private final List<KillMoment.Told> heard = new ArrayList<>();

    /// @param moment null when it is not interrupted
    KillScene(long number, @Nullable KillMoment moment) {
        this.number = number;
        this.moment = moment;
        this.wish = "kill-" + number;
    }

    String name(String what) {
        return what + "-" + number;
    }

    String path() {
        return "/v1/protection-groups/" + group;
    }

    synchronized void begin() {
        begun = true;
    }

    /// Nodes hear everything again: a second try is not interrupted.
    synchronized void end() {
        begun = false;
    }

    /// What the nodes were told since it began.
    synchronized List<KillMoment.Told> heard() {
        return List.copyOf(heard);
    }

    /// A node has heard a command of this scene.
    ///
    /// @return whether it does nothing about it
    synchronized boolean isUnheard(String node, Command command) {
        if (!begun) {
            return false;
        }
        int nth = told.merge(node + command.getCommandCase(), 1, Integer::sum);
        heard.add(new KillMoment.Told(node, command.getCommandCase(), nth, true));
        if (moment instanceof KillMoment.Told wanted
                && wanted.node().equals(node)
                && wanted.kind() == command.getCommandCase()
                && wanted.nth() <= nth) {
            met = true;
            if (wanted.carriedOut()) {
                unanswered.add(command.getId());
            }
            return !wanted.carriedOut();
        }
        return false;
    }

    synchronized boolean isUnanswered(Command command) {
        return unanswered.contains(command.getId());
    }

    /// What it is called in the table of the run.
    @Override
    public String toString() {
        return moment == null ? "not interrupted" : moment.toString();
    }
}

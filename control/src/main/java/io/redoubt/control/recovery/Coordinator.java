// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.NodeFault;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.workflow.RetryLater;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way to the source that makes a group's cuts. The receiver alone decides who that is, so the sources are asked one after the other.
final class Coordinator {
    /// What a source answers that does not make the cuts.
    private static final String ANOTHER = "not-coordinator";

    private static final Duration AGAIN = Duration.ofMillis(250);

    private Coordinator() {}

    /// For steps. Each source is asked at most once in a call; one that may have heard the command and gave no answer is the last, because
    /// nobody knows what it did: the command's id makes the repetition harmless there and nowhere else.
    ///
    /// @throws RetryLater     while the one that makes the cuts is away or silent, or none makes them
    /// @throws FaultException with [NodeFault.Refused] when every source says that it cannot, in the words of the last
    static CommandResult ask(Nodes nodes, Group group, Command.Builder command, Duration within) {
        Fault missing = new RecoveryFault.NoCoordinator(group.name());
        @Nullable FaultException cannot = null;
        int unable = 0;
        for (Group.Source source : likeliestFirst(group)) {
            if (!nodes.connected(source.node())) {
                missing = new NodeFault.Away(source.node());
                continue;
            }
            try {
                return nodes.tell(source.node(), command, within);
            } catch (FaultException e) {
                if (!(e.fault() instanceof NodeFault.Refused refused)) {
                    throw e;
                }
                if (!refused.code().equals(ANOTHER)) {
                    cannot = e;
                    unable++;
                }
            }
        }
        if (cannot != null && unable == group.sources().size()) {
            throw cannot;
        }
        throw new RetryLater(missing, AGAIN);
    }

    private static List<Group.Source> likeliestFirst(Group group) {
        return group.sources().stream()
                .sorted(Comparator.comparing(Group.Source::makesCuts).reversed())
                .toList();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.ReceiverServer;
import io.redoubt.storage.replication.SourceLink;
import java.io.IOException;
import java.net.Socket;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;

/// What a connection from another node may speak to: the journal of a group whose source it is, or the source here of a group that it
/// writes as well. A certificate of the region proves a node's name, and the name must be of the group.
record StreamGroups(Receivers receivers, Sources sources) implements ReceiverServer.Groups {
    @Override
    public Optional<HostedReceiver> find(History history, Socket peer) {
        return nameOf(peer).flatMap(node -> receivers.find(history, node));
    }

    @Override
    public Collection<HostedReceiver> all() {
        return receivers.all();
    }

    @Override
    public Optional<SourceLink> findSource(UUID lineage, Socket peer) {
        return nameOf(peer).flatMap(node -> sources.find(lineage, node));
    }

    private static Optional<String> nameOf(Socket peer) {
        try {
            return Optional.of(StreamDialer.nameOf(peer));
        } catch (IOException _) {
            return Optional.empty(); // it proved nothing
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.storage.replication.SourceLink;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/// The other sources of a group: who they are, which is the same until members join or leave, and where, which may change any time.
///
/// @param addresses by the names that their certificates must carry
record SourcePeers(Map<String, String> addresses) {
    static SourcePeers of(ProtectSource told) {
        var addresses = new ConcurrentSkipListMap<String, String>();
        told.getPeersList().forEach(peer -> addresses.put(peer.getNode(), peer.getAddress()));
        return new SourcePeers(addresses);
    }

    Set<String> names() {
        return addresses.keySet();
    }

    boolean has(String node) {
        return addresses.containsKey(node);
    }

    /// Whoever makes the cuts counts on the answers of all of them: with the same members another set is another group.
    ///
    /// @throws FaultException with [NodeFault.OtherPeers]
    void requireSame(ProtectSource told) {
        Set<String> wanted = of(told).names();
        if (!wanted.equals(names())) {
            throw new FaultException(
                    new NodeFault.OtherPeers(told.getGroup(), Set.copyOf(names()), wanted));
        }
    }

    /// The next connection to each goes there.
    void moved(ProtectSource told) {
        addresses.putAll(of(told).addresses());
    }

    /// The ways to them, as they are when they are taken.
    Map<String, SourceLink.Dialer> dialers(StreamDialer dialer) {
        var dialers = new HashMap<String, SourceLink.Dialer>();
        for (String peer : names()) {
            dialers.put(peer, () -> dialer.dial(Objects.requireNonNull(addresses.get(peer)), peer));
        }
        return dialers;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Causality, judged without any number of ours (I2): token n+1 was written only after the reply of n, on whatever volumes. Whoever shows
/// a token shows all that came before it, as far as no later one took its place.
final class Chains {
    private final int volumes;
    private final List<List<Entry>> chains = new ArrayList<>();
    private final Map<Long, Integer> places = new HashMap<>();
    private final Set<Long> acknowledged = new HashSet<>();

    Chains(Scenario scenario, List<Entry> log) {
        this.volumes = scenario.volumes().size();
        for (int i = 0; i < scenario.chains(); i++) {
            chains.add(new ArrayList<>());
        }
        for (Entry entry : log) {
            if (entry.chain() > 0) {
                if (entry.kind() == Kind.ACK) {
                    acknowledged.add(entry.op());
                } else {
                    List<Entry> chain = chains.get(entry.chain() - 1);
                    places.put(entry.op(), chain.size());
                    chain.add(entry);
                }
            }
        }
    }

    /// @param contents of all volumes at one moment
    /// @return how many tokens it shows
    int requireWhole(String what, List<byte[]> contents) {
        int shown = 0;
        for (List<Entry> chain : chains) {
            shown += requireWhole(what, chain, contents);
        }
        return shown;
    }

    private int requireWhole(String what, List<Entry> chain, List<byte[]> contents) {
        if (chain.isEmpty()) {
            return 0;
        }
        int first = (chain.getFirst().chain() - 1) * Scenario.RING;
        int newest = -1;
        int shown = 0;
        for (byte[] content : contents) {
            for (int slot = 0; slot < Scenario.RING; slot++) {
                long op = operation(content, first + slot);
                if (op != 0) {
                    shown++;
                    newest = Math.max(newest, place(what, op));
                }
            }
        }
        boolean[] taken = new boolean[volumes * Scenario.RING];
        int left = taken.length;
        for (int at = newest; at >= 0 && left > 0; at--) {
            Entry token = chain.get(at);
            int key = token.volume() * Scenario.RING + token.sector() - first;
            boolean seen = operation(contents.get(token.volume()), token.sector()) == token.op();
            // One that was in flight when its process died may be there or not.
            if (!taken[key] && (seen || acknowledged.contains(token.op()))) {
                requireSeen(seen, what, chain, at, newest);
                taken[key] = true;
                left--;
            }
        }
        return shown;
    }

    private static void requireSeen(
            boolean seen, String what, List<Entry> chain, int at, int newest) {
        if (!seen) {
            throw new AssertionError(
                    "I2: %s shows token %d of chain %d and lacks its predecessor %d: %s"
                            .formatted(what, newest, chain.get(at).chain(), at, chain.get(at)));
        }
    }

    private int place(String what, long op) {
        @Nullable Integer place = places.get(op);
        if (place == null) {
            throw new AssertionError(
                    "%s shows operation %x, which no chain wrote".formatted(what, op));
        }
        return place;
    }

    private static long operation(byte[] content, int sector) {
        return ByteBuffer.wrap(content).getLong(sector * LoadLog.SECTOR + 16);
    }
}

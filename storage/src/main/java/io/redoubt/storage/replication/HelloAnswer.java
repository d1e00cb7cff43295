// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

/// How a volume's stream goes on after a (re)connection within the same history (rule 23). A pure function of what both sides know; what
/// the history is, is [Kinship]'s.
public enum HelloAnswer {
    /// The spool has everything that the log lacks.
    RESUME,
    /// It has not: what may differ goes by a pass.
    PASS,
    /// Nobody can say what differs: everything is compared by hash, and what differs goes by a pass.
    HASH,
    /// The log never held anything of the volume: all of it goes by a pass, but for zeros.
    FULL,
    /// The log knows numbers that the source never gave: another history. Nothing is overwritten.
    REFUSE;

    /// @param through  the log has everything up to here
    /// @param freed    the source's spool begins here
    /// @param last     the source's last number
    /// @param fullPass the log says that only a full pass will do
    /// @param empty    the log never held anything of the volume
    /// @param debt     the log waits for a pass
    public static HelloAnswer decide(
            long through, long freed, long last, boolean fullPass, boolean empty, boolean debt) {
        if (through > last) {
            return REFUSE;
        }
        if (fullPass) {
            return empty ? FULL : HASH;
        }
        return debt || through < freed ? PASS : RESUME;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

/// How a volume's stream goes on after a (re)connection (rule 23). A pure function of what both sides know.
public enum HelloAnswer {
    /// The spool has everything that the log lacks.
    RESUME,
    /// It has not: what may differ goes by a pass.
    PASS,
    /// The log holds nothing of the volume that can be trusted: all of it goes by a pass.
    FULL,
    /// The log knows numbers that the source never gave: another history. Nothing is overwritten.
    REFUSE;

    /// @param through  the log has everything up to here
    /// @param freed    the source's spool begins here
    /// @param last     the source's last number
    /// @param fullPass the log says that only a full pass will do
    /// @param debt     the log waits for a pass
    public static HelloAnswer decide(
            long through, long freed, long last, boolean fullPass, boolean debt) {
        if (through > last) {
            return REFUSE;
        }
        if (fullPass) {
            return FULL;
        }
        return debt || through < freed ? PASS : RESUME;
    }
}

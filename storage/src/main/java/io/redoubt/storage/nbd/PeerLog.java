// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/// What peers do wrong, at most one line a second: they must not be able to fill the host's disk with it.
final class PeerLog {
    private static final Logger LOG = System.getLogger(NbdServer.class.getName());
    private static final long PAUSE_NANOS = 1_000_000_000L;
    private static final PeerLog ALL = new PeerLog();

    private long last = System.nanoTime() - PAUSE_NANOS; // guarded by this
    private long withheld; // guarded by this

    private PeerLog() {}

    static void warn(String what) {
        ALL.say(what);
    }

    private void say(String what) {
        long more;
        synchronized (this) {
            long now = System.nanoTime();
            if (now - last < PAUSE_NANOS) {
                withheld++;
                return;
            }
            last = now;
            more = withheld;
            withheld = 0;
        }
        LOG.log(Level.WARNING, more == 0 ? what : what + "; and " + more + " more like it");
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import java.util.List;

/// The last lines: figures, verdict, and what to try next.
final class Closing {
    private Closing() {}

    static void tell(
            Narrator tell, PlayHome home, List<Round> rounds, List<String> broken, boolean whole) {
        tell.plain("");
        for (Round round : rounds) {
            tell.plain(
                    "%s: last ACK %d, %d rows found, %d writes (%d bytes) lost; RPO %.2f s; bare boot %.2f s; RTO %s"
                            .formatted(
                                    round.disaster(),
                                    round.lastAck(),
                                    round.rowsFound(),
                                    round.writesLost(),
                                    round.bytesLost(),
                                    round.rpoSeconds(),
                                    round.bareBootSeconds(),
                                    round.rtoSeconds().words()));
        }
        if (!whole) {
            tell.plain("The demo stopped before its end after %.0f s.".formatted(tell.seconds()));
        }
        for (String one : broken) {
            tell.plain("BROKEN " + one);
        }
        if (whole && broken.isEmpty()) {
            tell.plain("Every promise was kept. %.0f s.".formatted(tell.seconds()));
        }
        if (!home.temporary()) {
            next(tell);
        }
    }

    private static void next(Narrator tell) {
        tell.plain("");
        tell.plain("The region stays up. Try:");
        tell.plain("  ./redoubt status");
        tell.plain("  ./redoubt machine list");
        tell.plain("  ./redoubt group list");
        tell.plain("  ./redoubt failover list");
        tell.plain("  ./redoubt down");
    }
}

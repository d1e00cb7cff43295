// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.file.Path;
import java.util.List;

/// The process that is killed at the receiver. Says `ready` and ends with its input.
public final class ReceiverProcess {
    static final String JOURNAL = "journal";
    static final String POINTS = "points.log";
    static final String SEEN = "seen.log";

    private ReceiverProcess() {}

    /// @param args scenario, directory, address and port where it listens, directory of the journal
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[1]);
        try (var receiver =
                new RealReceiver(
                        Path.of(args[3]), Scenario.named(args[0]), RelayProcess.address(args[2]))) {
            if (!receiver.hosted.journal().damage().isEmpty()) {
                System.out.println("damaged " + receiver.hosted.journal().damage());
                System.exit(5);
            }
            PointsLog.keep(directory.resolve(POINTS), () -> newest(receiver.hosted.points()));
            SeenLog.keep(
                    directory.resolve(SEEN), Scenario.named(args[0]).volumes(), receiver.hosted);
            System.out.println("ready");
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        }
        System.exit(0);
    }

    private static PointsLog.Sample newest(List<RecoveryPoint> points) {
        long now = System.currentTimeMillis();
        return points.isEmpty()
                ? new PointsLog.Sample(now, 0, 0)
                : new PointsLog.Sample(
                        now, points.getLast().number(), points.getLast().stampMillis());
    }
}

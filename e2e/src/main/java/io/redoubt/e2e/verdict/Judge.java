// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import java.util.ArrayList;
import java.util.List;

/// Compares what was found with what had been acknowledged. Every method says which promises are broken; none is the good case.
public final class Judge {
    public static final double RPO_SECONDS_MAX = 10;
    public static final double RTO_BEYOND_BOOT_SECONDS_MAX = 3;

    /// A writer that waits for its disks acknowledges a few times a second, so the newest write is older than the point.
    public static final double RPO_TOLD_SECONDS_MAX = 1;

    /// Between a point's time and a line on the serial log lie the guest's way to its serial port and the witness's look.
    private static final long WAY_MILLIS = 500;

    private Judge() {}

    /// The disks as such.
    public static List<Broken> disks(Finding found) {
        var broken = new ArrayList<Broken>();
        boolean whole =
                found.integrity().equals("ok")
                        && found.fsck().equals("0")
                        && found.xfs().equals("0")
                        && found.gaps() == 0
                        && found.badRows() == 0
                        && found.missing() == 0
                        && found.badSums() == 0
                        && found.rows() > 0;
        if (!whole) {
            broken.add(new Broken(Promise.DISKS_WHOLE, found.words()));
        }
        // The writer stores a number on the second disk after the first one, and does not begin the
        // next before both have it.
        if (found.second() > found.maxId() || found.second() < found.maxId() - 1) {
            broken.add(
                    new Broken(
                            Promise.ONE_INSTANT,
                            "the first disk ends at %d, the second at %d"
                                    .formatted(found.maxId(), found.second())));
        }
        return broken;
    }

    /// What a point must hold by its time.
    ///
    /// @param stampMillis the time that the point claims
    public static List<Broken> exact(Transcript source, Finding found, long stampMillis) {
        long least = source.lastAckBy(stampMillis);
        // One more number may be on the disks and not be acknowledged.
        long most = source.lastAckBy(stampMillis + WAY_MILLIS) + 1;
        if (found.maxId() >= least && found.maxId() <= most) {
            return List.of();
        }
        return List.of(
                new Broken(
                        Promise.POINT_EXACT,
                        "the point's time lets it end between %d and %d, it ends at %d"
                                .formatted(least, most, found.maxId())));
    }

    public static Loss loss(Transcript lost, Finding found, long disasterMillis) {
        return Loss.of(lost, found, disasterMillis);
    }

    public static List<Broken> rpo(Loss loss) {
        return loss.seconds() <= RPO_SECONDS_MAX
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.RPO,
                                "%.1f s, %d writes".formatted(loss.seconds(), loss.writes())));
    }

    /// What the region says was lost, against the guest's own writes. The region counts to the decision, the loss to the disaster.
    ///
    /// @param reportedSeconds what the region says
    /// @param decidedSeconds  from the disaster to the decision
    public static List<Broken> told(Loss loss, double reportedSeconds, double decidedSeconds) {
        double least = loss.seconds() - RPO_TOLD_SECONDS_MAX;
        double most = loss.seconds() + decidedSeconds + RPO_TOLD_SECONDS_MAX;
        return reportedSeconds >= least && reportedSeconds <= most
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.RPO_TOLD,
                                "%.2f s were lost and %.2f s passed until the decision; %.2f s are reported"
                                        .formatted(
                                                loss.seconds(), decidedSeconds, reportedSeconds)));
    }

    /// @param grantsSeconds how long the grants last, with their margin
    /// @param slowerSeconds how much longer the guest computed than in its bare boot: the host was slower, not the region
    public static List<Broken> rto(
            double seconds, double bareBootSeconds, double grantsSeconds, double slowerSeconds) {
        double most = bareBootSeconds + RTO_BEYOND_BOOT_SECONDS_MAX + grantsSeconds + slowerSeconds;
        return seconds <= most
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.RTO,
                                "%.1f s; %.1f s would be kept (bare boot %.1f s, grants %.1f s, the host slower by %.1f s)"
                                        .formatted(
                                                seconds,
                                                most,
                                                bareBootSeconds,
                                                grantsSeconds,
                                                slowerSeconds)));
    }

    /// A machine that was paused whole, and let go after its copy had taken over.
    ///
    /// One acknowledgement may have been on its way to the serial port; a second one needs a write that was taken afterwards.
    ///
    /// @param atPause the last number acknowledged when everything stood still
    public static List<Broken> silentAfterPause(Transcript old, long atPause) {
        return silent(old, atPause, 1);
    }

    /// A machine whose processes were ended: whatever it acknowledges afterwards was written behind the back of its copy.
    public static List<Broken> silentAfterKill(Transcript old, long atKill) {
        return silent(old, atKill, 0);
    }

    private static List<Broken> silent(Transcript old, long last, int onTheirWay) {
        return old.lastAck() <= last + onTheirWay
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.ONE_WRITER,
                                "the old copy acknowledged %d more numbers (%d to %d) after it was replaced"
                                        .formatted(old.lastAck() - last, last + 1, old.lastAck())));
    }

    /// A test ran from one moment to another while the machine went on.
    ///
    /// @param points how many recovery points were published meanwhile
    public static List<Broken> wentOn(
            Transcript source, long fromMillis, long toMillis, long points, long silenceMillisMax) {
        int acks = source.acksBetween(fromMillis, toMillis);
        long silence = source.longestSilenceMillis(fromMillis, toMillis);
        return acks > 0 && points > 0 && silence <= silenceMillisMax
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.POINTS_GO_ON,
                                "%d acknowledgements, %d points, longest silence %d ms in %d ms"
                                        .formatted(acks, points, silence, toMillis - fromMillis)));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

/// The figures of one disaster and its recovery.
///
/// @param disaster            what zone a was struck with
/// @param rpoSeconds          from the newest write that was found to the disaster, by the serial log
/// @param reportedRpoSeconds  what the API said: from the point's time to the decision
/// @param bareBootSeconds     median of three boots of the same disks right after
/// @param slowerSeconds       how much longer the guest computed in the recovery than in that boot
/// @param point               number of the recovery point
record Round(
        String disaster,
        double rpoSeconds,
        double reportedRpoSeconds,
        Rto rtoSeconds,
        double bareBootSeconds,
        double slowerSeconds,
        long rowsFound,
        long lastAck,
        long writesLost,
        long bytesLost,
        long point) {}

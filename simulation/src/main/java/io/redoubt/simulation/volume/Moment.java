// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

/// What a schedule met: a seed that meets nothing proves nothing, so they are counted.
public enum Moment {
    POWER_LOSS,
    KILL,
    KILL_AT_RESTART,
    CLEAN_STOP,
    WRITE_DURING_A_SYNC,
    SOURCE_GONE,
    HYDRATED,
    GROWN,
    GROWTH_CUT_SHORT,
    FULL,
    SNAPSHOT_GIVEN_UP,
    REVERTED,
    REVERT_CUT_SHORT,
    REVERT_FINISHED,
    DAMAGE_TOLD,
    DAMAGE_TOLD_AFTER_A_RESTART,
    ERASED,
    ERASURE_CUT_SHORT
}

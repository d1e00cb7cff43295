// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.time.Instant;
import java.util.Map;
import org.springframework.stereotype.Component;

/// A group as the API shows it, put together from what was decided and what both sides say.
@Component
class GroupViews {
    private final Points points;
    private final Retentions retentions;
    private final GroupStates states;
    private final Alarms alarms;

    GroupViews(Points points, Retentions retentions, GroupStates states, Alarms alarms) {
        this.points = points;
        this.retentions = retentions;
        this.states = states;
        this.alarms = alarms;
    }

    GroupView of(Group group) {
        Map<String, GroupStates.Spool> spools = states.spools(group.id());
        return GroupView.of(
                group,
                points.newest(group.id()).orElse(null),
                spools,
                JournalView.of(group, retentions.find(group.id()), states),
                alarms.rpoAlarmMillis(group.id()) / 1000.0,
                alarms.open(group.id()),
                Instant.now());
    }
}

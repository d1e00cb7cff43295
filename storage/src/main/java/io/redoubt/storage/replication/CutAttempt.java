// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One group cut on its way: SWITCH to every member, then RELEASE; it counts only when every member confirms (rules 16 and 18).
///
/// The steps are apart so that anything may happen between them; [GroupSource] runs them in one go.
public final class CutAttempt {
    private final long connection;
    private final long number;
    private final long stampMillis;
    private final String name;
    private final Set<SourceVolume> joiningPass;
    private final Set<SourceVolume> fullPass;
    private final List<SourceVolume> members;
    private final List<Long> answers = new ArrayList<>();
    private boolean failed;

    /// @param connection on which it began: on another one it does not count, because the passes of this one are given up
    CutAttempt(
            long connection,
            long number,
            long stampMillis,
            String name,
            List<SourceVolume> members,
            Set<SourceVolume> joiningPass,
            Set<SourceVolume> fullPass) {
        this.connection = connection;
        this.number = number;
        this.stampMillis = stampMillis;
        this.name = name;
        this.members = members;
        this.joiningPass = joiningPass;
        this.fullPass = fullPass;
    }

    long number() {
        return number;
    }

    boolean startsPass() {
        return !joiningPass.isEmpty();
    }

    /// Closes the next member.
    ///
    /// @return whether there is another one to close
    public boolean switchNext() {
        SourceVolume member = members.get(answers.size());
        long answer =
                member.switchTo(number, joiningPass.contains(member), fullPass.contains(member));
        failed |= answer < 0;
        answers.add(answer);
        return !failed && answers.size() < members.size();
    }

    /// Opens all members again.
    ///
    /// @param present the connection that stands now
    /// @return whether the cut counts
    boolean release(long present) {
        boolean confirmed = !failed && present == connection && answers.size() == members.size();
        for (int i = 0; i < answers.size(); i++) {
            boolean released =
                    answers.get(i) >= 0 && members.get(i).release(number, answers.get(i));
            confirmed &= released;
        }
        if (!confirmed) {
            joiningPass.forEach(v -> v.passAborted("the cut that began a pass was given up"));
        }
        return confirmed;
    }

    Frame.Cut frame() {
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        for (int i = 0; i < members.size(); i++) {
            vector.put(members.get(i).id(), answers.get(i));
        }
        return new Frame.Cut(number, stampMillis, vector, startsPass() ? number : 0, name);
    }
}

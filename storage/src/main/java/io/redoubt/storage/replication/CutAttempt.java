// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// One source's part of a group cut on its way: SWITCH to each of its volumes, then RELEASE (rules 16 and 18).
///
/// The steps are apart so that anything may happen between them.
public final class CutAttempt {
    private final long connection;
    private final long number;
    private final Set<SourceVolume> startingPass;
    private final Set<SourceVolume> fullPass;
    private final List<SourceVolume> volumes;
    private final List<Long> answers = new ArrayList<>();
    private boolean failed;
    private boolean over;

    /// @param connection   on which it began: on another one it does not count, because the passes of this one are given up
    /// @param startingPass volumes whose pass begins at this cut
    /// @param fullPass     those of them whose pass goes over everything
    CutAttempt(
            long connection,
            long number,
            List<SourceVolume> volumes,
            Set<SourceVolume> startingPass,
            Set<SourceVolume> fullPass) {
        this.connection = connection;
        this.number = number;
        this.volumes = volumes;
        this.startingPass = startingPass;
        this.fullPass = fullPass;
    }

    public long number() {
        return number;
    }

    boolean startsPass() {
        return !startingPass.isEmpty();
    }

    /// Closes the next volume.
    ///
    /// @return whether there is another one to close
    public boolean switchNext() {
        if (over) {
            failed = true; // nobody would open what is closed now
            return false;
        }
        SourceVolume volume = volumes.get(answers.size());
        long answer =
                volume.passes()
                        .switchTo(number, startingPass.contains(volume), fullPass.contains(volume));
        failed |= answer < 0;
        answers.add(answer);
        return !failed && answers.size() < volumes.size();
    }

    /// Closes all that are still open.
    public void switchAll() {
        boolean more = answers.size() < volumes.size() && !failed;
        while (more) {
            more = switchNext();
        }
    }

    /// What the volumes answered; without answers when one of them could not take part.
    public Frame.Switched answer() {
        var given = new ArrayList<Frame.Answer>();
        for (int i = 0; !failed && i < answers.size(); i++) {
            given.add(new Frame.Answer(volumes.get(i).id(), answers.get(i)));
        }
        return new Frame.Switched(number, startsPass(), given);
    }

    /// Opens all volumes again.
    ///
    /// @param present the connection that stands now
    /// @return whether this part of the cut counts
    boolean release(long present) {
        over = true;
        boolean confirmed = !failed && present == connection && answers.size() == volumes.size();
        for (int i = 0; i < answers.size(); i++) {
            boolean released =
                    answers.get(i) >= 0 && volumes.get(i).passes().release(number, answers.get(i));
            confirmed &= released;
        }
        if (!confirmed) {
            startingPass.forEach(v -> v.passes().abort("the cut that began a pass was given up"));
        }
        return confirmed;
    }
}

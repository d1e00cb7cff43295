// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A group cut over all sources, as the one that makes it sees it: it counts only when every source has answered its SWITCH and then
/// confirms that its RELEASE found the volumes still closed (rules 16 to 18).
///
/// In this order: [#answered] for every peer and the own [CutAttempt] switched, [#releases], [#released] for every source.
public final class GroupCut {
    private final CutAttempt own;
    private final long stampMillis;
    private final String name;
    private final Set<String> peers;
    private final Set<String> silent;
    private final Set<String> unconfirmed;
    private final List<Frame.Answer> answers = new ArrayList<>();
    private boolean startsPass;
    private boolean givenUp;
    private boolean ownConfirmed;

    /// @param peers the other sources of the group
    GroupCut(CutAttempt own, long stampMillis, String name, Set<String> peers) {
        this.own = own;
        this.stampMillis = stampMillis;
        this.name = name;
        this.peers = Set.copyOf(peers);
        this.silent = new HashSet<>(peers);
        this.unconfirmed = new HashSet<>(peers);
    }

    public long number() {
        return own.number();
    }

    /// This source's own part.
    public CutAttempt own() {
        return own;
    }

    /// To whom SWITCH goes, and RELEASE afterwards.
    public Set<String> peers() {
        return peers;
    }

    /// A peer's answer to SWITCH. The same again changes nothing.
    public void answered(String peer, Frame.Switched answer) {
        if (answer.number() == number() && silent.remove(peer)) {
            startsPass |= answer.startsPass();
            givenUp |= answer.answers().isEmpty();
            answers.addAll(answer.answers());
        }
    }

    /// Whether nobody's answer is missing any more, the own one aside.
    public boolean peersAnswered() {
        return silent.isEmpty();
    }

    /// RELEASE for the peers, and the end of closing: whoever opens next takes writes, so a volume that closes from now on may hold what follows
    /// them. An answer that is missing gives the cut up also when it comes later (rules 16 and 17).
    public Frame.Release release() {
        givenUp |= !peersAnswered();
        return new Frame.Release(number());
    }

    /// A peer's answer to RELEASE. One that came before its answer to SWITCH does not count.
    public void released(String peer, Frame.Released answer) {
        if (answer.number() == number() && !silent.contains(peer) && unconfirmed.remove(peer)) {
            givenUp |= !answer.confirmed();
        }
    }

    void ownReleased(boolean confirmed) {
        Frame.Switched answer = own.answer();
        startsPass |= answer.startsPass();
        answers.addAll(answer.answers());
        ownConfirmed = confirmed;
    }

    /// Whether there is nothing more to wait for.
    public boolean decided() {
        return givenUp || unconfirmed.isEmpty();
    }

    boolean counts() {
        return !givenUp && ownConfirmed && silent.isEmpty() && unconfirmed.isEmpty();
    }

    Frame.Cut frame() {
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        answers.forEach(a -> vector.put(a.volume(), a.vseq()));
        return new Frame.Cut(number(), stampMillis, vector, startsPass ? number() : 0, name);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// One of the two sides that grant, for one group.
///
/// Durable, by whoever drives it, before it is acted on: the term, [#stopped()] and [#promoted()]. Nothing of the every-second
/// traffic is durable: a grantor that starts anew waits a full expiry before it calls anything expired, because it may have granted
/// just before it died.
///
/// Times are CLOCK_BOOTTIME nanoseconds of the grantor's host.
public final class Grantor {
    private final GrantTimes times;
    private long term;
    private boolean stopped;
    private boolean promoted;
    private Isolation isolation = Isolation.PAUSES;
    private long lastAnswerNanos;

    /// @param nowNanos the moment of this start: the worst case for grants given by the life before
    public Grantor(GrantTimes times, long term, boolean stopped, boolean promoted, long nowNanos) {
        this.times = times;
        this.term = term;
        this.stopped = stopped;
        this.promoted = promoted;
        this.lastAnswerNanos = nowNanos;
    }

    /// Answers a request of the source for the role term it believes in.
    public GrantAnswer answer(long requestTerm, long nowNanos) {
        if (promoted) {
            return new GrantAnswer.Refused(term, GrantAnswer.Reason.PROMOTED);
        }
        if (stopped) {
            return new GrantAnswer.Refused(term, GrantAnswer.Reason.STOPPED);
        }
        if (requestTerm < term) {
            return new GrantAnswer.Refused(term, GrantAnswer.Reason.OLD_TERM);
        }
        lastAnswerNanos = Math.max(lastAnswerNanos, nowNanos);
        return new GrantAnswer.Granted(term);
    }

    /// Takes a decision to promote: from now on nothing is granted. The decision's term must be above the present one; the same
    /// decision again changes nothing.
    ///
    /// @return whether the decision holds now; false for an older one
    public boolean stop(long decisionTerm) {
        if (decisionTerm < term || (decisionTerm == term && !stopped)) {
            return false;
        }
        if (decisionTerm > term) {
            term = decisionTerm;
            stopped = true;
            promoted = false;
        }
        return true;
    }

    /// Takes a decision back that led to no promotion: under a later term the source may be granted to again.
    ///
    /// @return false when the term is not later, or the other side was promoted
    public boolean resume(long laterTerm) {
        if (laterTerm <= term || promoted) {
            return false;
        }
        term = laterTerm;
        stopped = false;
        return true;
    }

    /// Takes a promotion back: whoever wrote under it has ended and nothing of that is left, so the source may be granted to again.
    ///
    /// @return whether the later term holds now; the same again changes nothing
    public boolean takeBack(long laterTerm) {
        if (laterTerm > term) {
            term = laterTerm;
            stopped = false;
            promoted = false;
        }
        return laterTerm == term && !stopped;
    }

    /// Whether everything that was ever granted has expired, by this side's clock.
    public boolean expired(long nowNanos) {
        return expiresInNanos(nowNanos) == 0;
    }

    /// Nanoseconds until [#expired], 0 when it is.
    public long expiresInNanos(long nowNanos) {
        return Math.max(0, lastAnswerNanos + times.expiryNanos() - nowNanos);
    }

    /// Takes this side's copy of what the source does alone; an older one changes nothing.
    public void isolation(Isolation told) {
        isolation = isolation.or(told);
    }

    /// Whether a promotion has to wait for the source's own release or for a person's word, however long ago it was granted to.
    public boolean needsWord(SourceEnd end) {
        return end == SourceEnd.UNHEARD && isolation.goesOn() && !promoted;
    }

    /// Records the promotion of the other side under the decision's term.
    ///
    /// @return false when neither the release was heard nor the grants have expired, when it [#needsWord], or when the decision is not the present one
    public boolean promote(long decisionTerm, SourceEnd end, long nowNanos) {
        if (!stopped || decisionTerm != term || needsWord(end)) {
            return false;
        }
        if (!promoted && end != SourceEnd.RELEASED && !expired(nowNanos)) {
            return false;
        }
        promoted = true;
        return true;
    }

    public long term() {
        return term;
    }

    public Isolation isolation() {
        return isolation;
    }

    public boolean stopped() {
        return stopped;
    }

    public boolean promoted() {
        return promoted;
    }
}

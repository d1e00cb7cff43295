// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/// The source's side: whether it may acknowledge a write now.
///
/// The grant counts from the moment the request was sent, matched by its nonce, so an answer that was long on its way is worth less,
/// never more. After a release only grants of a later term count, also those that are still on their way.
///
/// Durable before [#release] is answered: the released term. Kept for the same boot only: [#memory()].
public final class GrantHolder {
    /// Requests that may be open at once per grantor; the oldest is forgotten.
    private static final int OPEN_REQUESTS_MAX = 16;

    /// Where the source stands.
    public enum Standing {
        /// Writes are acknowledged.
        GRANTED,
        /// No grant: replies are held until one comes, or until the other side's promotion is known.
        HELD,
        /// The other side was promoted: writes are refused.
        FENCED
    }

    /// What survives the process within one boot.
    ///
    /// @param validUntilNanos CLOCK_BOOTTIME; 0 when there is no grant
    /// @param mayGoOn         whether the last that a grantor said was yes
    public record Memory(
            String bootId,
            long term,
            long releasedTerm,
            long validUntilNanos,
            boolean fenced,
            boolean mayGoOn) {}

    private final GrantTimes times;
    private final Map<GrantorKind, SequencedMap<Long, Long>> open =
            Map.of(
                    GrantorKind.CONTROL,
                    new LinkedHashMap<>(),
                    GrantorKind.RECEIVER,
                    new LinkedHashMap<>());
    private long term;
    private long releasedTerm;
    private volatile long validUntilNanos;
    private volatile boolean fenced;
    private volatile Isolation isolation = Isolation.PAUSES;

    /// Granted in this boot, and not told otherwise since: what a source that goes on alone goes on from.
    private volatile boolean mayGoOn;

    public GrantHolder(GrantTimes times, long term) {
        this(times, new Memory("", term, 0, 0, false, false), "another boot");
    }

    /// Starts from what an earlier process of the group left. A grant counts only within the boot that received it.
    public GrantHolder(GrantTimes times, Memory memory, String bootId) {
        this.times = times;
        this.term = memory.term();
        this.releasedTerm = memory.releasedTerm();
        this.fenced = memory.fenced();
        boolean sameBoot = memory.bootId().equals(bootId);
        this.validUntilNanos = sameBoot ? memory.validUntilNanos() : 0;
        this.mayGoOn = sameBoot && memory.mayGoOn();
    }

    /// Takes this side's copy of what it does alone; an older one changes nothing.
    public synchronized void isolation(Isolation told) {
        isolation = isolation.or(told);
    }

    /// Notes that a request is sent now.
    ///
    /// @param nonce never used before
    public synchronized void requested(GrantorKind grantor, long nonce, long nowNanos) {
        SequencedMap<Long, Long> requests = requests(grantor);
        requests.put(nonce, nowNanos);
        if (requests.size() > OPEN_REQUESTS_MAX) {
            requests.pollFirstEntry();
        }
    }

    /// Takes a grantor's answer.
    ///
    /// @return whether it changed anything; an answer without its request, or of an older term, does not
    public synchronized boolean answered(GrantorKind grantor, long nonce, GrantAnswer answer) {
        Long requestedNanos = requests(grantor).remove(nonce);
        if (requestedNanos == null || answer.term() < term) {
            return false;
        }
        return switch (answer) {
            case GrantAnswer.Granted granted -> {
                if (granted.term() <= releasedTerm) {
                    yield false;
                }
                term = granted.term();
                fenced = false;
                mayGoOn = true;
                validUntilNanos = Math.max(validUntilNanos, requestedNanos + times.lengthNanos());
                yield true;
            }
            case GrantAnswer.Refused refused -> {
                if (refused.reason() == GrantAnswer.Reason.PROMOTED) {
                    release(refused.term());
                    fenced = true;
                    yield true;
                }
                // A decision that is heard of binds; a grantor that does not know enough says
                // nothing about it.
                mayGoOn &= refused.reason() == GrantAnswer.Reason.BOOT_UNCONFIRMED;
                yield false;
            }
        };
    }

    /// Gives the right up under a decision's term: ends every grant and every open request. Running writes must have ended before
    /// the caller makes this durable and answers.
    ///
    /// @return false when the decision is older than what this side already knows
    public synchronized boolean release(long decisionTerm) {
        if (decisionTerm < term || decisionTerm < releasedTerm) {
            return false;
        }
        releasedTerm = decisionTerm;
        validUntilNanos = 0;
        mayGoOn = false;
        open.values().forEach(Map::clear);
        return true;
    }

    /// The decision that this side released under was taken back: from now on it asks under the later term, and waits for the grants.
    public synchronized void resume(long laterTerm) {
        term = Math.max(term, laterTerm);
    }

    /// Refuses writes from now on: the other side is primary under this term.
    public synchronized boolean fence(long decisionTerm) {
        if (!release(decisionTerm)) {
            return false;
        }
        fenced = true;
        return true;
    }

    /// Checked before a write is executed and again before its reply.
    public Standing standing(long nowNanos) {
        if (fenced) {
            return Standing.FENCED;
        }
        return nowNanos < validUntilNanos || goesOnAlone() ? Standing.GRANTED : Standing.HELD;
    }

    private boolean goesOnAlone() {
        return isolation.goesOn() && mayGoOn;
    }

    /// Whether writes are acknowledged without a grant: nobody else knows of them now.
    public boolean alone(long nowNanos) {
        return !fenced && nowNanos >= validUntilNanos && goesOnAlone();
    }

    /// Nanoseconds for which writes are acknowledged without another word of a grantor; [Long#MAX_VALUE] for a source that goes on alone.
    public long leftNanos(long nowNanos) {
        if (fenced) {
            return 0;
        }
        return goesOnAlone() ? Long.MAX_VALUE : Math.max(0, validUntilNanos - nowNanos);
    }

    public Isolation isolation() {
        return isolation;
    }

    public synchronized long term() {
        return Math.max(term, releasedTerm);
    }

    public synchronized long releasedTerm() {
        return releasedTerm;
    }

    public synchronized Memory memory(String bootId) {
        return new Memory(bootId, term, releasedTerm, validUntilNanos, fenced, mayGoOn);
    }

    private SequencedMap<Long, Long> requests(GrantorKind grantor) {
        return Objects.requireNonNull(open.get(grantor));
    }
}

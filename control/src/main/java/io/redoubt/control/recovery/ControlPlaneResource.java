// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.identity.Caller;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.Objects;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/// Which start of the control plane this is, and what a person says about the one before it.
@RestController
class ControlPlaneResource {
    private final Incarnation incarnation;
    private final Grants grants;
    private final Words words;
    private final EndedGroups ended;

    ControlPlaneResource(Incarnation incarnation, Grants grants, Words words, EndedGroups ended) {
        this.ended = ended;
        this.incarnation = incarnation;
        this.grants = grants;
        this.words = words;
    }

    /// @param restored    the database is older than the last start: nothing is granted to a group before its receiver was heard
    /// @param rivalled    some node obeys another control plane, and is not heard here
    /// @param unconfirmed groups to which nothing is granted yet because of it
    /// @param returned    sources that came back to a group they had left, which the database does not know: they replicate, and are left alone
    record ControlPlaneView(
            long incarnation,
            boolean restored,
            boolean rivalled,
            List<String> unconfirmed,
            List<EndedGroups.Returned> returned) {}

    /// @param controlIsOff a person's word, recorded, that the control plane before this one is off and stays off
    record TakeOver(String controlIsOff) {}

    @GetMapping("/v1/control-plane")
    ControlPlaneView getControlPlane(@RequestAttribute Caller caller) {
        caller.requireOperator();
        return new ControlPlaneView(
                incarnation.mark().incarnation(),
                incarnation.restored(),
                incarnation.isRivalled(),
                grants.unconfirmed(),
                ended.returned());
    }

    /// Makes every node obey this control plane, from its next connection on. Without an operation: it is one number.
    @PostMapping("/v1/control-plane/take-over")
    ControlPlaneView takeOver(@RequestAttribute Caller caller, @RequestBody TakeOver body) {
        caller.requireOperator();
        String word =
                Words.require("controlIsOff", Objects.requireNonNullElse(body.controlIsOff(), ""));
        if (!incarnation.isRivalled()) {
            throw new FaultException(new RecoveryFault.NotRivalled());
        }
        words.say(caller, word);
        grants.takeOver();
        return getControlPlane(caller);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.GroupVerified;
import io.redoubt.protocol.VerifyGroup;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Whether the replica of a group is what its volumes are: compared block by block by hashes, while the machines write.
@RestController
@RequestMapping("/v1/protection-groups/{group}/verifications")
class VerificationResource {
    private static final int LISTED = 100;

    private final Groups groups;
    private final Verifications verifications;
    private final Operations operations;
    private final Workflow<OneVerification> verify;

    VerificationResource(
            Groups groups,
            Verifications verifications,
            Operations operations,
            @Qualifier("verifyGroup") Workflow<OneVerification> verify) {
        this.groups = groups;
        this.verifications = verifications;
        this.operations = operations;
        this.verify = verify;
    }

    record OneVerification(String id, String group, boolean repair) {}

    @Configuration(proxyBeanMethods = false)
    static class Flows {
        @Bean
        Workflow<OneVerification> verifyGroup(
                Groups groups, Nodes nodes, Verifications verifications) {
            return Workflow.named("protection-group.verify", OneVerification.class)
                    .step(new Compare(groups, nodes, verifications));
        }
    }

    /// Asks every source again and again how far it is. A source that starts anew begins anew.
    record Compare(Groups groups, Nodes nodes, Verifications verifications)
            implements Step<OneVerification> {
        private static final Duration AGAIN = Duration.ofSeconds(1);
        private static final Duration PATIENCE = Duration.ofDays(7);

        @Override
        public void run(OneVerification input) {
            Group group = groups.find(input.group()).orElseThrow();
            if (!group.state().equals("protected")) {
                throw new FaultException(
                        new RecoveryFault.NotProtected(group.name(), group.state()));
            }
            var said = new ArrayList<GroupVerified>();
            for (Group.Source source : group.sources()) {
                said.add(nodes.tell(source.node(), command(input), Nodes.SOON).getGroupVerified());
            }
            verifications.found(input.id(), said);
            if (!said.stream().allMatch(GroupVerified::getFinished)) {
                throw new RetryLater(new RecoveryFault.Verifying(group.name()), AGAIN);
            }
            verifications.ended(input.id());
        }

        private static Command.Builder command(OneVerification input) {
            return Command.newBuilder()
                    .setVerifyGroup(
                            VerifyGroup.newBuilder()
                                    .setGroup(input.group())
                                    .setId(input.id())
                                    .setRepair(input.repair()));
        }

        @Override
        public void undo(OneVerification input) {
            verifications.ended(input.id());
        }

        @Override
        public Duration patience() {
            return PATIENCE;
        }
    }

    /// @param repair ship what differs once more, so that later points hold it; false when left out
    record NewVerification(@Nullable Boolean repair) {}

    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> verifyProtectionGroup(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody NewVerification body) {
        Group found = groups.require(caller, group);
        String id = RandomId.next();
        boolean repair = Objects.requireNonNullElse(body.repair(), false);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        verify,
                        found.id(),
                        new OneVerification(id, found.id(), repair),
                        _ -> verifications.add(id, found.id(), repair)));
    }

    /// The last hundred, newest first; the first of them may still run.
    @GetMapping
    Page<Verifications.Verification> listVerifications(
            @RequestAttribute Caller caller, @PathVariable String group) {
        return new Page<>(verifications.list(groups.require(caller, group).id(), LISTED), null);
    }
}

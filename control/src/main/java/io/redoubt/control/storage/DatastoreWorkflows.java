// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteDatastore;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How datastores come, change their size, and go.
@Configuration(proxyBeanMethods = false)
class DatastoreWorkflows {
    /// @param place     what the node calls the pool; empty: nothing is held, and the node knows nothing of it
    /// @param sizeBytes from now on
    record OneDatastore(String id, String node, String place, long sizeBytes) {}

    /// What held before: it holds again when the node refuses the new.
    record Terms(String id, boolean ceiling, int alarmPercent) {}

    @Bean
    Workflow<OneDatastore> createDatastore(Datastores datastores, Nodes nodes) {
        return Workflow.named("datastore.create", OneDatastore.class)
                .step(new PromiseRoom(datastores))
                .step(new HoldRoom(nodes))
                .step(new OfferRoom(datastores)); // last: no volume is made in what is not held
    }

    @Bean
    Workflow<OneDatastore> resizeDatastore(Datastores datastores, Nodes nodes, Limits limits) {
        return Workflow.named("datastore.resize", OneDatastore.class)
                .step(new ChangeRoom(nodes))
                .step(new RecordSize(datastores))
                .step(new LimitRate(limits)); // at once, under attached clients
    }

    @Bean
    Workflow<Terms> limitDatastore(Datastores datastores, Limits limits) {
        return Workflow.named("datastore.limit", Terms.class)
                .step(new RecordTerms(datastores))
                .step(new ApplyCeiling(limits));
    }

    @Bean
    Workflow<OneDatastore> deleteDatastore(Datastores datastores, Nodes nodes) {
        return Workflow.named("datastore.delete", OneDatastore.class)
                .step(new GiveBackRoom(nodes, datastores))
                .step(new ForgetDatastore(datastores));
    }

    /// The row has the name since the wish was taken; the undo gives it back.
    record PromiseRoom(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {}

        @Override
        public void undo(OneDatastore input) {
            datastores.forget(input.id());
        }
    }

    record HoldRoom(Nodes nodes) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            ensure(nodes, input);
        }

        @Override
        public void undo(OneDatastore input) {
            remove(nodes, input);
        }
    }

    record OfferRoom(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            datastores.state(input.id(), "ready");
        }
    }

    /// The node decides: it alone knows what is used. Refused, it changes nothing, so there is nothing to undo.
    record ChangeRoom(Nodes nodes) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            ensure(nodes, input);
        }
    }

    record RecordSize(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            datastores.size(input.id(), input.sizeBytes());
        }
    }

    record LimitRate(Limits limits) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            limits.tell(input.id());
        }
    }

    /// The row says so since the wish was taken.
    record RecordTerms(Datastores datastores) implements Step<Terms> {
        @Override
        public void run(Terms input) {}

        @Override
        public void undo(Terms input) {
            datastores.terms(input.id(), input.ceiling(), input.alarmPercent());
        }
    }

    record ApplyCeiling(Limits limits) implements Step<Terms> {
        @Override
        public void run(Terms input) {
            limits.tell(input.id());
        }
    }

    record GiveBackRoom(Nodes nodes, Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            remove(nodes, input);
        }

        /// The node refused before it removed anything.
        @Override
        public void undo(OneDatastore input) {
            datastores.state(input.id(), "ready");
        }
    }

    record ForgetDatastore(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            datastores.forget(input.id());
        }
    }

    private static void ensure(Nodes nodes, OneDatastore input) {
        if (!input.place().isEmpty()) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setEnsureDatastore(
                                    EnsureDatastore.newBuilder()
                                            .setDatastore(input.id())
                                            .setPool(input.place())
                                            .setSizeBytes(input.sizeBytes())),
                    Nodes.LONG);
        }
    }

    private static void remove(Nodes nodes, OneDatastore input) {
        if (!input.place().isEmpty()) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setDeleteDatastore(
                                    DeleteDatastore.newBuilder().setDatastore(input.id())),
                    Nodes.LONG);
        }
    }
}

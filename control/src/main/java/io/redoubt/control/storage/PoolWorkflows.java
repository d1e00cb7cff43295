// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeletePool;
import io.redoubt.protocol.EnsurePool;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How pools come and go.
@Configuration(proxyBeanMethods = false)
class PoolWorkflows {
    /// @param place what the node calls it
    record OnePool(String id, String node, String place, String path, boolean sparse) {}

    @Bean
    Workflow<OnePool> createPool(Pools pools, Nodes nodes) {
        return Workflow.named("pool.create", OnePool.class)
                .step(new KeepName(pools))
                .step(new GiveToNode(nodes))
                .step(new Offer(pools)); // last: nothing is ordered from a pool that is half made
    }

    @Bean
    Workflow<OnePool> deletePool(Pools pools, Nodes nodes) {
        return Workflow.named("pool.delete", OnePool.class)
                .step(new TakeFromNode(nodes, pools))
                .step(new ForgetPool(pools));
    }

    /// The name is taken since the wish was; the undo gives it back.
    record KeepName(Pools pools) implements Step<OnePool> {
        @Override
        public void run(OnePool input) {}

        @Override
        public void undo(OnePool input) {
            pools.forget(input.id());
        }
    }

    record GiveToNode(Nodes nodes) implements Step<OnePool> {
        @Override
        public void run(OnePool input) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setEnsurePool(
                                    EnsurePool.newBuilder()
                                            .setPool(input.place())
                                            .setPath(input.path())
                                            .setSparse(input.sparse())),
                    Nodes.SOON);
        }

        @Override
        public void undo(OnePool input) {
            take(nodes, input);
        }
    }

    record Offer(Pools pools) implements Step<OnePool> {
        @Override
        public void run(OnePool input) {
            pools.state(input.id(), "ready");
        }
    }

    record TakeFromNode(Nodes nodes, Pools pools) implements Step<OnePool> {
        @Override
        public void run(OnePool input) {
            take(nodes, input);
        }

        @Override
        public void undo(OnePool input) {
            pools.state(input.id(), "ready");
        }
    }

    record ForgetPool(Pools pools) implements Step<OnePool> {
        @Override
        public void run(OnePool input) {
            pools.forget(input.id());
        }
    }

    private static void take(Nodes nodes, OnePool input) {
        nodes.tell(
                input.node(),
                Command.newBuilder().setDeletePool(DeletePool.newBuilder().setPool(input.place())),
                Nodes.SOON);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.region;

import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// What changes the region itself.
@Configuration(proxyBeanMethods = false)
class RegionWorkflows {
    record AddZone(String zone) {}

    @Bean
    Workflow<AddZone> addZone(Region region) {
        return Workflow.named("zone.create", AddZone.class).step(new Publish(region));
    }

    /// The row is there since the wish was taken; what is left is to take it away again.
    record Publish(Region region) implements Step<AddZone> {
        @Override
        public void run(AddZone input) {
            region.requireZone(input.zone());
        }

        @Override
        public void undo(AddZone input) {
            region.removeZone(input.zone());
        }
    }
}

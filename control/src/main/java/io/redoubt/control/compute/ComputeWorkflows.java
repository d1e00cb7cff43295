// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import io.redoubt.control.storage.Volumes;
import io.redoubt.protocol.StopMode;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How machines come, stop, start and go.
@Configuration(proxyBeanMethods = false)
class ComputeWorkflows {
    /// How long a guest may take to shut itself down.
    private static final int GRACE_MILLIS = 30_000;

    record OneMachine(String id, String node, List<String> disks) {}

    record Halt(String id, String node, String mode) {}

    @Bean
    Workflow<OneMachine> createMachine(Machines machines, Volumes volumes) {
        return Workflow.named("machine.create", OneMachine.class)
                .step(new TakeName(machines))
                .step(new AttachDisks(volumes))
                .step(new StartMachine(machines, true));
    }

    @Bean
    Workflow<OneMachine> startMachine(Machines machines, Volumes volumes) {
        return Workflow.named("machine.start", OneMachine.class)
                .step(new AttachDisksAgain(volumes))
                .step(new StartMachine(machines, false));
    }

    @Bean
    Workflow<Halt> stopMachine(Machines machines) {
        return Workflow.named("machine.stop", Halt.class).step(new HaltMachine(machines));
    }

    @Bean
    Workflow<OneMachine> deleteMachine(Machines machines, Volumes volumes) {
        return Workflow.named("machine.delete", OneMachine.class)
                .step(new RemoveMachine(machines))
                .step(new DetachDisks(volumes))
                .step(new Forget(machines));
    }

    /// Name and disks are taken since the wish was; the undo gives them back.
    record TakeName(Machines machines) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {}

        @Override
        public void undo(OneMachine input) {
            machines.forget(input.id());
        }
    }

    record AttachDisks(Volumes volumes) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            input.disks().forEach(disk -> volumes.attach(disk, input.id()));
        }

        @Override
        public void undo(OneMachine input) {
            input.disks().forEach(disk -> volumes.attach(disk, null));
        }
    }

    record AttachDisksAgain(Volumes volumes) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            input.disks().forEach(disk -> volumes.attach(disk, input.id()));
        }
    }

    /// @param removeOnUndo whether the machine is made here, or was there before
    record StartMachine(Machines machines, boolean removeOnUndo) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            machines.find(input.id()).ifPresent(machines::start);
        }

        @Override
        public void undo(OneMachine input) {
            if (removeOnUndo) {
                machines.remove(input.node(), input.id());
            }
        }
    }

    record HaltMachine(Machines machines) implements Step<Halt> {
        @Override
        public void run(Halt input) {
            StopMode mode =
                    switch (input.mode()) {
                        case "pause" -> StopMode.PAUSE;
                        case "power-off" -> StopMode.POWER_OFF;
                        default -> StopMode.SHUTDOWN;
                    };
            machines.halt(input.node(), input.id(), mode, GRACE_MILLIS);
        }
    }

    record RemoveMachine(Machines machines) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            machines.remove(input.node(), input.id());
        }
    }

    record DetachDisks(Volumes volumes) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            input.disks().forEach(disk -> volumes.attach(disk, null));
        }
    }

    record Forget(Machines machines) implements Step<OneMachine> {
        @Override
        public void run(OneMachine input) {
            machines.forget(input.id());
        }
    }
}

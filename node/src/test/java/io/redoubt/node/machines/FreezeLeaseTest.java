// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Pause;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.ThawGuests;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a node answers the control plane that freezes its guests for a cut elsewhere.
@Timeout(60)
class FreezeLeaseTest {
    @TempDir Path directory;
    private FakeAgent agent;
    private Freezing freezing;
    private FreezeLeases leases;

    @BeforeEach
    void start() throws IOException {
        agent = new FakeAgent(directory.resolve("agent"));
        process();
    }

    @AfterEach
    void stop() throws IOException {
        agent.close();
        freezing.close();
    }

    /// Another life of the node.
    private void process() {
        freezing =
                new Freezing(
                        new Told(new SystemDisk(directory.resolve("told"))),
                        _ ->
                                Optional.of(
                                        new Freezing.Guest(
                                                MachineState.MACHINE_RUNNING, agent.path)));
        freezing.thawLeft();
        leases = new FreezeLeases(freezing);
    }

    private List<FreezeFailure> freeze(String id, int leaseMillis) {
        return leases.freeze(
                        FreezeGuests.newBuilder()
                                .setId(id)
                                .addMachines("m")
                                .setWithinMillis(2000)
                                .setLeaseMillis(leaseMillis)
                                .build())
                .getFailuresList();
    }

    private String thaw(String id) {
        List<FreezeFailure> failures =
                leases.thaw(ThawGuests.newBuilder().setId(id).addMachines("m").build())
                        .getFailuresList();
        return failures.isEmpty() ? "" : failures.getFirst().getReason();
    }

    @Test
    void it_is_sure_of_what_it_held_until_it_was_told_to_thaw() {
        assertThat(freeze("a", 20_000)).isEmpty();
        assertThat(freeze("a", 20_000)).isEmpty();
        assertThat(agent.freezes.get()).as("asked twice, frozen once").isEqualTo(1);
        assertThat(agent.frozen).isTrue();
        assertThat(thaw("a")).isEmpty();
        assertThat(agent.frozen).isFalse();
        assertThat(thaw("a")).as("the same answer").isEmpty();
    }

    @Test
    void a_lease_that_is_over_thaws_and_is_never_a_yes() {
        assertThat(freeze("a", 300)).isEmpty();
        await(() -> !agent.frozen);
        assertThat(thaw("a")).contains("nobody said in time");
    }

    @Test
    void a_guest_that_thawed_itself_is_not_believed() {
        assertThat(freeze("a", 20_000)).isEmpty();
        agent.frozen = false;
        assertThat(thaw("a")).contains("0 were when it was thawed");
        assertThat(thaw("a")).as("the same answer").contains("0 were");
    }

    /// A node that died in between has thawed at its start, and does not know since when.
    @Test
    void what_another_process_froze_is_never_a_yes() {
        assertThat(freeze("a", 20_000)).isEmpty();
        process();
        await(() -> !agent.frozen);
        assertThat(thaw("a")).contains("does not know");
        assertThat(freeze("a", 20_000)).as("after its thaw").hasSize(1);
        assertThat(agent.frozen).isFalse();
    }

    private static void await(BooleanSupplier check) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Pause.of(Duration.ofMillis(20));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.MachineState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Looks at all scenes all the time: at no moment do two zones write, and no machine runs in zone b while zone a may write.
final class KillFinding implements AutoCloseable {
    private static final int EVERY_MILLIS = 20;

    private final KillWorld world;
    private final List<KillScene> scenes;
    private final Map<KillScene, String> violations = new ConcurrentHashMap<>();
    private final Thread looking = Thread.ofPlatform().daemon(true).unstarted(this::look);
    private volatile boolean over;

    KillFinding(KillWorld world, List<KillScene> scenes) {
        this.world = world;
        this.scenes = scenes;
        looking.start();
    }

    static boolean runs(FakeNode node, String machine) {
        return node.machines.get(machine) == MachineState.MACHINE_RUNNING;
    }

    private void look() {
        try {
            while (!over) {
                scenes.forEach(this::look);
                Thread.sleep(EVERY_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// What only follows the end of the other side is looked at before that other side, and after it again: then both were true at once.
    private void look(KillScene scene) {
        if (promoted(scene) && oldSideWrites(scene) && promoted(scene)) {
            violations.putIfAbsent(scene, "both zones may write");
        }
        if (runs(world.receiver, scene.machine)
                && oldSideWrites(scene)
                && runs(world.receiver, scene.machine)) {
            violations.putIfAbsent(scene, "the machine runs in zone b while zone a may write");
        }
    }

    private boolean oldSideWrites(KillScene scene) {
        return KillWorld.granted(world.source, scene) || KillWorld.granted(world.second, scene);
    }

    private boolean promoted(KillScene scene) {
        FakeNode.Receiver journal = world.receiver.receivers.get(scene.group);
        return journal != null && journal.grantor.promoted();
    }

    /// What was seen; empty when all was well.
    String of(KillScene scene) {
        return violations.getOrDefault(scene, "");
    }

    @Override
    public void close() {
        over = true;
        try {
            looking.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

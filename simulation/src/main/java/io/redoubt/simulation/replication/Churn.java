// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Volumes leave the group and come back while it lives, in the order that the control plane keeps: the receiver hears of it first; then, of one
/// that leaves, the other sources and at last its own; of one that joins, its own source and at last the others. What a volume is written
/// while it is no member, nobody notes.
///
/// In one of four lives of a group of several sources; with a generator of its own, so that the other lives are what they would be without it.
final class Churn {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long SALT = 0x6d656d62657273L;

    private final GroupWorld world;
    private final SplittableRandom random;
    private final boolean active;
    private final Set<VolumeId> wanted;
    private final List<Set<VolumeId>> told = new ArrayList<>(); // by source
    private final Deque<BooleanSupplier> steps = new ArrayDeque<>();
    private Set<VolumeId> receiverTold;

    Churn(GroupWorld world, long seed) {
        this.world = world;
        this.random = new SplittableRandom(seed ^ SALT);
        this.active = random.nextInt(4) == 0 && world.setup.sources() > 1;
        this.wanted = new LinkedHashSet<>(world.setup.volumes());
        this.receiverTold = Set.copyOf(wanted);
        for (int i = 0; i < world.setup.sources(); i++) {
            told.add(Set.copyOf(wanted));
        }
    }

    void begin() {
        if (active) {
            world.at(random.nextInt(8000) * MILLI, this::change);
        }
    }

    /// The volumes that a source knows to be its own.
    List<VolumeId> volumesOf(int source) {
        return world.setup.volumesOf(source).stream().filter(told.get(source)::contains).toList();
    }

    /// The other sources that it knows.
    Set<String> peersOf(int source) {
        return peers(source, told.get(source));
    }

    private Set<String> peers(int source, Set<VolumeId> members) {
        return IntStream.range(0, world.setup.sources())
                .filter(other -> other != source)
                .filter(other -> world.setup.volumesOf(other).stream().anyMatch(members::contains))
                .mapToObj(GroupSetup::sourceName)
                .collect(Collectors.toSet());
    }

    /// What a receiver's process does first with what it was told.
    void receiverStarts(ReceiverSide side) {
        if (active) {
            side.group.members(receiverTold);
        }
    }

    private void change() {
        if (!world.faulty() || world.decided()) {
            return;
        }
        VolumeId volume = world.setup.volumes().get(random.nextInt(world.setup.volumes().size()));
        int home = world.setup.homes().get(world.setup.volumes().indexOf(volume));
        boolean leaves = wanted.contains(volume) && wanted.size() > 1;
        if (leaves) {
            wanted.remove(volume);
            steps.add(() -> leaves(volume));
            others(home);
            steps.add(() -> tell(home));
        } else if (wanted.add(volume)) {
            steps.add(() -> joins(volume));
            steps.add(() -> tell(home));
            others(home);
        }
        steps.add(this::again);
        step();
    }

    private void others(int home) {
        for (int i = 0; i < world.setup.sources(); i++) {
            int other = i;
            if (other != home) {
                steps.add(() -> tell(other));
            }
        }
    }

    private boolean again() {
        world.at(random.nextInt(6000) * MILLI, this::change);
        return true;
    }

    private void step() {
        while (!steps.isEmpty() && random.nextInt(4) > 0 && steps.getFirst().getAsBoolean()) {
            steps.removeFirst();
        }
        if (!steps.isEmpty()) {
            world.at((20 + random.nextInt(400)) * MILLI, this::step);
        }
    }

    private boolean leaves(VolumeId volume) {
        if (world.receiver.running() == null) {
            return false;
        }
        world.checks.mayBeLeftOut(volume);
        if (!tellReceiver()) {
            return false;
        }
        world.checks.left(volume);
        return true;
    }

    private boolean joins(VolumeId volume) {
        world.checks.mayBeCounted(volume);
        return tellReceiver();
    }

    /// It is on the node's disk before the journal hears of it.
    private boolean tellReceiver() {
        ReceiverSide side = world.receiver.running();
        if (side == null) {
            return false;
        }
        receiverTold = Set.copyOf(wanted);
        boolean alive =
                world.receiver.run(() -> {
                    try {
                        side.group.members(receiverTold);
                        world.checks.published(side.journal);
                    } catch (FaultException _) {
                        world.receiverFailed(); // the disk is full: its start goes on with it
                    }
                });
        world.closeOutdated();
        return alive && world.receiver.process() == side;
    }

    /// A source whose volumes and peers stay the same hears nothing.
    private boolean tell(int source) {
        Set<VolumeId> before = told.get(source);
        Set<VolumeId> now = Set.copyOf(wanted);
        List<VolumeId> had = volumesOf(source);
        boolean same =
                world.setup.volumesOf(source).stream()
                                .allMatch(v -> before.contains(v) == now.contains(v))
                        && peers(source, before).equals(peers(source, now));
        if (same || (volumesOf(source).isEmpty() && !anyOf(source, now))) {
            told.set(source, now);
            return true;
        }
        world.stopSource(source);
        told.set(source, now);
        SimHost host = world.sources.get(source).host;
        for (VolumeId volume : world.setup.volumesOf(source)) {
            if (had.contains(volume) != now.contains(volume)) {
                SourceVolume.forget(host.disk(volume.value() + "-source"));
            }
            if (!had.contains(volume) && now.contains(volume)) {
                writeUnprotected(host, volume);
            }
        }
        world.restartSource(source);
        return true;
    }

    private boolean anyOf(int source, Set<VolumeId> members) {
        return world.setup.volumesOf(source).stream().anyMatch(members::contains);
    }

    /// All of it at once, before the splitter is there again.
    private void writeUnprotected(SimHost host, VolumeId volume) {
        host.spare();
        if (RawVolume.find(host.disk(volume.value()), volume).isEmpty()) {
            return; // its source died before it was made
        }
        RawVolume raw = RawVolume.open(host.disk(volume.value()), volume);
        byte[] data = new byte[4096];
        for (int i = random.nextInt(6); i > 0; i--) {
            random.nextBytes(data);
            raw.write(
                    random.nextInt(world.setup.volumeBytes() / data.length) * (long) data.length,
                    ByteBuffer.wrap(data.clone()));
        }
        raw.flush();
        world.checks.changedOutside(world.setup.volumes().indexOf(volume));
    }
}

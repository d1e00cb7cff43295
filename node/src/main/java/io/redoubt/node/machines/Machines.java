// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.compute.host.Pause;
import io.redoubt.compute.hypervisor.DiskSpec;
import io.redoubt.compute.hypervisor.Hypervisor;
import io.redoubt.compute.hypervisor.Machine;
import io.redoubt.compute.hypervisor.MachineEvent;
import io.redoubt.compute.hypervisor.MachineSpec;
import io.redoubt.compute.hypervisor.Nic;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.node.storage.NodeStorage;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.DiskReport;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.MachineEnsured;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.MachineStopped;
import io.redoubt.protocol.StopMachine;
import io.redoubt.protocol.StopManner;
import io.redoubt.protocol.StopMode;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The machines of this node by id.
public final class Machines implements IsolationGuard.Guests {
    private static final Logger LOG = System.getLogger(Machines.class.getName());
    private static final String NO_ROOM = "No space left on device"; // QEMU's word for ENOSPC
    private static final String KIND = "machine";
    private static final String STOPPED = "stopped";
    private static final String PAUSED =
            "paused"; // by an order, while a disk had halted it already

    /// Where a guest finds its small files, by their names.
    private static final String SEEDS = "opt/redoubt/";

    /// How long a report waits for all QEMUs together.
    private static final Duration REPORT_WAIT = Duration.ofMillis(200);

    /// QEMU tries to connect again after 1 s and after 3 s.
    private static final Duration RECONNECT_MAX = Duration.ofSeconds(10);

    private static final Duration RECONNECT_LOOK = Duration.ofMillis(200);
    private static final Duration READY_MAX = Duration.ofMinutes(5);
    private static final Duration GRACE_DEFAULT = Duration.ofSeconds(30);

    private final Told told;
    private final NodeStorage storage;
    private final Supplier<Hypervisor> hypervisor;
    private final Map<String, Kept> machines = new ConcurrentSkipListMap<>();

    /// A machine that was told of, with its process when there is one.
    private static final class Kept {
        private EnsureMachine told;
        private volatile @Nullable Machine running;
        private volatile long readyMillis;
        private volatile String reason = "";
        private final StateWatch watch = new StateWatch(() -> state(this));

        /// A write found its datastore full; the machine goes on by itself once there is room.
        private volatile boolean waitsForRoom;

        private volatile boolean pausedByOrder;

        Kept(EnsureMachine told) {
            this.told = told;
        }
    }

    /// @param hypervisor asked for once a machine is to run: choosing the accelerator takes a test boot
    public Machines(Told told, NodeStorage storage, Supplier<Hypervisor> hypervisor) {
        this.told = told;
        this.storage = storage;
        this.hypervisor = hypervisor;
    }

    /// Adopts the machines that an earlier process left running, and starts those that should run and do not.
    public void start() {
        for (EnsureMachine wanted : told.all(KIND, EnsureMachine.parser())) {
            Kept kept = new Kept(wanted);
            machines.put(wanted.getMachine(), kept);
            boolean stays =
                    told.find(STOPPED, wanted.getMachine(), StopMachine.parser()).isPresent();
            try {
                adopt(kept);
                if (kept.running == null && !stays) {
                    launch(kept, false);
                }
            } catch (FaultException e) {
                kept.reason = e.fault().message();
                LOG.log(
                        Level.WARNING,
                        "machine {0} does not run: {1}",
                        wanted.getMachine(),
                        e.getMessage());
            }
        }
    }

    public MachineEnsured ensure(EnsureMachine wanted) {
        Kept kept = machines.computeIfAbsent(wanted.getMachine(), _ -> new Kept(wanted));
        synchronized (kept) {
            told.put(KIND, wanted.getMachine(), wanted);
            told.remove(STOPPED, wanted.getMachine());
            kept.told = wanted;
            if (kept.running == null || state(kept) == MachineState.MACHINE_STOPPED) {
                adopt(kept);
            }
            if (kept.running == null || state(kept) == MachineState.MACHINE_STOPPED) {
                launch(kept, wanted.getPaused());
            }
            Machine running = require(kept);
            return MachineEnsured.newBuilder()
                    .setState(state(kept))
                    .setQemuPid(running.process().pid())
                    .setSerialLog(running.serial().path().toString())
                    .build();
        }
    }

    private void adopt(Kept kept) {
        Optional<Machine> found = hypervisor.get().adopt(id(kept), event -> heard(kept, event));
        found.ifPresent(machine -> {
            kept.running = machine;
            notice(kept, machine);
            watch(kept, machine);
        });
    }

    /// What halted an adopted machine was told to a process that is gone; its QEMU still knows.
    private void notice(Kept kept, Machine machine) {
        kept.pausedByOrder = pauseOf(kept).isPresent();
        try {
            if (machine.state() == io.redoubt.compute.hypervisor.MachineState.PAUSED_IO_ERROR) {
                kept.waitsForRoom = machine.lacksRoom();
                kept.reason =
                        kept.waitsForRoom
                                ? "a disk has no room: its datastore is full; the machine goes on by itself once it has been grown"
                                : "a disk failed while the node was away, or was away with it for too long; start the machine and it goes on where it stood";
            }
        } catch (FaultException e) {
            LOG.log(
                    Level.WARNING,
                    "machine {0} does not say why it is halted: {1}",
                    machine.id(),
                    e.getMessage());
        }
    }

    private void launch(Kept kept, boolean paused) {
        EnsureMachine wanted = kept.told;
        List<DiskSpec> disks = new ArrayList<>();
        for (MachineDisk disk : wanted.getDisksList()) {
            AttachmentRaised found = storage.disk(disk);
            disks.add(
                    new DiskSpec(
                            name(disks.size()), Path.of(found.getSocket()), found.getExportName()));
        }
        Map<String, String> seeds = new HashMap<>();
        wanted.getSeedsMap().forEach((name, text) -> seeds.put(SEEDS + name, text));
        if (!wanted.getUserData().isEmpty()) {
            seeds.put(TinyTemplate.USER_DATA, wanted.getUserData());
        }
        var spec =
                new MachineSpec(
                        id(kept),
                        new Bytes(wanted.getMemoryBytes()),
                        Math.max(1, wanted.getVcpus()),
                        disks,
                        seeds,
                        wanted.getNic() ? Nic.RESTRICTED : Nic.NONE,
                        paused);
        kept.readyMillis = 0;
        kept.reason = "";
        kept.waitsForRoom = false;
        kept.pausedByOrder = paused;
        forgetPause(kept);
        Machine started = hypervisor.get().start(spec, event -> heard(kept, event));
        kept.running = started;
        watch(kept, started);
    }

    /// Mostly there is none, and then this costs no sync.
    private void forgetPause(Kept kept) {
        if (pauseOf(kept).isPresent()) {
            told.remove(PAUSED, kept.told.getMachine());
        }
    }

    private Optional<StopMachine> pauseOf(Kept kept) {
        return told.find(PAUSED, kept.told.getMachine(), StopMachine.parser());
    }

    /// The serial number by which the guest tells its disks apart.
    private static String name(int index) {
        return switch (index) {
            case 0 -> "root";
            case 1 -> "data";
            default -> "data-" + index;
        };
    }

    private static void heard(Kept kept, MachineEvent event) {
        switch (event) {
            case MachineEvent.IoError error -> {
                kept.reason =
                        "disk %s refused a %s: %s"
                                .formatted(error.disk(), error.operation(), error.reason());
                kept.waitsForRoom = error.reason().equals(NO_ROOM);
                if (kept.waitsForRoom) {
                    kept.reason =
                            "disk %s has no room for a %s: its datastore is full; the machine goes on by itself once it has been grown"
                                    .formatted(error.disk(), error.operation());
                }
                LOG.log(
                        Level.WARNING,
                        "machine {0} is paused: {1}",
                        kept.told.getMachine(),
                        kept.reason);
            }
            case MachineEvent.ShutDown down -> kept.reason = "it shut down: " + down.reason();
            case MachineEvent.Resumed _ -> {
                kept.reason = "";
                kept.waitsForRoom = false;
            }
            case MachineEvent.Paused _, MachineEvent.Reset _, MachineEvent.Gone _ -> {}
        }
    }

    /// Notes when the guest's agent answers first.
    private static void watch(Kept kept, Machine machine) {
        Thread.ofVirtual()
                .name("agent-" + machine.id())
                .start(() -> {
                    try (GuestAgent _ = GuestAgent.connect(machine.agentSocket(), READY_MAX)) {
                        kept.readyMillis = System.currentTimeMillis();
                    } catch (RuntimeException e) {
                        LOG.log(Level.DEBUG, "no agent in {0}: {1}", machine.id(), e.getMessage());
                    }
                });
    }

    public void resume(String machine) {
        Kept kept = find(machine);
        synchronized (kept) {
            kept.pausedByOrder = false;
            forgetPause(kept);
            if (state(kept) != MachineState.MACHINE_RUNNING) {
                require(kept).resume();
            }
        }
    }

    /// Lets those machines go on that a full datastore halted and that find room now. Called with every report.
    public void resumeThoseWithRoom() {
        for (Kept kept : machines.values()) {
            if (!kept.waitsForRoom || kept.pausedByOrder) {
                continue;
            }
            synchronized (kept) {
                boolean room =
                        kept.told.getDisksList().stream()
                                .allMatch(disk -> storage.hasRoom(disk.getVolume()));
                if (room && state(kept) == MachineState.MACHINE_PAUSED) {
                    kept.waitsForRoom = false; // before: it may be halted again at once
                    LOG.log(
                            Level.INFO,
                            "machine {0} goes on: its datastore has room",
                            kept.told.getMachine());
                    try {
                        require(kept).resume();
                    } catch (FaultException e) {
                        kept.waitsForRoom = true; // tried again with the next report
                        LOG.log(Level.WARNING, "it does not: {0}", e.getMessage());
                    }
                }
            }
        }
    }

    /// Tells the guest of a volume that it has become larger, once its QEMU has connected anew.
    public void grown(String volume, Bytes size) {
        for (Kept kept : machines.values()) {
            List<MachineDisk> disks = kept.told.getDisksList();
            Machine running = kept.running;
            for (int i = 0; i < disks.size(); i++) {
                if (running != null && disks.get(i).getVolume().equals(volume)) {
                    resize(running, name(i), size);
                }
            }
        }
    }

    private static void resize(Machine machine, String disk, Bytes size) {
        long end = System.nanoTime() + RECONNECT_MAX.toNanos();
        while (machine.process().alive()) {
            try {
                machine.resizeDisk(disk, size);
                return;
            } catch (FaultException e) {
                if (System.nanoTime() - end > 0) {
                    // It has the room, and sees it with its next start.
                    LOG.log(
                            Level.WARNING,
                            "machine {0} was not told that disk {1} has {2}: {3}",
                            machine.id(),
                            disk,
                            size,
                            e.getMessage());
                    return;
                }
                Pause.of(RECONNECT_LOOK);
            }
        }
    }

    public MachineStopped stop(StopMachine wanted) {
        Kept kept = machines.get(wanted.getMachine());
        if (kept == null) {
            return stopped(StopManner.WAS_OFF);
        }
        synchronized (kept) {
            if (wanted.getMode() != StopMode.PAUSE) {
                told.put(STOPPED, wanted.getMachine(), wanted);
            }
            Machine running = kept.running;
            if (running == null || state(kept) == MachineState.MACHINE_STOPPED) {
                return stopped(StopManner.WAS_OFF);
            }
            return stopped(
                    switch (wanted.getMode()) {
                        case PAUSE -> {
                            pause(kept, running, wanted);
                            yield StopManner.STOP_MANNER_UNSPECIFIED;
                        }
                        case SHUTDOWN -> shutDown(running, wanted.getGraceMillis());
                        case POWER_OFF, STOP_MODE_UNSPECIFIED, UNRECOGNIZED -> {
                            running.kill();
                            yield StopManner.BY_POWER;
                        }
                    });
        }
    }

    private static MachineStopped stopped(StopManner manner) {
        return MachineStopped.newBuilder().setManner(manner).build();
    }

    /// One that a disk has halted stands still; to stop it again waits for that disk.
    private void pause(Kept kept, Machine running, StopMachine wanted) {
        kept.pausedByOrder = true;
        if (state(kept) != MachineState.MACHINE_PAUSED) {
            running.pause();
        } else {
            told.put(PAUSED, wanted.getMachine(), wanted); // QEMU does not know it
        }
    }

    private static StopManner shutDown(Machine running, int graceMillis) {
        Duration grace = graceMillis > 0 ? Duration.ofMillis(graceMillis) : GRACE_DEFAULT;
        return running.shutDown(grace) ? StopManner.BY_GUEST : StopManner.BY_POWER;
    }

    public void delete(String machine) {
        MachineStopped _ =
                stop(
                        StopMachine.newBuilder()
                                .setMachine(machine)
                                .setMode(StopMode.POWER_OFF)
                                .build());
        machines.remove(machine);
        told.remove(KIND, machine);
        told.remove(STOPPED, machine);
        told.remove(PAUSED, machine);
    }

    /// Lets go of all machines without touching them: another process of the node may adopt them.
    void letGo() {
        for (Kept kept : machines.values()) {
            Machine running = kept.running;
            if (running != null) {
                running.close();
            }
        }
        machines.clear();
    }

    @Override
    public Map<String, List<String>> volumes() {
        var volumes = new HashMap<String, List<String>>();
        machines.forEach((machine, kept) ->
                volumes.put(
                        machine,
                        kept.told.getDisksList().stream().map(MachineDisk::getVolume).toList()));
        return volumes;
    }

    @Override
    public boolean runs(String machine) {
        Kept kept = machines.get(machine);
        return kept != null && state(kept) == MachineState.MACHINE_RUNNING;
    }

    @Override
    public void halt(String machine, String why) {
        Kept kept = find(machine);
        synchronized (kept) {
            require(kept).pause();
            kept.reason = why;
        }
    }

    @Override
    public void goOn(String machine) {
        Kept kept = find(machine);
        synchronized (kept) {
            if (!kept.pausedByOrder && state(kept) == MachineState.MACHINE_PAUSED) {
                require(kept).resume();
            }
        }
    }

    /// Halts every machine that has one of these volumes: their writes may not be acknowledged any more.
    public void pauseThoseOn(List<String> volumes) {
        for (Kept kept : machines.values()) {
            if (kept.told.getDisksList().stream().anyMatch(d -> volumes.contains(d.getVolume()))) {
                MachineStopped _ =
                        stop(
                                StopMachine.newBuilder()
                                        .setMachine(kept.told.getMachine())
                                        .setMode(StopMode.PAUSE)
                                        .build());
            }
        }
    }

    /// One that has a process.
    Optional<Freezing.Guest> guest(String machine) {
        Kept kept = machines.get(machine);
        if (kept == null) {
            return Optional.empty();
        }
        MachineState state = state(kept);
        return Optional.ofNullable(kept.running)
                .map(running -> new Freezing.Guest(state, running.agentSocket()));
    }

    public List<MachineReport> reports() {
        var reports = new ArrayList<MachineReport>();
        machines.values().forEach(kept -> kept.watch.ask());
        long deadline = System.nanoTime() + REPORT_WAIT.toNanos();
        for (Kept kept : machines.values()) {
            var report =
                    MachineReport.newBuilder()
                            .setMachine(kept.told.getMachine())
                            .setState(kept.watch.seen(deadline))
                            .setGuestReadyMillis(kept.readyMillis)
                            .setReason(kept.reason);
            kept.told
                    .getDisksList()
                    .forEach(d ->
                            report.addDisks(
                                    DiskReport.newBuilder()
                                            .setVolume(d.getVolume())
                                            .setAttachment(d.getAttachment())));
            Machine running = kept.running;
            if (running != null) {
                report.setSerialLog(running.serial().path().toString());
                if (report.getState() != MachineState.MACHINE_STOPPED) {
                    report.setQemuPid(running.process().pid());
                }
            }
            reports.add(report.build());
        }
        return reports;
    }

    private static MachineState state(Kept kept) {
        Machine running = kept.running;
        if (running == null) {
            return kept.reason.isEmpty()
                    ? MachineState.MACHINE_STOPPED
                    : MachineState.MACHINE_FAILED;
        }
        try {
            return switch (running.state()) {
                case RUNNING -> MachineState.MACHINE_RUNNING;
                case PRELAUNCH, PAUSED, PAUSED_IO_ERROR -> MachineState.MACHINE_PAUSED;
                case ENDED, GONE -> MachineState.MACHINE_STOPPED;
            };
        } catch (FaultException e) {
            return MachineState.MACHINE_FAILED; // it has a process that does not answer
        }
    }

    private Kept find(String machine) {
        Kept kept = machines.get(machine);
        if (kept == null) {
            throw new FaultException(new MachineFault.Unknown(machine));
        }
        return kept;
    }

    private static Machine require(Kept kept) {
        Machine running = kept.running;
        if (running == null) {
            throw new FaultException(
                    new MachineFault.NotRunning(kept.told.getMachine(), kept.reason));
        }
        return running;
    }

    private static MachineId id(Kept kept) {
        return new MachineId(kept.told.getMachine());
    }
}

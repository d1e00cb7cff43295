// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.hypervisor.AcceleratorProbe;
import io.redoubt.compute.hypervisor.Hypervisor;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.Bytes;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.link.ControlSession;
import io.redoubt.node.link.Identity;
import io.redoubt.node.machines.FreezeLeases;
import io.redoubt.node.machines.Freezing;
import io.redoubt.node.machines.IsolationGuard;
import io.redoubt.node.machines.Machines;
import io.redoubt.node.storage.NodeStorage;
import io.redoubt.node.storage.StreamDialer;
import io.redoubt.node.storage.TemplateImages;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.Welcome;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// The daemon of a host: wires storage and compute to the session with the control plane. It holds no truth of its own: what it runs is
/// what it was told, kept on disk.
final class NodeDaemon implements ControlSession.Node, AutoCloseable {
    private static final Duration DISK_AWAY_MAX = Duration.ofSeconds(35);
    private static final long LOOK_MILLIS = 250;

    private final String zone;
    private final Path home;
    private final Identity identity;
    private final Clock clock = new SystemClock();
    private final String process = UUID.randomUUID().toString();
    private final String host;
    private final TemplateImages templates;
    private final NodeStorage storage;
    private final Machines machines;
    private final Freezing freezing;
    private final FreezeLeases frozen;
    private final IsolationGuard isolation;
    private final Obedience obedience;
    private final ScheduledExecutorService looks =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("isolation-guard").daemon().factory());
    private final Path cache;
    private final Optional<RunAs> runAs;
    private volatile Optional<Hypervisor> hypervisor = Optional.empty();

    /// @param account the user without privileges as whom QEMU runs, when this process is root
    NodeDaemon(
            String zone,
            Path home,
            Path cache,
            Optional<String> account,
            String host,
            Identity identity) {
        this.zone = zone;
        this.home = home;
        this.cache = cache;
        this.identity = identity;
        this.host = host;
        this.runAs = account.map(RunAs::user);
        this.templates = new TemplateImages(cache);
        var access = account.map(SocketAccess::group).orElse(SocketAccess.OWNER);
        this.storage =
                new NodeStorage(
                        home, clock, new StreamDialer(identity.tls()), access, templates, host);
        var told = new Told(new SystemDisk(home.resolve("told")));
        this.machines = new Machines(told, storage, this::hypervisor);
        this.freezing = new Freezing(told, machines);
        this.frozen = new FreezeLeases(freezing);
        this.obedience = new Obedience(told);
        this.isolation =
                new IsolationGuard(told, machines, volume -> storage.leftNanos(volume, clock));
    }

    void start() {
        storage.start();
        machines.start();
        freezing.thawLeft();
        var _ =
                looks.scheduleWithFixedDelay(
                        this::lookForIsolated, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /// A look that fails must not be the last one.
    private void lookForIsolated() {
        try {
            isolation.look();
        } catch (RuntimeException e) {
            System.getLogger("node")
                    .log(System.Logger.Level.ERROR, "isolated guests are not looked after", e);
        }
    }

    private synchronized Hypervisor hypervisor() {
        if (hypervisor.isEmpty()) {
            QemuProgram program = QemuProgram.find();
            Template tiny = templates.tiny();
            AcceleratorProbe.Verdict verdict =
                    new AcceleratorProbe(program, cache, runAs)
                            .choose(tiny.kernel(), tiny.initrd());
            System.getLogger("node")
                    .log(
                            System.Logger.Level.INFO,
                            "guests run under {0}: {1}",
                            verdict.accelerator(),
                            verdict.reason());
            hypervisor =
                    Optional.of(
                            new Qemu(
                                    program,
                                    guests(),
                                    runAs,
                                    verdict.accelerator(),
                                    DISK_AWAY_MAX));
        }
        return hypervisor.get();
    }

    /// The directory of the guests' own directories: the unprivileged user passes through it and lists nothing.
    private Path guests() {
        Path directory = home.resolve("m");
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return directory;
    }

    @Override
    public Hello hello() {
        return Hello.newBuilder()
                .setNode(identity.node())
                .setZone(zone)
                .setBootId(clock.bootId())
                .setProcessNonce(process)
                .setReplicationAddress(host + ":" + storage.port())
                .setHome(home.toString())
                .setPid(ProcessHandle.current().pid())
                .setBoundIncarnation(obedience.bound().getIncarnation())
                .setBoundLife(obedience.bound().getLife())
                .build();
    }

    @Override
    public boolean welcomed(Welcome welcome) {
        return obedience.takes(welcome);
    }

    @Override
    public Report report() {
        var report =
                Report.newBuilder()
                        .setAtMillis(clock.wallMillis())
                        .setIncarnation(obedience.bound().getIncarnation());
        storage.report(report, clock);
        machines.resumeThoseWithRoom();
        report.addAllMachines(machines.reports());
        return report.build();
    }

    /// On a person's word, at this host.
    BreakGlassAnswer promoteWithoutControl(BreakGlassOrder order) {
        return storage.promoteWithoutControl(order);
    }

    @Override
    public List<GrantRequest> grantRequests() {
        return storage.grantRequests();
    }

    @Override
    public void answered(ControlMessage grantOrRefusal) {
        storage.answered(grantOrRefusal);
    }

    @Override
    public CommandResult carryOut(Command command) {
        var result = CommandResult.newBuilder();
        switch (command.getCommandCase()) {
            case ENSURE_VOLUME -> {
                var volume = command.getEnsureVolume();
                boolean larger = storage.isSmaller(volume.getVolume(), volume.getSizeBytes());
                result = storage.carryOut(command);
                if (larger) {
                    machines.grown(volume.getVolume(), new Bytes(volume.getSizeBytes()));
                }
            }
            case ENSURE_MACHINE ->
                    result.setMachineEnsured(machines.ensure(command.getEnsureMachine()));
            case RESUME_MACHINE -> machines.resume(command.getResumeMachine().getMachine());
            case STOP_MACHINE -> result.setMachineStopped(machines.stop(command.getStopMachine()));
            case DELETE_MACHINE -> machines.delete(command.getDeleteMachine().getMachine());
            case RELEASE_SOURCE -> {
                haltGuests(storage.volumesOf(command.getReleaseSource().getGroup()));
                result = storage.carryOut(command);
            }
            case FREEZE_GUESTS -> result.setGuestsFrozen(frozen.freeze(command.getFreezeGuests()));
            case THAW_GUESTS -> result.setGuestsThawed(frozen.thaw(command.getThawGuests()));
            case COMMAND_NOT_SET ->
                    throw new IllegalArgumentException("a command of a newer control plane");
            default -> result = storage.carryOut(command);
        }
        return result.build();
    }

    /// Before the release, because a QEMU stops only when its writes in execution are answered. Without a grant nobody answers them any
    /// more: then the volume's refusal halts the guest.
    private void haltGuests(List<String> volumes) {
        boolean answered =
                volumes.stream()
                        .allMatch(volume ->
                                storage.standing(volume, clock) == GrantHolder.Standing.GRANTED);
        if (answered) {
            machines.pauseThoseOn(volumes);
        }
    }

    @Override
    public void close() throws IOException {
        looks.shutdownNow();
        freezing.close();
        storage.close();
    }
}

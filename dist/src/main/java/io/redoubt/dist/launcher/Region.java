// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.cli.api.Api;
import io.redoubt.cli.api.Endpoint;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// One region on this machine: a control plane outside the zones, and a node in each.
///
/// Everything it knows stands in the home, so any later process can go on with it. Refusals are [LauncherFault]s.
public final class Region {
    public static final List<String> ZONES = List.of("a", "b");

    /// In the environment of each process that belongs to a region, QEMU included; the value is the region's id, and for
    /// what belongs to a zone, the id, a slash and the zone.
    static final String MARK = "REDOUBT_REGION";

    private static final Duration CONTROL_READY = Duration.ofMinutes(3);
    private static final Duration NODE_READY = Duration.ofMinutes(1);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
    private static final int LOG_LINES = 25;

    private final Home home;
    private final EntryScript script;
    private final Supplier<ControlPlane> control;
    private final Consumer<String> progress;

    /// @param progress gets one line for each thing that was done
    public Region(Path home, Consumer<String> progress) {
        this(
                new Home(home),
                EntryScript.ofThisProcess(),
                () -> new ApiControlPlane(new Api(Endpoint.ofHome(home), ANSWER)),
                progress);
    }

    Region(
            Home home,
            EntryScript script,
            Supplier<ControlPlane> control,
            Consumer<String> progress) {
        this.home = home;
        this.script = script;
        this.control = control;
        this.progress = progress;
    }

    public Home home() {
        return home;
    }

    /// The API of the region as it was announced last.
    public Api api() {
        return new Api(Endpoint.ofHome(home.path()));
    }

    /// Starts what the home holds, or a new region in an empty one, and returns when all of it answers. Of a region that is up, only the
    /// nodes that died.
    public RegionStatus up(Ports ports) {
        try {
            home.prepare(Account.prepare());
            startUnderLock(ports);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
        return status();
    }

    private void startUnderLock(Ports ports) throws IOException {
        try (RegionLock _ = RegionLock.take(home)) {
            List<String> lost = RegionRecord.read(home).map(Region::lostZones).orElse(List.of());
            if (!lost.isEmpty()) {
                lost.forEach(this::startNode);
                return;
            }
            RegionRecord.read(home).ifPresent(this::requireNothingAlive);
            ports.requireFree();
            String startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
            new RegionRecord(UUID.randomUUID().toString(), startedAt, List.of()).write(home);
            startAll(ports);
        }
    }

    /// Starts the control plane of a region that is up, and returns when it is ready. Call it only while none runs.
    public HostProcess startControl(Ports ports) {
        progress.accept("starting the control plane and its PostgreSQL");
        deleteAnnouncement();
        HostProcess process =
                start(
                        RegionRecord.CONTROL,
                        "",
                        "control",
                        List.of(
                                "--home",
                                home.control().toString(),
                                "--http-port",
                                Integer.toString(ports.http()),
                                "--grpc-port",
                                Integer.toString(ports.grpc())));
        Path announcement = Endpoint.announcement(home.path());
        await(RegionRecord.CONTROL, process, CONTROL_READY, () -> Files.exists(announcement));
        return process;
    }

    /// Starts the node of a zone, joins it if it is new, and returns when the control plane calls it online.
    public HostProcess startNode(String zone) {
        progress.accept("starting the node of zone " + zone);
        ControlPlane region = control.get();
        region.ensureZone(zone);
        ControlPlane.Invitation invitation = region.invite(zone);
        String name = "node-" + zone;
        Path token = home.zone(zone).resolve("join-token");
        writeSecret(token, invitation.token());
        HostProcess process =
                start(
                        name,
                        zone,
                        "node",
                        List.of(
                                "--zone",
                                zone,
                                "--home",
                                home.zone(zone).toString(),
                                "--control",
                                invitation.grpcAddress(),
                                "--ca",
                                invitation.caFile(),
                                "--token-file",
                                token.toString()));
        await(
                name,
                process,
                NODE_READY,
                () -> "online".equals(region.nodeStates().get(process.pid())));
        delete(token);
        return process;
    }

    /// Every process of a zone: its node and the guests that the node started.
    public List<HostProcess> processesOfZone(String zone) throws IOException {
        String id = RegionRecord.read(home).map(RegionRecord::id).orElse("");
        return HostProcess.belongingTo(MARK, id + "/" + zone, home.zone(zone));
    }

    /// Stops machines, nodes, control plane and PostgreSQL; the data stays. Nothing of the region runs afterwards.
    ///
    /// @return false when there was nothing to stop
    public boolean down() {
        if (!Files.isDirectory(home.path())) {
            return false;
        }
        try (RegionLock _ = RegionLock.take(home)) {
            Optional<RegionRecord> record = RegionRecord.read(home);
            if (record.isEmpty()) {
                return false;
            }
            new Shutdown(home, record.get(), control, progress).run();
            Files.deleteIfExists(home.record());
            deleteAnnouncement();
            return true;
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
    }

    public RegionStatus status() {
        return StatusReader.read(home, control);
    }

    /// A region that could not be started whole is stopped whole: its logs stay, its processes do not.
    private void startAll(Ports ports) throws IOException {
        try {
            startControl(ports);
            ZONES.forEach(this::startNode);
        } catch (FaultException e) {
            RegionRecord record = RegionRecord.read(home).orElseThrow();
            new Shutdown(home, record, control, progress).run();
            Files.deleteIfExists(home.record());
            throw e;
        }
    }

    /// The zones whose node died while the control plane lives: they can be started again alone, under guests that wait for them.
    private static List<String> lostZones(RegionRecord record) {
        boolean controlled =
                record.part(RegionRecord.CONTROL).filter(p -> p.process().alive()).isPresent();
        return controlled
                ? record.nodes().stream()
                        .filter(part -> !part.process().alive())
                        .map(RegionRecord.Part::zone)
                        .toList()
                : List.of();
    }

    private void requireNothingAlive(RegionRecord record) {
        List<String> alive = record.alive().stream().map(RegionRecord.Part::words).toList();
        if (!alive.isEmpty()) {
            throw new FaultException(new LauncherFault.AlreadyUp(home.path(), alive));
        }
    }

    private HostProcess start(String name, String zone, String verb, List<String> arguments) {
        RegionRecord record =
                RegionRecord.read(home)
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "no region was started in " + home.path()));
        var environment = new HashMap<>(script.environment());
        environment.put(MARK, zone.isEmpty() ? record.id() : record.id() + "/" + zone);
        try {
            HostProcess process =
                    HostProcess.startDetached(
                            script.command(verb, arguments), environment, home.log(name));
            record.with(new RegionRecord.Part(name, zone, process)).write(home);
            return process;
        } catch (IOException e) {
            throw new FaultException(
                    new LauncherFault.ProcessDied(name, home.log(name), e.toString()), e);
        }
    }

    private void await(String name, HostProcess process, Duration limit, BooleanSupplier ready) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!ready.getAsBoolean()) {
            if (!process.alive()) {
                throw new FaultException(
                        new LauncherFault.ProcessDied(name, home.log(name), endOfLog(name)));
            }
            if (System.nanoTime() > deadline) {
                throw new FaultException(
                        new LauncherFault.NotReady(name, limit.toSeconds(), home.log(name)));
            }
            HostProcess.pause(LOOK_AGAIN);
        }
    }

    /// On a command line every user of the host could read it.
    private void writeSecret(Path file, String secret) {
        try {
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(file);
            Files.createFile(
                    file,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, secret);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
    }

    private void deleteAnnouncement() {
        delete(Endpoint.announcement(home.path()));
    }

    private void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
    }

    private String endOfLog(String name) {
        try {
            var lines =
                    new ArrayList<>(
                            Files.readAllLines(home.log(name), StandardCharsets.ISO_8859_1));
            return String.join(
                    "\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }
}

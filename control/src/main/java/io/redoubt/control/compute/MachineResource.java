// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.region.Region;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.control.web.Page;
import io.redoubt.core.Bytes;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Machines.
@RestController
class MachineResource {
    private static final Bytes MEMORY_MIN = Bytes.mebibytes(64);
    private static final int VCPUS_MAX = 64;
    private static final int DISKS_MAX = 16;
    private static final int SEED_BYTES_MAX = 64 << 10;
    private static final Set<String> MODES = Set.of("shutdown", "power-off", "pause");

    private final Machines machines;
    private final Volumes volumes;
    private final Region region;
    private final Operations operations;
    private final Flows flows;

    /// The machine's four workflows.
    @org.springframework.stereotype.Component
    record Flows(
            @Qualifier("createMachine") Workflow<ComputeWorkflows.OneMachine> create,
            @Qualifier("startMachine") Workflow<ComputeWorkflows.OneMachine> start,
            @Qualifier("stopMachine") Workflow<ComputeWorkflows.Halt> stop,
            @Qualifier("deleteMachine") Workflow<ComputeWorkflows.OneMachine> delete) {}

    MachineResource(
            Machines machines, Volumes volumes, Region region, Operations operations, Flows flows) {
        this.machines = machines;
        this.volumes = volumes;
        this.region = region;
        this.operations = operations;
        this.flows = flows;
    }

    /// @param disks    volumes by id or name, in the guest's order
    /// @param template what it boots from; `tiny` when left out
    /// @param seeds    small files for the guest, by name
    record NewMachine(
            String name,
            String zone,
            long memoryBytes,
            int vcpus,
            List<String> disks,
            @Nullable String template,
            @Nullable String userData,
            @Nullable Map<String, String> seeds,
            @Nullable Boolean nic) {}

    /// @param mode shutdown (also when left out), power-off, pause
    record Stop(@Nullable String mode) {}

    @PostMapping("/v1/machines")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createMachine(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewMachine body) {
        String zone = region.requireZone(body.zone());
        List<Volume> disks = disks(caller, body.disks(), zone);
        Machine machine = machine(caller, body, zone, disks);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        flows.create(),
                        machine.id(),
                        input(machine),
                        _ -> {
                            disks.forEach(MachineResource::requireReady);
                            machines.add(machine);
                        }));
    }

    @GetMapping("/v1/machines")
    Page<MachineView> listMachines(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return machines.rows().page(caller, limit, after, this::view, MachineView::name);
    }

    @GetMapping("/v1/machines/{machine}")
    MachineView getMachine(@RequestAttribute Caller caller, @PathVariable String machine) {
        return view(machines.require(caller, machine));
    }

    @PostMapping("/v1/machines/{machine}/start")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> startMachine(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String machine) {
        Machine found = machines.require(caller, machine);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        found.id(),
                        flows.start(),
                        found.id(),
                        input(found),
                        _ -> {
                            machines.wanted(found.id(), "running");
                            found.disks().forEach(volumes::requireNotReverting);
                        }));
    }

    @PostMapping("/v1/machines/{machine}/stop")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> stopMachine(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String machine,
            @RequestBody(required = false) @Nullable Stop body) {
        String mode = body == null || body.mode() == null ? "shutdown" : body.mode();
        if (!MODES.contains(mode)) {
            throw new IllegalArgumentException(
                    "mode is shutdown, power-off or pause, not '%s'".formatted(mode));
        }
        Machine found = machines.require(caller, machine);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), mode),
                        flows.stop(),
                        found.id(),
                        new ComputeWorkflows.Halt(found.id(), found.node(), mode),
                        _ ->
                                machines.wanted(
                                        found.id(), mode.equals("pause") ? "paused" : "stopped")));
    }

    /// Its volumes stay.
    ///
    /// @throws FaultException with [ComputeFault.Protected] or [ComputeFault.OfATest]
    @DeleteMapping("/v1/machines/{machine}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteMachine(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String machine) {
        Optional<Operation> before = operations.repeated(caller, key, machine, flows.delete());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Machine found = machines.require(caller, machine);
        if (found.group() != null) {
            throw new FaultException(new ComputeFault.Protected(found.name(), found.group()));
        }
        if (found.failover() != null) {
            throw new FaultException(new ComputeFault.OfATest(found.name(), found.failover()));
        }
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        machine,
                        flows.delete(),
                        found.id(),
                        input(found),
                        _ -> {
                            machines.wanted(found.id(), "deleted");
                            found.disks().forEach(volumes::requireNotReverting);
                        }));
    }

    private List<Volume> disks(Caller caller, @Nullable List<String> references, String zone) {
        if (references == null || references.isEmpty() || references.size() > DISKS_MAX) {
            throw new IllegalArgumentException(
                    "a machine has 1 to %d disks: the names of its volumes".formatted(DISKS_MAX));
        }
        List<Volume> disks =
                references.stream().map(reference -> volumes.require(caller, reference)).toList();
        String node = disks.getFirst().node();
        for (Volume disk : disks) {
            if (!disk.zone().equals(zone) || !disk.node().equals(node)) {
                throw new FaultException(
                        new ComputeFault.DiskElsewhere(disk.name(), disk.zone(), zone));
            }
        }
        return disks;
    }

    private static void requireReady(Volume disk) {
        if (!disk.state().equals("ready")) {
            throw new FaultException(new ComputeFault.DiskNotReady(disk.name(), disk.state()));
        }
    }

    private static Machine machine(
            Caller caller, NewMachine body, String zone, List<Volume> disks) {
        Name.require("machine", body.name());
        if (body.memoryBytes() < MEMORY_MIN.value()) {
            throw new IllegalArgumentException(
                    "memoryBytes must be at least %d (%s), not %d"
                            .formatted(MEMORY_MIN.value(), MEMORY_MIN, body.memoryBytes()));
        }
        if (body.vcpus() < 1 || body.vcpus() > VCPUS_MAX) {
            throw new IllegalArgumentException(
                    "vcpus must be 1 to %d, not %d".formatted(VCPUS_MAX, body.vcpus()));
        }
        Map<String, String> seeds = Objects.requireNonNullElse(body.seeds(), Map.of());
        int seedBytes = seeds.values().stream().mapToInt(String::length).sum();
        if (seedBytes > SEED_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "seeds hold at most %d bytes, not %d".formatted(SEED_BYTES_MAX, seedBytes));
        }
        String template = Objects.requireNonNullElse(body.template(), "tiny");
        return new Machine(
                RandomId.next(),
                caller.tenant(),
                body.name(),
                zone,
                disks.getFirst().node(),
                body.memoryBytes(),
                body.vcpus(),
                Name.require("template", template),
                Objects.requireNonNullElse(body.userData(), ""),
                seeds,
                Boolean.TRUE.equals(body.nic()),
                null,
                null,
                "running",
                "making",
                disks.stream().map(Volume::id).toList(),
                0,
                null,
                null,
                null,
                null);
    }

    private static ComputeWorkflows.OneMachine input(Machine machine) {
        return new ComputeWorkflows.OneMachine(machine.id(), machine.node(), machine.disks());
    }

    private MachineView view(Machine machine) {
        boolean heard = region.requireNode(machine.node()).heardAt(Instant.now());
        return new MachineView(
                machine.id(),
                machine.name(),
                machine.zone(),
                machine.node(),
                heard ? machine.state() : "unknown",
                machine.wanted(),
                machine.memoryBytes(),
                machine.vcpus(),
                machine.template(),
                machine.nic(),
                machine.copyOf(),
                machine.failover(),
                machine.disks().stream().map(this::disk).toList(),
                machine.qemuPid() == 0 ? null : machine.qemuPid(),
                machine.serialLog(),
                machine.guestReadyAt(),
                machine.reason(),
                machine.group());
    }

    private MachineView.DiskView disk(String id) {
        Volume volume = volumes.find(id).orElseThrow();
        return new MachineView.DiskView(id, volume.name(), volume.attachmentNumber());
    }
}

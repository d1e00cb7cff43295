// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.Bytes;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Volumes.
@RestController
class VolumeResource {
    private static final long GRAIN = 4096;
    private static final long SIZE_MIN = 1 << 20;

    private final Volumes volumes;
    private final Datastores datastores;
    private final Operations operations;
    private final Usage usage;
    private final Flows flows;

    VolumeResource(
            Volumes volumes,
            Datastores datastores,
            Operations operations,
            Usage usage,
            Flows flows) {
        this.volumes = volumes;
        this.datastores = datastores;
        this.operations = operations;
        this.usage = usage;
        this.flows = flows;
    }

    @Component("volumeFlows")
    record Flows(
            @Qualifier("createVolume") Workflow<StorageWorkflows.OneVolume> create,
            Workflow<StorageWorkflows.Growth> grow,
            Workflow<StorageWorkflows.Share> limit,
            Workflow<StorageWorkflows.Copying> hydrate,
            @Qualifier("deleteVolume") Workflow<StorageWorkflows.OneVolume> delete) {}

    /// @param template the disk image that it begins with; zeroes when left out
    /// @param thin     its room comes with the writes, as long as the datastore has some; thick when left out
    /// @param shares   1 to 10000 against the other volumes of the datastore when there is not enough for all; 100 when left out
    /// @param iopsLimit              of the volume alone, below the datastore's; 0 or left out: none
    /// @param bytesPerSecondLimit of the volume alone; 0 or left out: none
    record NewVolume(
            String name,
            String datastore,
            long sizeBytes,
            @Nullable String template,
            @Nullable Boolean thin,
            @Nullable Integer shares,
            @Nullable Long iopsLimit,
            @Nullable Long bytesPerSecondLimit) {}

    /// Either a larger size, or what it may take of its datastore's rate; what is left out stays.
    ///
    /// @param iopsLimit              0 lifts it
    /// @param bytesPerSecondLimit 0 lifts it
    record VolumeChange(
            @Nullable Long sizeBytes,
            @Nullable Integer shares,
            @Nullable Long iopsLimit,
            @Nullable Long bytesPerSecondLimit) {
        boolean limits() {
            return shares != null || iopsLimit != null || bytesPerSecondLimit != null;
        }
    }

    /// @param iopsLimit          of the volume alone; null for none
    /// @param usedIops           what passed, as a mean over five seconds; null when its node has not told it lately
    /// @param usedBytesPerSecond the same in bytes
    record VolumeView(
            String id,
            String name,
            @Nullable String datastore,
            String zone,
            String node,
            long sizeBytes,
            boolean thin,
            int shares,
            @Nullable Long iopsLimit,
            @Nullable Long bytesPerSecondLimit,
            @Nullable Long usedIops,
            @Nullable Long usedBytesPerSecond,
            @Nullable String template,
            @Nullable Origin origin,
            String state,
            AttachmentView attachment,
            @Nullable String view,
            @Nullable String group,
            long snapshotBytes,
            @Nullable HydrationView hydration) {}

    /// How far a volume that was made from a template, or out of a journal, needs that no more.
    ///
    /// @param source         the template, or a point or a write of a group
    /// @param state          idle (nobody asked for it), copying, waiting (the source is away), complete, failed
    /// @param secondsLeft    null when not known
    /// @param trouble        what is in the way
    /// @param bytesPerSecond the limit that was asked for; null for as fast as it goes
    record HydrationView(
            String source,
            String state,
            long doneBytes,
            long totalBytes,
            @Nullable Long secondsLeft,
            @Nullable String trouble,
            @Nullable Long bytesPerSecond) {}

    /// @param bytesPerSecond at most; as fast as it goes when left out
    record Hydrate(@Nullable Long bytesPerSecond) {}

    record AttachmentView(long number, @Nullable String holder) {}

    @PostMapping("/v1/volumes")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewVolume body) {
        Name.require("volume", body.name());
        requireSize(body.sizeBytes());
        String template = Objects.requireNonNullElse(body.template(), "");
        if (!template.isEmpty()) {
            Name.require("template", template);
        }
        Allowance allowance =
                Allowance.USUAL.with(body.shares(), body.iopsLimit(), body.bytesPerSecondLimit());
        Datastores.Datastore datastore = datastores.require(caller, body.datastore());
        String id = RandomId.next();
        var wanted =
                new StorageWorkflows.OneVolume(
                        id,
                        datastore.node(),
                        body.sizeBytes(),
                        template,
                        datastore.isHeld() ? datastore.id() : null,
                        Boolean.TRUE.equals(body.thin()),
                        datastore.storageClass().isSealed());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        flows.create(),
                        id,
                        wanted,
                        _ -> volumes.reserve(caller, body.name(), datastore, wanted, allowance)));
    }

    @GetMapping("/v1/volumes")
    Page<VolumeView> listVolumes(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return volumes.rows().page(caller, limit, after, this::view, VolumeView::name);
    }

    @GetMapping("/v1/volumes/{volume}")
    VolumeView getVolume(@RequestAttribute Caller caller, @PathVariable String volume) {
        return view(volumes.require(caller, volume));
    }

    /// Makes it larger, or changes its part of the datastore's rate, also while a machine uses it.
    ///
    /// @throws FaultException with [StorageFault.NoRoom], [StorageFault.CannotGrow] or [StorageFault.NotLimited]
    @PatchMapping("/v1/volumes/{volume}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> changeVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @RequestBody VolumeChange body) {
        if ((body.sizeBytes() != null) == body.limits()) {
            throw new IllegalArgumentException(
                    "a change of a volume has either sizeBytes or some of shares, iopsLimit and bytesPerSecondLimit");
        }
        Long sizeBytes = body.sizeBytes();
        List<Object> wish = List.of(volume, body);
        return sizeBytes == null
                ? limit(caller, key, wish, volume, body)
                : grow(caller, key, wish, volume, sizeBytes);
    }

    private ResponseEntity<OperationView> limit(
            Caller caller,
            @Nullable String key,
            List<Object> wish,
            String volume,
            VolumeChange body) {
        Optional<Operation> earlier = operations.repeated(caller, key, wish, flows.limit());
        if (earlier.isPresent()) {
            return OperationView.accepted(earlier.get());
        }
        Volume found = volumes.require(caller, volume);
        if (found.datastore() == null) {
            throw new FaultException(new StorageFault.NotLimited(found.name()));
        }
        Allowance before = found.allowance();
        Allowance after = before.with(body.shares(), body.iopsLimit(), body.bytesPerSecondLimit());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.limit(),
                        found.id(),
                        new StorageWorkflows.Share(
                                found.id(),
                                found.datastore(),
                                before.shares(),
                                before.own().iops(),
                                before.own().bytesPerSecond()),
                        _ -> volumes.allowance(found.id(), after)));
    }

    private ResponseEntity<OperationView> grow(
            Caller caller, @Nullable String key, List<Object> wish, String volume, long sizeBytes) {
        requireSize(sizeBytes);
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.grow());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Volume found = volumes.require(caller, volume);
        requireGrows(found, sizeBytes);
        var datastore = datastores.find(Objects.requireNonNull(found.datastore())).orElseThrow();
        var wanted =
                new StorageWorkflows.OneVolume(
                        found.id(),
                        found.node(),
                        sizeBytes,
                        "",
                        datastore.isHeld() ? datastore.id() : null,
                        found.thin(),
                        datastore.storageClass().isSealed());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.grow(),
                        found.id(),
                        new StorageWorkflows.Growth(wanted, found.sizeBytes()),
                        _ -> volumes.reserveMore(found, sizeBytes)));
    }

    /// Copies the rest of its source in the background, also under a machine. The operation ends when the node has begun; the volume shows
    /// how far it is. Again with another rate: that rate from now on.
    ///
    /// @throws FaultException with [StorageFault.NoSource]
    @PostMapping("/v1/volumes/{volume}/hydrate")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> hydrateVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @RequestBody(required = false) @Nullable Hydrate body) {
        long rate = body == null || body.bytesPerSecond() == null ? 0 : body.bytesPerSecond();
        if (rate < 0) {
            throw new IllegalArgumentException(
                    "bytesPerSecond is 0, for as fast as it goes, or more; not " + rate);
        }
        Volume found = volumes.require(caller, volume);
        if (found.source() == null) {
            throw new FaultException(new StorageFault.NoSource(found.name()));
        }
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), rate),
                        flows.hydrate(),
                        found.id(),
                        new StorageWorkflows.Copying(found.id(), found.node(), rate),
                        _ -> volumes.requireReady(found.id())));
    }

    private static void requireSize(long sizeBytes) {
        if (sizeBytes < SIZE_MIN || sizeBytes % GRAIN != 0) {
            throw new IllegalArgumentException(
                    "a volume has at least %d bytes and a multiple of %d, not %d"
                            .formatted(SIZE_MIN, GRAIN, sizeBytes));
        }
    }

    private static void requireGrows(Volume volume, long sizeBytes) {
        String why = "";
        if (volume.datastore() == null) {
            why = volume.view() == null ? "it lies in no datastore" : "it belongs to a view";
        } else if (volume.template() != null) {
            why = "it is a clone of a template";
        } else if (volume.origin() != null) {
            why = "it was made out of a journal";
        } else if (volume.group() != null) {
            why = "it is protected";
        } else if (!volume.state().equals("ready")) {
            why = "it is " + volume.state();
        } else if (sizeBytes <= volume.sizeBytes()) {
            why = "it has %s already".formatted(new Bytes(volume.sizeBytes()));
        }
        if (!why.isEmpty()) {
            throw new FaultException(new StorageFault.CannotGrow(volume.name(), why));
        }
    }

    /// @throws FaultException with [StorageFault.InUse]
    @DeleteMapping("/v1/volumes/{volume}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume) {
        Optional<Operation> before = operations.repeated(caller, key, volume, flows.delete());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Volume found = volumes.require(caller, volume);
        refuseUsed(found);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        volume,
                        flows.delete(),
                        found.id(),
                        new StorageWorkflows.OneVolume(
                                found.id(),
                                found.node(),
                                found.sizeBytes(),
                                "",
                                null,
                                found.thin(),
                                false),
                        _ -> {
                            volumes.requireNotReverting(found.id());
                            volumes.state(found.id(), "deleting");
                        }));
    }

    private static void refuseUsed(Volume volume) {
        if (volume.holder() != null) {
            throw used(volume, "machine " + volume.holder());
        }
        if (volume.group() != null) {
            throw used(volume, "protection group " + volume.group());
        }
        if (volume.view() != null) {
            throw used(volume, "view " + volume.view());
        }
    }

    private static FaultException used(Volume volume, String by) {
        return new FaultException(new StorageFault.InUse("volume", volume.name(), by));
    }

    private VolumeView view(Volume volume) {
        Optional<Usage.Used> used = usage.of(volume.node(), volume.id());
        return new VolumeView(
                volume.id(),
                volume.name(),
                volume.datastore(),
                volume.zone(),
                volume.node(),
                volume.sizeBytes(),
                volume.thin(),
                volume.allowance().shares(),
                filled(volume.allowance().own().iops()),
                filled(volume.allowance().own().bytesPerSecond()),
                used.map(Usage.Used::iops).orElse(null),
                used.map(Usage.Used::bytesPerSecond).orElse(null),
                volume.template(),
                volume.origin(),
                volume.state(),
                new AttachmentView(volume.attachmentNumber(), volume.holder()),
                volume.view(),
                volume.group(),
                volume.snapshotBytes(),
                volume.source() == null ? null : hydration(volume, volume.source()));
    }

    private static HydrationView hydration(Volume volume, String source) {
        Volume.Hydration known = volume.hydration();
        boolean complete = known.state().equals("complete");
        return new HydrationView(
                source,
                known.state().isEmpty() ? "idle" : known.state(),
                complete ? volume.sizeBytes() : known.doneBytes(),
                volume.sizeBytes(),
                complete || known.secondsLeft() < 0 ? null : known.secondsLeft(),
                known.trouble().isEmpty() ? null : known.trouble(),
                known.rate() == 0 ? null : known.rate());
    }

    private static @Nullable Long filled(long limit) {
        return limit == 0 ? null : Long.valueOf(limit);
    }
}

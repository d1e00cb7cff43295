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
    private final Workflow<StorageWorkflows.OneVolume> create;
    private final Workflow<StorageWorkflows.Growth> grow;
    private final Workflow<StorageWorkflows.OneVolume> delete;

    VolumeResource(
            Volumes volumes,
            Datastores datastores,
            Operations operations,
            @Qualifier("createVolume") Workflow<StorageWorkflows.OneVolume> create,
            Workflow<StorageWorkflows.Growth> grow,
            @Qualifier("deleteVolume") Workflow<StorageWorkflows.OneVolume> delete) {
        this.volumes = volumes;
        this.datastores = datastores;
        this.operations = operations;
        this.create = create;
        this.grow = grow;
        this.delete = delete;
    }

    /// @param template the disk image that it begins with; zeroes when left out
    /// @param thin     its room comes with the writes, as long as the datastore has some; thick when left out
    record NewVolume(
            String name,
            String datastore,
            long sizeBytes,
            @Nullable String template,
            @Nullable Boolean thin) {}

    record VolumeChange(long sizeBytes) {}

    record VolumeView(
            String id,
            String name,
            @Nullable String datastore,
            String zone,
            String node,
            long sizeBytes,
            boolean thin,
            @Nullable String template,
            String state,
            AttachmentView attachment,
            @Nullable String view,
            @Nullable String group) {}

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
                        create,
                        id,
                        wanted,
                        _ -> volumes.reserve(caller, body.name(), datastore, wanted)));
    }

    @GetMapping("/v1/volumes")
    Page<VolumeView> listVolumes(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return volumes.rows().page(caller, limit, after, VolumeResource::view, VolumeView::name);
    }

    @GetMapping("/v1/volumes/{volume}")
    VolumeView getVolume(@RequestAttribute Caller caller, @PathVariable String volume) {
        return view(volumes.require(caller, volume));
    }

    /// Makes it larger, also while a machine uses it.
    ///
    /// @throws FaultException with [StorageFault.NoRoom] or [StorageFault.CannotGrow]
    @PatchMapping("/v1/volumes/{volume}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> changeVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @RequestBody VolumeChange body) {
        requireSize(body.sizeBytes());
        List<Object> wish = List.of(volume, body);
        Optional<Operation> before = operations.repeated(caller, key, wish, grow);
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Volume found = volumes.require(caller, volume);
        requireGrows(found, body.sizeBytes());
        var datastore = datastores.find(Objects.requireNonNull(found.datastore())).orElseThrow();
        var wanted =
                new StorageWorkflows.OneVolume(
                        found.id(),
                        found.node(),
                        body.sizeBytes(),
                        "",
                        datastore.isHeld() ? datastore.id() : null,
                        found.thin(),
                        datastore.storageClass().isSealed());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        grow,
                        found.id(),
                        new StorageWorkflows.Growth(wanted, found.sizeBytes()),
                        _ -> volumes.reserveMore(found, body.sizeBytes())));
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
            why = "it belongs to a view";
        } else if (volume.template() != null) {
            why = "it is a clone of a template";
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
        Optional<Operation> before = operations.repeated(caller, key, volume, delete);
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
                        delete,
                        found.id(),
                        new StorageWorkflows.OneVolume(
                                found.id(),
                                found.node(),
                                found.sizeBytes(),
                                "",
                                null,
                                found.thin(),
                                false),
                        _ -> volumes.state(found.id(), "deleting")));
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

    private static VolumeView view(Volume volume) {
        return new VolumeView(
                volume.id(),
                volume.name(),
                volume.datastore(),
                volume.zone(),
                volume.node(),
                volume.sizeBytes(),
                volume.thin(),
                volume.template(),
                volume.state(),
                new AttachmentView(volume.attachmentNumber(), volume.holder()),
                volume.view(),
                volume.group());
    }
}

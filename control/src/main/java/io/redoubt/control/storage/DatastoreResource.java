// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.region.Region;
import io.redoubt.control.web.Page;
import io.redoubt.core.Bytes;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.util.Optional;
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

/// Datastores.
@RestController
class DatastoreResource {
    private static final String ONLY_CLASS = "lab";
    private static final Bytes DATASTORE_MIN = Bytes.gibibytes(1);

    private final Datastores datastores;
    private final Region region;
    private final Operations operations;
    private final Workflow<StorageWorkflows.OneDatastore> create;
    private final Workflow<StorageWorkflows.OneDatastore> delete;

    DatastoreResource(
            Datastores datastores,
            Region region,
            Operations operations,
            @Qualifier("createDatastore") Workflow<StorageWorkflows.OneDatastore> create,
            @Qualifier("deleteDatastore") Workflow<StorageWorkflows.OneDatastore> delete) {
        this.datastores = datastores;
        this.region = region;
        this.operations = operations;
        this.create = create;
        this.delete = delete;
    }

    /// @param storageClass `lab`, also when left out
    record NewDatastore(
            String name,
            String zone,
            long sizeBytes,
            @com.fasterxml.jackson.annotation.JsonProperty("class")
                    @Nullable String storageClass) {}

    record DatastoreView(
            String id,
            String name,
            String zone,
            String node,
            @com.fasterxml.jackson.annotation.JsonProperty("class") String storageClass,
            long sizeBytes,
            long usedBytes,
            String state) {}

    @PostMapping("/v1/datastores")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createDatastore(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewDatastore body) {
        Name.require("datastore", body.name());
        String storageClass = body.storageClass() == null ? ONLY_CLASS : body.storageClass();
        if (!storageClass.equals(ONLY_CLASS)) {
            throw new IllegalArgumentException(
                    "class '%s' is not in the catalogue; the only one is '%s'"
                            .formatted(storageClass, ONLY_CLASS));
        }
        if (body.sizeBytes() < DATASTORE_MIN.value()) {
            throw new IllegalArgumentException(
                    "a datastore of class lab has at least %s, not %d bytes"
                            .formatted(DATASTORE_MIN, body.sizeBytes()));
        }
        String zone = region.requireZone(body.zone());
        String id = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        create,
                        id,
                        new StorageWorkflows.OneDatastore(id),
                        _ ->
                                datastores.reserve(
                                        caller,
                                        new Datastores.Datastore(
                                                id,
                                                body.name(),
                                                zone,
                                                region.place(zone).id(),
                                                storageClass,
                                                body.sizeBytes(),
                                                0))));
    }

    @GetMapping("/v1/datastores")
    Page<DatastoreView> listDatastores(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        int size = Page.limit(limit);
        return Page.of(
                datastores.list(caller, after, size + 1).stream()
                        .map(DatastoreResource::view)
                        .toList(),
                size,
                DatastoreView::name);
    }

    @GetMapping("/v1/datastores/{datastore}")
    DatastoreView getDatastore(@RequestAttribute Caller caller, @PathVariable String datastore) {
        return view(datastores.require(caller, datastore));
    }

    /// @throws FaultException with [StorageFault.InUse]
    @DeleteMapping("/v1/datastores/{datastore}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteDatastore(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String datastore) {
        Optional<Operation> before = operations.repeated(caller, key, datastore, delete);
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Datastores.Datastore found = datastores.require(caller, datastore);
        datastores.requireEmpty(found);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        datastore,
                        delete,
                        found.id(),
                        new StorageWorkflows.OneDatastore(found.id()),
                        _ -> {}));
    }

    private static DatastoreView view(Datastores.Datastore datastore) {
        return new DatastoreView(
                datastore.id(),
                datastore.name(),
                datastore.zone(),
                datastore.node(),
                datastore.storageClass(),
                datastore.sizeBytes(),
                datastore.usedBytes(),
                "ready");
    }
}

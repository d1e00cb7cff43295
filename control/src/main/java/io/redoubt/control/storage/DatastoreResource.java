// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.region.Region;
import io.redoubt.control.web.Page;
import io.redoubt.core.Bytes;
import io.redoubt.core.Name;
import io.redoubt.core.Rate;
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

/// Datastores.
@RestController
class DatastoreResource {
    private static final long TERABYTE = 1L << 40; // 1024 GB (requirement X1)

    private final Datastores datastores;
    private final Pools pools;
    private final Region region;
    private final Operations operations;
    private final Usage usage;
    private final Flows flows;

    DatastoreResource(
            Datastores datastores,
            Pools pools,
            Region region,
            Operations operations,
            Usage usage,
            Flows flows) {
        this.datastores = datastores;
        this.pools = pools;
        this.region = region;
        this.operations = operations;
        this.usage = usage;
        this.flows = flows;
    }

    @Component("datastoreFlows")
    record Flows(
            @Qualifier("createDatastore") Workflow<DatastoreWorkflows.OneDatastore> create,
            @Qualifier("resizeDatastore") Workflow<DatastoreWorkflows.OneDatastore> resize,
            Workflow<DatastoreWorkflows.Terms> limit,
            @Qualifier("deleteDatastore") Workflow<DatastoreWorkflows.OneDatastore> delete) {}

    /// @param storageClass `lab`, also when left out
    /// @param pool         for the operator; the best one of the zone when left out
    /// @param ceiling      for the operator: the class's ceiling holds, whatever the size; false when left out
    record NewDatastore(
            String name,
            String zone,
            long sizeBytes,
            @JsonProperty("class") @Nullable String storageClass,
            @Nullable String pool,
            @Nullable Boolean ceiling) {}

    /// Either another size, or what else is given.
    ///
    /// @param ceiling      for the operator: whether the class's ceiling holds
    /// @param alarmPercent of the size in use, 1 to 100, from which on it raises the alarm when it could run full; 80 at first
    record DatastoreChange(
            @Nullable Long sizeBytes, @Nullable Boolean ceiling, @Nullable Integer alarmPercent) {}

    /// @param usedBytes    promised to thick volumes, and written by thin ones
    /// @param thinBytes    written by thin ones
    /// @param mayGrowBytes what thin volumes could still write: above freeBytes the datastore is overcommitted
    /// @param keepBytes    space to keep: what thin volumes and snapshots may still take without asking. Memory of machines is not swapped here
    /// @param alarm        whether keepBytes is more than freeBytes, and alarmPercent of the size is used
    /// @param reserveBytes what is held on the disk for what is free, with the room for maps and small files
    /// @param missingBytes what should be held and is not, because something else fills the file system
    /// @param terabytes    the size in units of 1024 GB
    /// @param iopsPerTerabyte of its class; null for a class without limit
    /// @param iopsLimit    iopsPerTerabyte x terabytes, rounded down, below the ceiling where it holds; null for none
    /// @param bytesPerSecondLimit with the ceiling only
    /// @param ceiling      whether the class's ceiling holds, whatever the size
    /// @param usedIops     of all its volumes, as a mean over five seconds; null when its node has not told it lately
    /// @param usedBytesPerSecond the same in bytes
    /// @param sparse       for tests: nothing is held, the size is only a number
    /// @param fault        why it cannot be used now, or null
    record DatastoreView(
            String id,
            String name,
            String zone,
            String node,
            @JsonProperty("class") String storageClass,
            long sizeBytes,
            long usedBytes,
            long thinBytes,
            long snapshotBytes,
            long freeBytes,
            long mayGrowBytes,
            long keepBytes,
            int alarmPercent,
            boolean alarm,
            long reserveBytes,
            long missingBytes,
            double terabytes,
            @Nullable Long iopsPerTerabyte,
            @Nullable Long iopsLimit,
            @Nullable Long bytesPerSecondLimit,
            boolean ceiling,
            @Nullable Long usedIops,
            @Nullable Long usedBytesPerSecond,
            boolean sparse,
            String state,
            @Nullable String fault) {}

    @PostMapping("/v1/datastores")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createDatastore(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewDatastore body) {
        Name.require("datastore", body.name());
        StorageClass storageClass = StorageClass.named(body.storageClass());
        storageClass.requireSize(body.sizeBytes());
        Optional<Operation> before = operations.repeated(caller, key, body, flows.create());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        boolean ceiling = Boolean.TRUE.equals(body.ceiling());
        if (body.ceiling() != null) {
            caller.requireOperator();
        }
        String zone = region.requireZone(body.zone());
        Pools.Pool pool = pool(caller, body, zone);
        String id = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        flows.create(),
                        id,
                        new DatastoreWorkflows.OneDatastore(
                                id, pool.node(), pool.place(), body.sizeBytes()),
                        _ -> {
                            pools.requireRoom(pool, body.sizeBytes());
                            datastores.reserve(
                                    caller,
                                    id,
                                    body.name(),
                                    pool,
                                    storageClass,
                                    body.sizeBytes(),
                                    ceiling);
                        }));
    }

    private Pools.Pool pool(Caller caller, NewDatastore body, String zone) {
        if (body.pool() == null) {
            return pools.place(zone, body.sizeBytes());
        }
        caller.requireOperator();
        Pools.Pool pool = pools.require(body.pool());
        if (!pool.zone().equals(zone)) {
            throw new IllegalArgumentException(
                    "pool '%s' is in zone '%s', not in '%s'"
                            .formatted(pool.name(), pool.zone(), zone));
        }
        return pool;
    }

    @GetMapping("/v1/datastores")
    Page<DatastoreView> listDatastores(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return datastores.page(caller, limit, after, this::view, DatastoreView::name);
    }

    @GetMapping("/v1/datastores/{datastore}")
    DatastoreView getDatastore(@RequestAttribute Caller caller, @PathVariable String datastore) {
        return view(datastores.require(caller, datastore));
    }

    /// Grows it, or shrinks it down to what is used; or changes its class's ceiling, or when it raises the alarm.
    @PatchMapping("/v1/datastores/{datastore}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> changeDatastore(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String datastore,
            @RequestBody DatastoreChange body) {
        Long sizeBytes = body.sizeBytes();
        if ((sizeBytes != null) == (body.ceiling() != null || body.alarmPercent() != null)) {
            throw new IllegalArgumentException(
                    "a change of a datastore has either sizeBytes or some of ceiling and alarmPercent");
        }
        List<Object> wish = List.of(datastore, body);
        return sizeBytes == null
                ? limit(caller, key, wish, datastore, body)
                : resize(caller, key, wish, datastore, sizeBytes);
    }

    private ResponseEntity<OperationView> limit(
            Caller caller,
            @Nullable String key,
            List<Object> wish,
            String datastore,
            DatastoreChange body) {
        if (body.ceiling() != null) {
            caller.requireOperator();
        }
        int percent = Objects.requireNonNullElse(body.alarmPercent(), 1);
        if (percent < 1 || percent > 100) {
            throw new IllegalArgumentException(
                    "alarmPercent is 1 to 100; got %d".formatted(percent));
        }
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.limit());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Datastores.Datastore found = datastores.require(caller, datastore);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.limit(),
                        found.id(),
                        new DatastoreWorkflows.Terms(
                                found.id(), found.ceiling(), found.alarmPercent()),
                        _ ->
                                datastores.terms(
                                        found.id(),
                                        Objects.requireNonNullElse(body.ceiling(), found.ceiling()),
                                        Objects.requireNonNullElse(
                                                body.alarmPercent(), found.alarmPercent()))));
    }

    private ResponseEntity<OperationView> resize(
            Caller caller,
            @Nullable String key,
            List<Object> wish,
            String datastore,
            long sizeBytes) {
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.resize());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Datastores.Datastore found = datastores.require(caller, datastore);
        found.storageClass().requireSize(sizeBytes);
        if (sizeBytes < found.usedBytes()) {
            throw new IllegalArgumentException(
                    "datastore '%s' cannot shrink to %s: %s are used"
                            .formatted(
                                    found.name(),
                                    new Bytes(sizeBytes),
                                    new Bytes(found.usedBytes())));
        }
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.resize(),
                        found.id(),
                        new DatastoreWorkflows.OneDatastore(
                                found.id(), found.node(), found.place(), sizeBytes),
                        _ -> {
                            if (found.pool() != null) {
                                pools.requireRoom(
                                        pools.require(found.pool()), sizeBytes - found.sizeBytes());
                            }
                        }));
    }

    /// @throws FaultException with [StorageFault.InUse]
    @DeleteMapping("/v1/datastores/{datastore}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteDatastore(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String datastore) {
        Optional<Operation> before = operations.repeated(caller, key, datastore, flows.delete());
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
                        flows.delete(),
                        found.id(),
                        new DatastoreWorkflows.OneDatastore(
                                found.id(), found.node(), found.place(), found.sizeBytes()),
                        _ -> datastores.state(found.id(), "deleting")));
    }

    private DatastoreView view(Datastores.Datastore datastore) {
        Rate rate = datastore.rate();
        long keep =
                datastore.mayGrowBytes()
                        + usage.snapshotsMayGrow(datastore.node(), datastore.volumes());
        Optional<Usage.Used> used = usage.of(datastore.node(), datastore.volumes());
        return new DatastoreView(
                datastore.id(),
                datastore.name(),
                datastore.zone(),
                datastore.node(),
                datastore.storageClass().label(),
                datastore.sizeBytes(),
                datastore.usedBytes(),
                datastore.thinBytes(),
                datastore.snapshotBytes(),
                datastore.freeBytes(),
                datastore.mayGrowBytes(),
                keep,
                datastore.alarmPercent(),
                datastore.alarms(keep),
                datastore.reserveBytes(),
                datastore.missingBytes(),
                (double) datastore.sizeBytes() / TERABYTE,
                filled(datastore.storageClass().iopsPerTerabyte()),
                filled(rate.iops()),
                filled(rate.bytesPerSecond()),
                datastore.ceiling(),
                used.map(Usage.Used::iops).orElse(null),
                used.map(Usage.Used::bytesPerSecond).orElse(null),
                datastore.sparse(),
                datastore.state(),
                datastore.fault().isEmpty() ? null : datastore.fault());
    }

    private static @Nullable Long filled(long limit) {
        return limit == 0 ? null : Long.valueOf(limit);
    }
}

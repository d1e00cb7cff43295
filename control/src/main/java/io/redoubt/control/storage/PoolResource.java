// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.region.Region;
import io.redoubt.control.web.Page;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.nio.file.Path;
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
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Pools, for the region's operator.
@RestController
class PoolResource {
    private final Pools pools;
    private final Region region;
    private final Operations operations;
    private final Workflow<PoolWorkflows.OnePool> create;
    private final Workflow<PoolWorkflows.OnePool> delete;

    PoolResource(
            Pools pools,
            Region region,
            Operations operations,
            @Qualifier("createPool") Workflow<PoolWorkflows.OnePool> create,
            @Qualifier("deletePool") Workflow<PoolWorkflows.OnePool> delete) {
        this.pools = pools;
        this.region = region;
        this.operations = operations;
        this.create = create;
        this.delete = delete;
    }

    /// @param path         an absolute directory on the node's host, best a file system of its own
    /// @param sparse       for tests: its datastores hold no room, and nobody gets one without naming the pool
    /// @param nominalBytes what a sparse pool pretends to have
    record NewPool(
            String name,
            String node,
            String path,
            @Nullable Boolean sparse,
            @Nullable Long nominalBytes) {}

    /// @param promisedBytes to datastores
    /// @param freeBytes     what a new datastore could take; null until the node told
    record PoolView(
            String id,
            String name,
            String zone,
            String node,
            String path,
            boolean sparse,
            long promisedBytes,
            @Nullable Long freeBytes,
            String state,
            @Nullable String fault) {}

    @PostMapping("/v1/pools")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createPool(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewPool body) {
        caller.requireOperator();
        Name.require("pool", body.name());
        boolean sparse = Boolean.TRUE.equals(body.sparse());
        long nominal = body.nominalBytes() == null ? 0 : body.nominalBytes();
        if (sparse != nominal > 0 || nominal < 0) {
            throw new IllegalArgumentException("a sparse pool has nominalBytes, and no other has");
        }
        if (!Path.of(body.path()).isAbsolute()) {
            throw new IllegalArgumentException(
                    "path must be absolute, not '%s'".formatted(body.path()));
        }
        Region.Node node = region.requireNode(body.node());
        String id = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        create,
                        id,
                        new PoolWorkflows.OnePool(id, node.id(), id, body.path(), sparse),
                        _ ->
                                pools.add(
                                        new Pools.Pool(
                                                id,
                                                body.name(),
                                                node.zone(),
                                                node.id(),
                                                node.name(),
                                                id,
                                                body.path(),
                                                sparse,
                                                nominal,
                                                0,
                                                null,
                                                "making",
                                                ""))));
    }

    @GetMapping("/v1/pools")
    Page<PoolView> listPools(@RequestAttribute Caller caller) {
        caller.requireOperator();
        return new Page<>(pools.all().stream().map(PoolResource::view).toList(), null);
    }

    @GetMapping("/v1/pools/{pool}")
    PoolView getPool(@RequestAttribute Caller caller, @PathVariable String pool) {
        caller.requireOperator();
        return view(pools.require(pool));
    }

    /// @throws FaultException with [StorageFault.InUse]
    @DeleteMapping("/v1/pools/{pool}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deletePool(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String pool) {
        caller.requireOperator();
        Optional<Operation> before = operations.repeated(caller, key, pool, delete);
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Pools.Pool found = pools.require(pool);
        pools.requireUnused(found);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        pool,
                        delete,
                        found.id(),
                        new PoolWorkflows.OnePool(
                                found.id(),
                                found.node(),
                                found.place(),
                                found.path(),
                                found.sparse()),
                        _ -> pools.state(found.id(), "deleting")));
    }

    private static PoolView view(Pools.Pool pool) {
        return new PoolView(
                pool.id(),
                pool.name(),
                pool.zone(),
                pool.nodeName(),
                pool.path(),
                pool.sparse(),
                pool.promisedBytes(),
                pool.room(),
                pool.state(),
                pool.fault().isEmpty() ? null : pool.fault());
    }
}

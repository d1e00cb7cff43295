// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.Operations;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/// Volumes that are made out of the journals of groups.
@Component
public class Recoveries {
    private final Volumes volumes;
    private final Datastores datastores;
    private final Operations operations;
    private final RecoveryWorkflow.Flow flow;

    Recoveries(
            Volumes volumes,
            Datastores datastores,
            Operations operations,
            RecoveryWorkflow.Flow flow) {
        this.volumes = volumes;
        this.datastores = datastores;
        this.operations = operations;
        this.flow = flow;
    }

    /// What shall be made.
    ///
    /// @param node           that has the journal
    /// @param bytesPerSecond of the copying, 0 for as fast as it goes
    public record Wish(
            String name,
            String datastore,
            boolean thin,
            String node,
            long sizeBytes,
            Origin origin,
            long bytesPerSecond) {}

    /// @param body what the client asked for
    /// @param free inside the transaction that begins it: throws when the journal cannot be asked for it
    /// @throws FaultException with a [StorageFault] when there is no room, or not where the journal is
    public Operation begin(
            Caller caller, @Nullable String key, Object body, Wish wish, Consumer<String> free) {
        Name.require("volume", wish.name());
        if (wish.bytesPerSecond() < 0) {
            throw new IllegalArgumentException(
                    "bytesPerSecond is 0, for as fast as it goes, or more; not "
                            + wish.bytesPerSecond());
        }
        Datastores.Datastore datastore = datastores.require(caller, wish.datastore());
        if (!datastore.node().equals(wish.node())) {
            throw new FaultException(
                    new StorageFault.NotWithJournal(
                            datastore.name(), datastore.node(), wish.node()));
        }
        String id = RandomId.next();
        var wanted =
                new StorageWorkflows.OneVolume(
                        id,
                        datastore.node(),
                        wish.sizeBytes(),
                        "",
                        datastore.isHeld() ? datastore.id() : null,
                        wish.thin(),
                        datastore.storageClass().isSealed());
        return operations.begin(
                caller,
                key,
                body,
                flow.recover(),
                id,
                new RecoveryWorkflow.Recovery(wanted, wish.origin(), wish.bytesPerSecond()),
                operation -> {
                    free.accept(operation);
                    volumes.reserve(caller, wish.name(), datastore, wanted, Allowance.USUAL);
                    volumes.origin(id, wish.origin());
                });
    }

    /// Those out of a group's journals, newest first.
    public List<Volume> of(Caller caller, String group, String before, int limit) {
        return volumes.recovered(caller, group, before, limit);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.ChangesListed;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ListChanges;
import io.redoubt.protocol.SnapshotsListed;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Snapshots of a volume.
@RestController
@RequestMapping("/v1/volumes/{volume}/snapshots")
class SnapshotResource {
    private final Volumes volumes;
    private final Snapshots snapshots;
    private final Nodes nodes;
    private final Operations operations;
    private final Flows flows;

    SnapshotResource(
            Volumes volumes, Snapshots snapshots, Nodes nodes, Operations operations, Flows flows) {
        this.volumes = volumes;
        this.snapshots = snapshots;
        this.nodes = nodes;
        this.operations = operations;
        this.flows = flows;
    }

    @Component
    record Flows(
            @Qualifier("createSnapshot") Workflow<SnapshotWorkflows.OneSnapshot> create,
            @Qualifier("revertVolume") Workflow<SnapshotWorkflows.Return> revert,
            @Qualifier("deleteSnapshot") Workflow<SnapshotWorkflows.OneSnapshot> delete) {}

    record NewSnapshot(String name) {}

    /// The volume as it is now, attached or not. 202 with the operation to watch.
    ///
    /// @throws FaultException with [StorageFault.BelongsToView], [StorageFault.NotReady] or [StorageFault.TooManySnapshots]
    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createSnapshot(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @RequestBody NewSnapshot body) {
        Volume found = volumes.require(caller, volume);
        Name.require("snapshot", body.name());
        requireOfADatastore(found);
        String id = RandomId.next();
        var wanted =
                new SnapshotWorkflows.OneSnapshot(
                        id, found.id(), found.node(), body.name() + "@" + id);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        flows.create(),
                        id,
                        wanted,
                        _ -> {
                            volumes.requireReady(found.id());
                            snapshots.reserve(found, id, body.name());
                        }));
    }

    /// Oldest first.
    @GetMapping
    SnapshotView.Page listSnapshots(
            @RequestAttribute Caller caller,
            @PathVariable String volume,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        int size = Page.limit(limit);
        Volume found = volumes.require(caller, volume);
        List<Snapshots.Snapshot> all = snapshots.of(found.id());
        Snapshots.Known known = snapshots.ask(found);
        var infos = known.byName();
        Page<SnapshotView> page =
                Page.of(
                        all.stream()
                                .skip(positionAfter(all, after))
                                .limit(size + 1L)
                                .map(each -> SnapshotView.of(each, known, infos))
                                .toList(),
                        size,
                        SnapshotView::id);
        SnapshotsListed listed = known.listed();
        return new SnapshotView.Page(
                page.items(),
                page.next(),
                listed == null ? null : listed.getUsedBytes(),
                listed == null ? null : listed.getQuotaBytes());
    }

    private static int positionAfter(List<Snapshots.Snapshot> all, String after) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).id().equals(after)) {
                return i + 1;
            }
        }
        return after.isEmpty() ? 0 : all.size();
    }

    @GetMapping("/{snapshot}")
    SnapshotView getSnapshot(
            @RequestAttribute Caller caller,
            @PathVariable String volume,
            @PathVariable String snapshot) {
        Volume found = volumes.require(caller, volume);
        return SnapshotView.of(snapshots.require(found, snapshot), snapshots.ask(found));
    }

    /// What was written between two snapshots, or since one: outside of these ranges both have the same bytes. `after` is a number of bytes
    /// from the start of the volume; with `now` each page is as new as its request.
    ///
    /// @param to another snapshot; now when left out
    @GetMapping("/{snapshot}/changes")
    SnapshotView.Changes listChanges(
            @RequestAttribute Caller caller,
            @PathVariable String volume,
            @PathVariable String snapshot,
            @RequestParam(required = false, defaultValue = "") String to,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "0") long after) {
        int size = Page.limit(limit);
        Volume found = volumes.require(caller, volume);
        Snapshots.Snapshot from = snapshots.require(found, snapshot);
        snapshots.requireKept(found, from);
        var question =
                ListChanges.newBuilder()
                        .setVolume(found.id())
                        .setFrom(from.nodeName())
                        .setAfter(after)
                        .setLimit(size);
        Snapshots.@Nullable Snapshot other = null;
        if (!to.isEmpty()) {
            other = snapshots.require(found, to);
            snapshots.requireKept(found, other);
            question.setTo(other.nodeName());
        }
        ChangesListed changes =
                nodes.ask(found.node(), Command.newBuilder().setListChanges(question), Nodes.SOON)
                        .getChangesListed();
        return new SnapshotView.Changes(
                from.name(),
                other == null ? null : other.name(),
                changes.getSizeBytes(),
                changes.getChangedBytes(),
                changes.getRangesList().stream()
                        .map(range -> new SnapshotView.Range(range.getOffset(), range.getLength()))
                        .toList(),
                changes.getNext() < 0 ? null : Long.toString(changes.getNext()));
    }

    /// Takes the volume back to it. What was written since the newest snapshot is lost; all snapshots stay.
    ///
    /// @throws FaultException with [StorageFault.CannotRevert] while a machine runs on it or a group protects it, or with
    ///     [StorageFault.SnapshotBroken]
    @PostMapping("/{snapshot}/revert")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> revertToSnapshot(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @PathVariable String snapshot) {
        List<Object> wish = List.of(volume, snapshot);
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.revert());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Volume found = volumes.require(caller, volume);
        Snapshots.Snapshot target = snapshots.require(found, snapshot);
        requireOfADatastore(found);
        snapshots.requireKept(found, target);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.revert(),
                        found.id(),
                        new SnapshotWorkflows.Return(
                                found.id(), found.node(), target.nodeName(), found.holder()),
                        _ -> volumes.beginRevert(found)));
    }

    /// In a moment, whatever its size; its room comes back in the background.
    @DeleteMapping("/{snapshot}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteSnapshot(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String volume,
            @PathVariable String snapshot) {
        List<Object> wish = List.of(volume, snapshot);
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.delete());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Volume found = volumes.require(caller, volume);
        Snapshots.Snapshot gone = snapshots.require(found, snapshot);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.delete(),
                        gone.id(),
                        new SnapshotWorkflows.OneSnapshot(
                                gone.id(), found.id(), found.node(), gone.nodeName()),
                        _ -> {
                            volumes.requireReady(found.id());
                            snapshots.beginDelete(gone);
                        }));
    }

    private static void requireOfADatastore(Volume volume) {
        if (volume.view() != null) {
            throw new FaultException(new StorageFault.BelongsToView(volume.name(), volume.view()));
        }
    }
}

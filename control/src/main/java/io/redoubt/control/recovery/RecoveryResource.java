// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.storage.Origin;
import io.redoubt.control.storage.Recoveries;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.control.web.Page;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
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

/// Single volumes out of a group's journal (rule 33): at a point, or at any write between points.
@RestController
@RequestMapping("/v1/protection-groups/{group}/recoveries")
class RecoveryResource {
    private static final List<String> JOURNAL_GOES = List.of("making", "deleting");

    private final Groups groups;
    private final Points points;
    private final Volumes volumes;
    private final Recoveries recoveries;

    RecoveryResource(Groups groups, Points points, Volumes volumes, Recoveries recoveries) {
        this.groups = groups;
        this.points = points;
        this.volumes = volumes;
        this.recoveries = recoveries;
    }

    /// @param volume    the group's volume, by name or id
    /// @param name      of the new volume
    /// @param datastore where the journal is
    /// @param point     a number, or `newest`; either this or `write`
    /// @param write     any of the volume's writes that the journal shows one by one: the new volume begins with it and all before it
    /// @param thin      its room comes with the copying; false when left out
    /// @param bytesPerSecond of the copying at most; as fast as it goes when left out
    record NewRecovery(
            String volume,
            String name,
            String datastore,
            @Nullable String point,
            @Nullable Long write,
            @Nullable Boolean thin,
            @Nullable Long bytesPerSecond) {}

    /// A volume out of the journal.
    ///
    /// @param id          the new volume's
    /// @param point       null for a write between points
    /// @param write       null for a point
    /// @param state       of the volume: it can be used once that is `ready`
    /// @param copying     idle, copying, waiting (the journal does not answer), complete (it needs the journal no more), failed
    /// @param secondsLeft null when not known
    record RecoveryView(
            String id,
            String name,
            String volume,
            @Nullable Long point,
            @Nullable Long write,
            String state,
            String copying,
            long doneBytes,
            long totalBytes,
            @Nullable Long secondsLeft,
            @Nullable String trouble) {

        static RecoveryView of(Volume volume) {
            Origin origin = Objects.requireNonNull(volume.origin());
            Volume.Hydration known = volume.hydration();
            boolean complete = known.state().equals("complete");
            return new RecoveryView(
                    volume.id(),
                    volume.name(),
                    origin.volume(),
                    origin.point() == 0 ? null : Long.valueOf(origin.point()),
                    origin.point() == 0 ? Long.valueOf(origin.write()) : null,
                    volume.state(),
                    known.state().isEmpty() ? "idle" : known.state(),
                    complete ? volume.sizeBytes() : known.doneBytes(),
                    volume.sizeBytes(),
                    complete || known.secondsLeft() < 0 ? null : known.secondsLeft(),
                    known.trouble().isEmpty() ? null : known.trouble());
        }
    }

    /// Makes a volume of its own of one of the group's volumes as it was. It can be read and written when the operation ends, and is copied in
    /// the background while it is used; until all is copied the journal keeps what it reads.
    ///
    /// @throws FaultException with [RecoveryFault.NotOfGroup] or [RecoveryFault.NoSuchPoint], or when there is no room where the journal is
    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> recoverVolume(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody NewRecovery body) {
        Group found = groups.require(caller, group);
        if ((body.point() == null) == (body.write() == null)) {
            throw new IllegalArgumentException("a recovery has either a point or a write");
        }
        Volume wanted = volumes.require(caller, body.volume());
        Group.Member member =
                found.volumes().stream()
                        .filter(each -> each.volume().equals(wanted.id()))
                        .findFirst()
                        .orElseThrow(() ->
                                new FaultException(
                                        new RecoveryFault.NotOfGroup(found.name(), wanted.name())));
        var wish =
                new Recoveries.Wish(
                        body.name(),
                        body.datastore(),
                        Boolean.TRUE.equals(body.thin()),
                        found.receiverNode(),
                        member.sizeBytes(),
                        origin(found, member, body),
                        Objects.requireNonNullElse(body.bytesPerSecond(), 0L));
        return OperationView.accepted(
                recoveries.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        wish,
                        _ -> requireJournal(groups.lock(found.id()))));
    }

    private Origin origin(Group group, Group.Member member, NewRecovery body) {
        String point = body.point();
        if (point == null) {
            long write = Objects.requireNonNull(body.write());
            if (write < 1) {
                throw new IllegalArgumentException("write is 1 or more, not " + write);
            }
            return new Origin(group.id(), member.volume(), 0, write);
        }
        Point chosen =
                point.equals("newest")
                        ? points.requireNewest(group)
                        : points.require(group, PointResource.number(point));
        return new Origin(group.id(), member.volume(), chosen.number(), 0);
    }

    private static void requireJournal(Group group) {
        if (JOURNAL_GOES.contains(group.state())) {
            throw new FaultException(new RecoveryFault.NotProtected(group.name(), group.state()));
        }
    }

    /// Newest first.
    @GetMapping
    Page<RecoveryView> listRecoveries(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        Group found = groups.require(caller, group);
        return Page.of(
                limit,
                size -> recoveries.of(caller, found.id(), after, size),
                RecoveryView::of,
                RecoveryView::id);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.atrest.KeyEnvelope;
import io.redoubt.storage.atrest.KeyWrapper;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.RangeSink;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The journal of one group: appends what the stream brings, publishes points, opens views; [Housekeeping] keeps it small.
///
/// **What survives.** An append survives the process; after [#sync] it survives the power. A point is offered by [#points] only when
/// the sync that covers it and everything below it has returned, so a point that was listed once is there after any crash (I5).
/// One log holds the writes of all members and the cuts, so one sync makes data and point durable together.
///
/// **Order.** Records are applied to [GroupState] and [Index] by one method, on append and on replay, so both end in the same state.
///
/// **What goes.** A point that is not kept any more is dropped durably before anything that it needs goes (I25).
///
/// The one writer calls everything but [#points], [#view] and the reads of views, which any thread may call.
public final class Journal implements AutoCloseable {
    private final OnDisk here;
    private final ManifestFile manifest;
    private final SegmentLog log;
    private final Index index;
    private final GroupState state = new GroupState();
    private final RecordWriter writer;
    private final Offers offers;
    private final Upkeep upkeep;
    private final Pins pins;
    private final Adoptions adoptions;
    private final Branch branch;
    private final List<JournalFault> damage = new ArrayList<>();
    private boolean closed;

    private Journal(OnDisk here, JournalLimits limits) {
        this.here = here;
        this.manifest = here.manifest();
        this.index = here.index();
        this.log = new SegmentLog(here.disk(), manifest, here.segments(), limits.segmentBytes());
        this.writer = new RecordWriter(log, here);
        this.offers = new Offers(manifest, state, here.reader());
        this.upkeep = new Upkeep(here, limits, state, log, offers);
        this.pins = new Pins(manifest);
        this.branch = new Branch(this, manifest, state, offers);
        this.adoptions = new Adoptions(this, here, state, limits.segmentBytes());
    }

    /// Opens the journal in this directory, or makes an empty one of this lineage when there is none.
    ///
    /// @throws FaultException with a [JournalFault] when the directory holds something else
    public static Journal open(Disk disk, UUID lineage, JournalLimits limits) {
        return open(disk, lineage, null, limits, null);
    }

    /// @param fork where this lineage left its parent; written when the journal is made, and not asked for later
    /// @param keys wraps the key of the group's blocks; a journal that was made without goes on without
    /// @throws FaultException with a [JournalFault] when the directory holds something else, or the key is missing or another one: then
    ///     nothing was touched
    public static Journal open(
            Disk disk,
            UUID lineage,
            @Nullable Fork fork,
            JournalLimits limits,
            @Nullable KeyWrapper keys) {
        if (!disk.exists(Manifest.NAME)) {
            KeyEnvelope envelope = keys == null ? null : BlockSeal.make(lineage, keys);
            Manifest.empty(new Origin(lineage, fork, envelope)).store(disk);
        }
        // The name that is read may be known to nothing but the page cache; nothing is deleted or
        // said on its word before it is durable.
        disk.sync();
        Manifest manifest = Manifest.load(disk);
        if (!manifest.lineage().equals(lineage)) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            Manifest.NAME,
                            "it holds lineage %s, not %s".formatted(manifest.lineage(), lineage)));
        }
        BlockSeal seal = BlockSeal.of(manifest.origin(), keys);
        try {
            var journal = new Journal(OnDisk.of(disk, manifest, seal), limits);
            journal.replay();
            return journal;
        } catch (RuntimeException | Error e) {
            seal.close();
            throw e;
        }
    }

    /// The last segment is synced and sealed at the end of its good records. Files that no manifest names are what a crash left; they go.
    private void replay() {
        Optional<JournalFault> lost = here.open();
        state.restore(manifest.now().checkpoint());
        lost.ifPresent(fault -> {
            damage.add(fault);
            damage.addAll(upkeep.rebuild());
        });
        var replay = new Replay(here.segments(), state, this::replayed, log.knownDurable());
        Replay.Result found = replay.run(manifest.now().segments(), manifest.now().checkpoint());
        found.damage().stream().filter(fault -> !damage.contains(fault)).forEach(damage::add);
        for (Manifest.Segment segment : manifest.now().segments()) {
            if (segment.sealedEnd() == 0) {
                // What was read may be known to nothing but the page cache: durable first, then
                // trusted for ever.
                here.segments().file(segment.number()).sync();
            }
        }
        log.resumeAfter(found.lsn(), found.segments());
        if (!found.segments().equals(manifest.now().segments())) {
            manifest.replace(manifest.now().withSegments(found.segments()));
        }
        manifest.now().leftovers(here.disk()).forEach(here.disk()::delete);
        offers.offer(state.points());
        upkeep.measure();
    }

    private void replayed(IndexEntry entry) {
        index.put(entry);
        if (entry.damaged()) {
            here.damages().note(entry.place(), entry.vseq());
        }
    }

    /// The one unforked history that it holds.
    public UUID lineage() {
        return manifest.now().lineage();
    }

    /// Where that history left another one; empty for a first one.
    public Optional<Fork> ancestry() {
        return Optional.ofNullable(manifest.now().origin().fork());
    }

    /// What a start found to be unreadable, for the operator; empty on a healthy disk.
    public List<JournalFault> damage() {
        return List.copyOf(damage);
    }

    /// Makes a volume a member. The same again changes nothing.
    ///
    /// @return the member's slot
    public int join(VolumeId volume, long size) {
        Optional<Member> known = state.find(volume);
        if (known.isPresent()) {
            return known.get().slot;
        }
        apply(writer.member(volume, state.memberCount(), size, false));
        return state.memberCount() - 1;
    }

    /// Ends a volume's part in the group, durably when it returns: later points count it no more, the kept ones show it as before.
    /// The same again changes nothing.
    public void leave(int slot) {
        if (!state.member(slot).left) {
            apply(writer.mark(LogRecord.Kind.LEAVE, slot, 1, 0, 0));
            sync();
        }
    }

    /// A volume that left is a member again, durably when it returns; points count it from its next complete pass on, which goes over all of it.
    public void comeBack(int slot) {
        if (state.member(slot).left) {
            // A sweep that was begun before takes away what this pass is compared with.
            upkeep.abandonAll();
            apply(writer.mark(LogRecord.Kind.LEAVE, slot, 0, 0, 0));
            sync();
        }
    }

    /// @throws FaultException with [JournalFault.OtherSize] when it is or was a member of another size
    public void requireSize(VolumeId volume, long size) {
        state.find(volume)
                .filter(member -> member.size != size)
                .ifPresent(member -> {
                    throw new FaultException(new JournalFault.OtherSize(volume, member.size, size));
                });
    }

    /// Whether the volume was a member and is none any more.
    public boolean left(int slot) {
        return state.member(slot).left;
    }

    /// Every volume that is or was a member.
    public Set<VolumeId> volumes() {
        return state.slots().keySet();
    }

    /// Volumes that become members with what they hold.
    public Adoptions adoptions() {
        return adoptions;
    }

    void joinAdopted(VolumeId volume, long size) {
        apply(writer.member(volume, state.memberCount(), size, true));
    }

    /// Whether the member's base was a volume before: a source that knows what differs from it needs no full pass.
    public boolean adopted(int slot) {
        return state.member(slot).adopted;
    }

    /// @return the number up to which the log holds or declares everything of this member
    public long through(int slot) {
        return state.member(slot).through;
    }

    /// Whether the member waits for a complete pass: it never had one, or a gap is not closed yet.
    public boolean needsPass(int slot) {
        return state.member(slot).debt;
    }

    /// Whether only a pass over the whole member will do: it never had one, or the log lost something of it.
    ///
    /// @param deltaKnown the source knows what differs from the volume that the member was begun with, if it was
    public boolean needsFullPass(int slot, boolean deltaKnown) {
        Member member = state.member(slot);
        boolean begun = member.adopted && deltaKnown;
        return member.fullPassNeeded || (member.debt && member.through == 0 && !begun);
    }

    /// Whether a cut with this number of the member could be published now.
    public boolean covers(int slot, long vseq) {
        return state.member(slot).covers(vseq);
    }

    /// The number that the blocks of the member's open pass carry. A pass does not outlive its connection, so it is not kept in runs.
    public long passVseq(int slot) {
        return state.member(slot).passVseq;
    }

    /// Whether a cut with this number of the member can never be published: it holds a void write without what replaced it.
    public boolean splitsReplacement(int slot, long vseq) {
        return state.member(slot).splitsReplacement(vseq);
    }

    /// The number of a block's newest version, 0 when it has none.
    public long newestVersion(int slot, long offset) {
        IndexEntry newest = index.newest(Blocks.place(slot, offset / Blocks.SIZE), Long.MAX_VALUE);
        return newest == null ? 0 : newest.vseq();
    }

    /// Numbers above this do not count before the open pass is complete.
    public long gapFrom(int slot) {
        return state.member(slot).gapFrom;
    }

    /// Appends a write of any alignment; what it does not cover of its blocks is filled from their newest version.
    ///
    /// @param first the number before it; the caller has checked that it is [#through]
    /// @throws FaultException with [JournalFault.Full] or a [io.redoubt.core.port.DiskFault]; nothing was appended
    public void write(int slot, long first, long last, long offset, ByteBuffer data) {
        require(slot, last, data.remaining());
        apply(writer.write(slot, first, last, offset, data, false));
    }

    public void zero(int slot, long first, long last, long offset, long length) {
        require(slot, last, 0);
        apply(writer.zero(slot, first, last, offset, length, false));
    }

    /// A number whose write did not happen; `replacement` says what is there instead, 0 when nothing was touched.
    public void voided(int slot, long first, long last, long replacement) {
        apply(writer.mark(LogRecord.Kind.VOID, slot, first, last, replacement));
    }

    /// A pass of a member begins: the numbers up to `vseq` that did not travel are declared.
    ///
    /// @param full it goes over every block that may hold anything
    public void passBegin(int slot, long skipFirst, long vseq, long pass, boolean full) {
        require(slot, vseq, 0);
        apply(writer.passBegin(slot, skipFirst, vseq, pass, full));
    }

    /// Whole blocks as they were when the pass began.
    public void passWrite(int slot, long vseq, long offset, ByteBuffer data) {
        require(slot, vseq, data.remaining());
        apply(writer.write(slot, 0, vseq, offset, data, true));
    }

    public void passZero(int slot, long vseq, long offset, long length) {
        require(slot, vseq, 0);
        apply(writer.zero(slot, 0, vseq, offset, length, true));
    }

    /// No version at or below the horizon would ever be seen; and no data is taken beyond the quota, nor before what a member held is kept, nor
    /// once another history goes on.
    private void require(int slot, long vseq, int bytes) {
        Member member = state.member(slot);
        if (member.adopted && !member.kept) {
            throw new FaultException(new JournalFault.NotKept(member.volume));
        }
        branch.requireOpen();
        if (vseq <= index.horizon().at(slot)) {
            throw new IllegalStateException(
                    "write %d of member %d comes after the horizon went to %d"
                            .formatted(vseq, slot, index.horizon().at(slot)));
        }
        upkeep.requireRoom(bytes);
    }

    public void passEnd(int slot, long pass) {
        apply(writer.mark(LogRecord.Kind.PASS_END, slot, 1, 0, pass));
    }

    /// The last pass of the member that began, 0 for none.
    public long lastPass(int slot) {
        return state.member(slot).lastPass;
    }

    /// Whether a pass of the member was complete once, so that points count it.
    public boolean joined(int slot) {
        return state.member(slot).joined;
    }

    /// The slot of a volume that is a member.
    public OptionalInt find(VolumeId volume) {
        return state.find(volume).map(m -> OptionalInt.of(m.slot)).orElse(OptionalInt.empty());
    }

    /// Appends a point. It is offered after the next [#sync]. The caller has checked [#covers] for each member.
    public void publish(RecoveryPoint point) {
        apply(writer.cut(point, state.slots()));
    }

    /// The protection is in the log before the point, so no crash leaves the one without the other.
    void publishProtected(RecoveryPoint point) {
        apply(writer.mark(LogRecord.Kind.PROTECT_POINT, 0, 0, 1, point.number()));
        publish(point);
        sync();
    }

    /// Drops a point, durably when it returns.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint] or [JournalFault.Pinned]
    public void drop(long number) {
        drop(List.of(number));
    }

    /// Drops several with one sync.
    void drop(List<Long> numbers) {
        for (long number : numbers) {
            offers.require(number);
            if (pinned().contains(number)) {
                throw new FaultException(new JournalFault.Pinned(number, pins.owners(number)));
            }
        }
        numbers.forEach(n -> apply(writer.mark(LogRecord.Kind.DROP_POINT, 0, 0, 0, n)));
        sync();
    }

    /// Protects a point from everything but [#drop], or ends that, durably when it returns.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint] or [JournalFault.NoRoomToProtect]
    public void protect(long number, boolean on) {
        offers.require(number);
        if (on) {
            requireRoomToProtect(number);
        }
        apply(writer.mark(LogRecord.Kind.PROTECT_POINT, 0, 0, on ? 1 : 0, number));
        sync();
    }

    /// Says of a point what became known after its cut, durably when it returns; the same again writes nothing.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint]
    public void label(long number, PointTag tag) {
        if (offers.require(number).name().equals(tag.text())) {
            return;
        }
        apply(writer.label(number, tag.text()));
        sync();
    }

    /// Whether a point of this order is kept, also one that is not offered yet.
    public boolean hasOrder(String order) {
        return state.points().stream().anyMatch(point -> point.tag().order().equals(order));
    }

    /// @param number of the point, 0 for one that is still to come
    /// @throws FaultException with [JournalFault.NoRoomToProtect]
    public void requireRoomToProtect(long number) {
        int percent = room().percent();
        if (percent >= JournalRoom.SHORTEN_PERCENT) {
            throw new FaultException(new JournalFault.NoRoomToProtect(number, percent));
        }
    }

    /// The numbers of the protected points.
    public Set<Long> guarded() {
        return state.guarded();
    }

    /// Holds a point until the lease ends, durably when it returns. An owner holds one; the same again makes the lease longer.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint] or [JournalFault.TooManyPins]
    public void pin(String owner, long number, long untilMillis) {
        offers.require(number);
        pins.hold(new Pin(owner, number, untilMillis));
    }

    /// Holds one member at one number of the dense window until the lease ends, durably when it returns: sweeps leave what it shows. An owner
    /// holds one thing; the same again makes the lease longer, wherever the window is by then.
    ///
    /// @throws FaultException with [JournalFault.OutsideWindow], [JournalFault.NotExact] or [JournalFault.TooManyPins]
    public void pin(String owner, VolumeId volume, long vseq, long untilMillis) {
        Member member = state.require(volume);
        if (!offers.held(member, vseq)) {
            offers.requireInWindow(member, vseq, upkeep.planned());
        }
        pins.hold(new Pin(owner, new Pin.At(volume, vseq), untilMillis));
    }

    /// Makes the lease of what is held longer; nothing happens when it is not held any more.
    public void renew(Pin pin) {
        if (pins.all().stream().anyMatch(pin::isLike)) {
            pins.hold(pin);
        }
    }

    /// Nothing happens when the owner holds no point.
    public void unpin(String owner) {
        pins.release(owner);
    }

    /// Ends what ran out.
    void expirePins(long nowMillis) {
        pins.expire(nowMillis);
    }

    public List<Pin> pins() {
        return pins.all();
    }

    Set<Long> pinned() {
        return pins.points();
    }

    List<Pin.At> heldNumbers() {
        return pins.numbers();
    }

    /// Who holds a single number above these.
    List<String> holdersAbove(Map<VolumeId, Long> vector) {
        return pins.ownersAbove(vector);
    }

    /// Makes everything appended durable and offers the points that it covers.
    public void sync() {
        upkeep.sync();
    }

    /// The last record that a [#sync] covers; for [#appended] see there.
    public long durable() {
        return log.durableLsn();
    }

    /// The number of records in the log.
    public long appended() {
        return log.lsn();
    }

    /// The kept points, oldest first. Each of them can be opened. Those of a [Branch] stand apart.
    public List<RecoveryPoint> points() {
        return offers.points();
    }

    /// Opens a view; copies nothing. It can be read as long as the point is kept, so whoever wants to go on takes a [#pin] first.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint], also at a later read
    public JournalView view(long number) {
        return offers.view(number);
    }

    /// One member at any of its numbers from the dense window. It can be read as long as the window, or a [#pin], holds the number.
    ///
    /// @throws FaultException with [JournalFault.OutsideWindow] or [JournalFault.NotExact], also at a later read
    public BlockImage view(VolumeId volume, long vseq) {
        return offers.view(state.require(volume), vseq);
    }

    /// A member at any of its numbers from the dense window to the newest, durable or not. For comparing the two sides at once; never for
    /// recovery.
    ///
    /// @throws FaultException as [#view] does
    public BlockImage asOf(VolumeId volume, long vseq) {
        return offers.asOf(state.require(volume), vseq);
    }

    /// A member as the newest record leaves it, durable or not. For comparing the two sides; never for recovery.
    public BlockImage head(VolumeId volume) {
        return JournalView.at(state.require(volume), Long.MAX_VALUE, here.reader(), () -> {});
    }

    public Roles roles() {
        return manifest.now().roles();
    }

    /// Records who may write, durably when it returns.
    public void roles(Roles changed) {
        if (!changed.equals(manifest.now().roles())) {
            manifest.replace(manifest.now().withRoles(changed));
        }
    }

    /// Reserves cut numbers, durably when it returns: no two coordinators ever use the same.
    ///
    /// @return the first of `count` numbers, above every number ever given out
    public long claimCuts(int count) {
        long first = manifest.now().nextCut();
        manifest.replace(manifest.now().withNextCut(first + count));
        return first;
    }

    private void apply(Appended appended) {
        state.apply(appended.record(), appended.payload());
        appended.entries(log.activeNumber()).forEach(index::put);
    }

    /// Tells, in order and as whole blocks, every block of a member that has a version above this number, whatever its content. Versions that come meanwhile may be
    /// missing. Any thread may call.
    ///
    /// @return bytes of all ranges
    /// @throws FaultException with [JournalFault.ChangesUnknown] when versions above the number are in the base, or went with their branch
    public long changedSince(int slot, long vseq, RangeSink sink) {
        branch.requireKnown(state.member(slot), vseq, index.horizon());
        return new ChangedBlocks(index, here.reader(), slot, vseq, sink).tell();
    }

    /// Where another history went on, and what this one has behind that point.
    public Branch branch() {
        return branch;
    }

    /// What arrived behind a point. The journal's one writer calls it: it reads the log's headers back to the point, some milliseconds for each
    /// 64 MiB.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint]
    public WritesBehind writesBehind(long point) {
        return WritesBehind.count(here, state, offers.require(point), log.position());
    }

    /// Another quota, from the next write on.
    public void quota(long bytes) {
        upkeep.quota(bytes);
    }

    /// What it takes of its disk.
    public JournalRoom room() {
        return upkeep.room();
    }

    /// What keeps it small; [Housekeeping] asks for it.
    Upkeep upkeep() {
        return upkeep;
    }

    /// Versions that starts, reads and scrubs found damaged, each with the points that show it. Any thread may call.
    public List<DamagedVersion> damagedVersions() {
        return here.damages().listed(state);
    }

    /// What a write of the blocks' present content would heal: damaged versions that are still the newest of their blocks. A source that
    /// reads these ranges under its stripe locks and sends them as writes heals every point from then on. Any thread may call.
    public List<WantedRange> wanted(int rangesMax) {
        return here.damages().wanted(state, rangesMax);
    }

    /// Its directory may be somebody else's by now.
    boolean closed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        upkeep.abandonAll();
        adoptions.abandon();
        here.reader().alone(here.seal()::close); // whoever reads has read to the end
        index.close();
        here.base().close();
        log.close();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SettledDisk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.nbd.SocketAccess;
import io.redoubt.storage.pool.Allotment;
import io.redoubt.storage.pool.Datastore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The node's volumes by id, each in a directory of its own.
final class Volumes implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Volumes.class.getName());
    private static final String VOLUME = "volume";
    private static final String ATTACHMENT = "attachment";
    private static final String ADOPTED = "adopted";
    private static final String CONTENT = "volume.raw";
    private static final int OPENERS = 8;

    private final Path home;
    private final Told told;
    private final Clock clock;
    private final SocketAccess access;
    private final TemplateImages templates;
    private final Datastores datastores;
    private final Hydrations hydrations;
    private final Limits limits;
    private final AtRest atRest;
    private final Map<String, HostedVolume> hosted = new ConcurrentSkipListMap<>();

    private @Nullable Origins origins;
    private volatile Consumer<String> whole = _ -> {};

    /// The bases of journals: volume to the protection group.
    private final Map<String, String> adopted = new ConcurrentHashMap<>();

    /// Nobody may attach to these: volume to the protection group that did not open.
    private final Map<String, String> withheld = new ConcurrentHashMap<>();

    Volumes(
            Path home,
            Told told,
            Clock clock,
            SocketAccess access,
            TemplateImages templates,
            Datastores datastores,
            Limits limits) {
        this.home = home;
        this.told = told;
        this.clock = clock;
        this.access = access;
        this.templates = templates;
        this.datastores = datastores;
        this.hydrations = new Hydrations(told, clock, this::copied);
        this.limits = limits;
        this.atRest = new AtRest(home.resolve("region.key"), clock);
    }

    /// @param told of each volume that needs its source no more, on the thread that copied it
    void whenWhole(Consumer<String> told) {
        whole = told;
    }

    /// From now on there are volumes out of journals.
    void outOf(Origins journals) {
        origins = journals;
    }

    /// Opens every plain volume that this node was told of. Their sockets follow with [#serve], when every layer is in place. A volume
    /// whose pool is away stays closed.
    void reopen() {
        List<EnsureVolume> all = told.all(VOLUME, EnsureVolume.parser());
        told.all(ADOPTED, ProtectReceiver.parser()).forEach(this::noteAdopted);
        datastores.keepOnly(all.stream().map(EnsureVolume::getVolume).collect(Collectors.toSet()));
        AtOnce.each( // mostly waiting for the disk
                OPENERS, all.stream().filter(v -> !v.hasOrigin()).toList(), this::reopen);
        hydrations.reopen();
    }

    /// Opens the volumes that were made out of journals, which are open by now.
    void reopenRecovered() {
        told.all(VOLUME, EnsureVolume.parser()).stream()
                .filter(EnsureVolume::hasOrigin)
                .forEach(this::reopen);
        hydrations.reopen();
    }

    /// One volume that cannot be opened does not keep the others from being served.
    private void reopen(EnsureVolume volume) {
        if (adopted.containsKey(volume.getVolume())) {
            return; // its journal opens it
        }
        if (!volume.getDatastore().isEmpty() && !datastores.isOpen(volume.getDatastore())) {
            LOG.log(Level.WARNING, "volume {0} stays closed", volume.getVolume());
            return;
        }
        try {
            HostedVolume _ = open(volume);
        } catch (FaultException e) {
            LOG.log(Level.ERROR, "volume " + volume.getVolume() + " stays closed", e);
        }
    }

    /// Opens the sockets that were open before. One volume that cannot be served does not keep the others from it: its fence may know a
    /// newer attachment than this node noted, because the process died right after that one's raise. It is raised again on demand.
    void serve() {
        for (RaiseAttachment attachment : told.all(ATTACHMENT, RaiseAttachment.parser())) {
            HostedVolume volume = hosted.get(attachment.getVolume());
            if (volume == null || withheld.containsKey(attachment.getVolume())) {
                LOG.log(Level.WARNING, "volume {0} stays detached", attachment.getVolume());
            } else if (volume.snapshots().reverting()) {
                // It may wait for grants, so it does not hold up the others.
                Thread _ = Thread.startVirtualThread(() -> finishRevert(volume, attachment));
            } else {
                raiseAgain(volume, attachment);
            }
        }
    }

    private static void raiseAgain(HostedVolume volume, RaiseAttachment attachment) {
        try {
            AttachmentRaised _ = volume.raise(attachment);
        } catch (FaultException e) {
            LOG.log(Level.ERROR, "volume " + volume.id() + " stays detached", e);
        }
    }

    private static void finishRevert(HostedVolume volume, RaiseAttachment attachment) {
        try {
            volume.snapshots().finishRevert(volume.slot());
            AttachmentRaised _ = volume.raise(attachment);
        } catch (FaultException e) {
            System.getLogger("snapshots")
                    .log(
                            System.Logger.Level.ERROR,
                            "volume " + volume.id() + " stays detached: its revert did not end",
                            e);
        }
    }

    synchronized void ensure(EnsureVolume wanted) {
        requireNotAdopted(wanted.getVolume());
        HostedVolume present = hosted.get(wanted.getVolume());
        if (present == null) {
            present = openOrMake(wanted);
        }
        if (present.size() < wanted.getSizeBytes()) {
            grow(present, wanted);
        }
        if (present.size() != wanted.getSizeBytes()) {
            throw new FaultException(
                    new NodeFault.SizeDiffers(
                            wanted.getVolume(), present.size(), wanted.getSizeBytes()));
        }
    }

    /// A volume that this node was told of before has content: when it does not open, it stays as it is. Only the traces of one that
    /// could not be made are taken away.
    private HostedVolume openOrMake(EnsureVolume wanted) {
        Optional<EnsureVolume> before =
                told.find(VOLUME, wanted.getVolume(), EnsureVolume.parser());
        if (before.isPresent()) {
            return open(before.get());
        }
        EnsureVolume exact = exact(wanted);
        told.put(VOLUME, wanted.getVolume(), exact);
        try {
            return open(exact);
        } catch (FaultException e) {
            told.remove(VOLUME, wanted.getVolume());
            giveBack(wanted);
            letGo(wanted);
            throw e;
        }
    }

    /// All of it is here: its journal may forget what it was.
    private void copied(String volume) {
        try {
            told.find(VOLUME, volume, EnsureVolume.parser()).ifPresent(this::letGo);
            whole.accept(volume);
        } catch (FaultException e) {
            LOG.log(Level.ERROR, "volume " + volume + " lets its source go at the next start", e);
        }
    }

    private void letGo(EnsureVolume volume) {
        if (volume.hasOrigin()) {
            requireOrigins().release(new VolumeId(volume.getVolume()), volume.getOrigin());
        }
    }

    private Origins requireOrigins() {
        return Objects.requireNonNull(origins, "no journal is open yet");
    }

    /// @throws FaultException with [NodeFault.InUse] while a volume still reads from the group's journal
    void requireNoneOutOf(String group) {
        for (EnsureVolume each : told.all(VOLUME, EnsureVolume.parser())) {
            String volume = each.getVolume();
            boolean whole =
                    hosted.containsKey(volume)
                            && hydrations.report(volume).getState()
                                    == HydrationState.HYDRATION_COMPLETE;
            if (each.hasOrigin() && each.getOrigin().getGroup().equals(group) && !whole) {
                throw new FaultException(
                        new NodeFault.InUse(
                                "Protection group " + group,
                                "volume %s, which is copied out of its journal".formatted(volume)));
            }
        }
    }

    private void giveBack(EnsureVolume volume) {
        if (datastores.isOpen(volume.getDatastore())) {
            datastores.release(volume.getDatastore(), new VolumeId(volume.getVolume()));
        }
    }

    /// Room is promised first, or refused with nothing changed; then the wish is durable, and a crash after it finds the growth to do at
    /// the next start. A crash between the two leaves more room promised than is used.
    private void grow(HostedVolume present, EnsureVolume wanted) {
        String volume = wanted.getVolume();
        EnsureVolume before = told.find(VOLUME, volume, EnsureVolume.parser()).orElseThrow();
        EnsureVolume after = before.toBuilder().setSizeBytes(wanted.getSizeBytes()).build();
        present.requireGrows();
        var _ = disk(present.id(), after);
        told.put(VOLUME, volume, after);
        try {
            present.grow(after.getSizeBytes());
        } catch (FaultException e) {
            told.put(VOLUME, volume, before);
            throw e;
        }
    }

    /// Where the volume's layers keep their files: in its datastore, or uncounted in the node's home.
    private Disk disk(VolumeId id, EnsureVolume wanted) {
        if (wanted.getDatastore().isEmpty()) {
            return new SettledDisk(new SystemDisk(directory(id.value())));
        }
        Datastore datastore = datastores.require(wanted.getDatastore());
        var room = new Allotment(new Bytes(wanted.getSizeBytes()), wanted.getThin());
        if (!hasRoom(datastore, id, room)) {
            datastore.allot(id, room);
        }
        return new SettledDisk(datastore.disk(id));
    }

    /// Whether it was promised already, or more: a growth may have been cut short.
    private static boolean hasRoom(Datastore datastore, VolumeId id, Allotment room) {
        if (!datastore.volumes().contains(id)) {
            return false;
        }
        Allotment has = datastore.allotment(id);
        return has.thin() == room.thin() && has.size().compareTo(room.size()) >= 0;
    }

    /// A volume stays on the template that it was made from, also when a newer one is built.
    private EnsureVolume exact(EnsureVolume wanted) {
        return wanted.getTemplate().isEmpty()
                ? wanted
                : wanted.toBuilder()
                        .setTemplate(templates.require(wanted.getTemplate()).name())
                        .build();
    }

    private HostedVolume open(EnsureVolume wanted) {
        var id = new VolumeId(wanted.getVolume());
        Disk disk = disk(id, wanted);
        SealedDisk content = atRest.over(disk, id, wanted);
        BlockDevice base;
        if (wanted.hasOrigin()) {
            base = recovered(content, id, wanted);
        } else if (wanted.getTemplate().isEmpty()) {
            base = raw(content, id, wanted);
        } else {
            base = clone(content, id, wanted);
        }
        return host(
                new HostedVolume(id, content, base, sockets(), access, "", limits.of(id.value())));
    }

    private static RawVolume raw(Disk disk, VolumeId id, EnsureVolume wanted) {
        var size = new Bytes(wanted.getSizeBytes());
        if (RawVolume.find(disk, id).isEmpty()) {
            return isThin(wanted)
                    ? RawVolume.createThin(disk, id, size)
                    : RawVolume.create(disk, id, size);
        }
        if (Overlay.exists(disk, id)) {
            boolean _ = Overlay.becameRaw(disk, id); // what is left of a view
        }
        RawVolume volume = isThin(wanted) ? RawVolume.openThin(disk, id) : RawVolume.open(disk, id);
        if (volume.size() < size.value()) {
            volume.grow(size); // interrupted by a crash; its room is promised
        }
        return volume;
    }

    private static boolean isThin(EnsureVolume volume) {
        return volume.getThin() && !volume.getDatastore().isEmpty();
    }

    /// A clone of a template is an overlay over it: ready at once, whatever its size. Once all of it was copied it is a raw volume.
    private BlockDevice clone(Disk disk, VolumeId id, EnsureVolume wanted) {
        if (Overlay.becameRaw(disk, id)) {
            return raw(disk, id, wanted);
        }
        TemplateImages.Found template = templates.require(wanted.getTemplate());
        BlockImage image = template.image();
        if (image.size() > wanted.getSizeBytes()) {
            throw new FaultException(
                    new NodeFault.SmallerThanTemplate(
                            id.value(),
                            template.name(),
                            new Bytes(wanted.getSizeBytes()),
                            new Bytes(image.size())));
        }
        if (image.size() != wanted.getSizeBytes()) {
            image = new GrownImage(image, wanted.getSizeBytes(), id);
        }
        return overlay(disk, id, wanted, image, template.name());
    }

    /// Out of a journal it begins as a clone does. Once all of it was copied the journal may be gone.
    private BlockDevice recovered(Disk disk, VolumeId id, EnsureVolume wanted) {
        if (Overlay.becameRaw(disk, id)) {
            letGo(wanted); // a crash may have come between
            return raw(disk, id, wanted);
        }
        BlockImage image = requireOrigins().open(id, wanted.getOrigin());
        try {
            if (image.size() != wanted.getSizeBytes()) {
                throw new FaultException(
                        new NodeFault.SizeDiffers(id.value(), image.size(), wanted.getSizeBytes()));
            }
            return overlay(disk, id, wanted, image, Origins.name(wanted.getOrigin()));
        } catch (FaultException e) {
            requireOrigins().leave(id, wanted.getOrigin());
            throw e;
        }
    }

    private Overlay overlay(
            Disk disk, VolumeId id, EnsureVolume wanted, BlockImage image, String source) {
        var all = new Bytes(wanted.getSizeBytes());
        Overlay overlay;
        if (Overlay.exists(disk, id)) {
            overlay = Overlay.open(disk, id, image, source, clock.bootId());
        } else if (isThin(wanted)) {
            overlay = Overlay.createSparse(disk, id, image, source, all, clock.bootId());
        } else {
            overlay = Overlay.createAllocated(disk, id, image, source, clock.bootId());
        }
        hydrations.opened(id.value(), overlay);
        return overlay;
    }

    /// Puts a view's volume among the others.
    HostedVolume host(HostedVolume volume) {
        hosted.put(volume.id().value(), volume);
        return volume;
    }

    void hostView(VolumeId id, SystemDisk disk, BlockDevice base, String view) {
        host(new HostedVolume(id, disk, base, sockets(), access, view, limits.of(id.value())));
    }

    /// Whether this node was told of it as a volume of its own, and not as one of a view.
    boolean isOwn(String volume) {
        return told.find(VOLUME, volume, EnsureVolume.parser()).isPresent();
    }

    /// A view's volume, all of which is here, is a volume of its own from now on, durably. The same again changes nothing.
    void standAlone(String volume) {
        HostedVolume present = hosted.get(volume);
        var own = EnsureVolume.newBuilder().setVolume(volume);
        if (present != null) {
            told.put(VOLUME, volume, own.setSizeBytes(present.size()).build());
            present.standAlone();
        } else {
            // A start found the view half ended: its raw volume is the truth.
            var id = new VolumeId(volume);
            long size = RawVolume.open(new SystemDisk(directory(volume)), id).size();
            ensure(own.setSizeBytes(size).build());
        }
    }

    boolean has(String volume) {
        return hosted.containsKey(volume);
    }

    HostedVolume require(String volume) {
        HostedVolume found = hosted.get(volume);
        if (found == null) {
            throw new FaultException(new NodeFault.UnknownVolume(volume));
        }
        return found;
    }

    private void requireNotAdopted(String volume) {
        String group = adopted.get(volume);
        if (group != null) {
            throw new FaultException(new NodeFault.Adopted(volume, group));
        }
    }

    private void noteAdopted(ProtectReceiver by) {
        by.getAdoptedList().forEach(each -> adopted.put(each.getHere(), by.getGroup()));
    }

    /// From now on these belong to the journal, also after a restart, and nobody attaches to them. The same again changes nothing.
    ///
    /// @throws FaultException with [NodeFault.CannotAdopt]; then nothing changed
    synchronized void claim(ProtectReceiver by) {
        for (AdoptedVolume each : by.getAdoptedList()) {
            String group = adopted.get(each.getHere());
            if (group == null) {
                requireAdoptable(require(each.getHere()));
            } else if (!group.equals(by.getGroup())) {
                throw new FaultException(new NodeFault.Adopted(each.getHere(), group));
            }
        }
        told.put(ADOPTED, by.getGroup(), by);
        noteAdopted(by);
    }

    private void requireAdoptable(HostedVolume volume) {
        volume.requireDetached();
        String id = volume.id().value();
        EnsureVolume wanted = told.find(VOLUME, id, EnsureVolume.parser()).orElse(null);
        if (wanted == null) {
            throw new FaultException(new NodeFault.CannotAdopt(id, "it is a view itself"));
        }
        if (!volume.snapshots().list().getSnapshotsList().isEmpty()) {
            throw new FaultException(new NodeFault.CannotAdopt(id, "it has snapshots"));
        }
        if (RawVolume.find(disk(volume.id(), wanted), volume.id()).isEmpty()) {
            throw new FaultException(
                    new NodeFault.CannotAdopt(id, "it still reads from its template"));
        }
    }

    /// The file of a volume that was claimed, for its journal alone. Nothing here has it open any more.
    synchronized AdoptedDisk.Place adopt(String volume) {
        HostedVolume present = hosted.remove(volume);
        if (present != null) {
            hydrations.forget(volume);
            told.remove(ATTACHMENT, volume);
            present.close();
        }
        EnsureVolume wanted = told.find(VOLUME, volume, EnsureVolume.parser()).orElseThrow();
        var id = new VolumeId(volume);
        return new AdoptedDisk.Place(atRest.over(disk(id, wanted), id, wanted), CONTENT);
    }

    /// The journal is gone: its bases are nobody's any more, and go with their volumes.
    synchronized void disown(String group) {
        List<String> orphans =
                adopted.entrySet().stream()
                        .filter(each -> each.getValue().equals(group))
                        .map(Map.Entry::getKey)
                        .toList();
        orphans.forEach(adopted::remove);
        told.remove(ADOPTED, group);
    }

    /// What was adopted for a journal of this lineage, which is gone, is opened again as it was.
    synchronized void handBack(String group, String lineage) {
        Optional<ProtectReceiver> by =
                told.find(ADOPTED, group, ProtectReceiver.parser())
                        .filter(each -> each.getLineage().equals(lineage));
        if (by.isEmpty()) {
            return;
        }
        disown(group);
        for (AdoptedVolume each : by.get().getAdoptedList()) {
            if (!hosted.containsKey(each.getHere())) {
                told.find(VOLUME, each.getHere(), EnsureVolume.parser()).ifPresent(this::reopen);
            }
        }
    }

    /// From now on nobody attaches to it.
    void withhold(String volume, String group) {
        withheld.put(volume, group);
    }

    /// Ends [#withhold].
    void release(String volume) {
        withheld.remove(volume);
    }

    AttachmentRaised raise(RaiseAttachment wanted) {
        HostedVolume volume = require(wanted.getVolume());
        String group = withheld.get(wanted.getVolume());
        if (group != null) {
            throw new FaultException(new NodeFault.Withheld(wanted.getVolume(), group));
        }
        AttachmentRaised raised = volume.raise(wanted);
        told.put(ATTACHMENT, wanted.getVolume(), wanted);
        return raised;
    }

    synchronized void delete(String volume) {
        requireNotAdopted(volume);
        HostedVolume present = hosted.remove(volume);
        hydrations.forget(volume);
        if (present != null) {
            present.close();
        }
        Optional<EnsureVolume> was = told.find(VOLUME, volume, EnsureVolume.parser());
        limits.forget(volume);
        told.remove(ATTACHMENT, volume);
        told.remove(VOLUME, volume); // from here on every start finishes the deletion
        atRest.erase(volume, directory(volume));
        was.ifPresent(this::giveBack);
        deleteTree(directory(volume));
        was.ifPresent(this::letGo); // last: until here it may be read
    }

    /// Whether a write of the volume would find room; true for one that has all of its room.
    boolean hasRoom(String volume) {
        return told.find(VOLUME, volume, EnsureVolume.parser())
                .filter(v -> datastores.isOpen(v.getDatastore()))
                .map(v -> datastores.require(v.getDatastore()).hasRoom())
                .orElse(true);
    }

    Collection<HostedVolume> all() {
        return List.copyOf(hosted.values());
    }

    Path directory(String volume) {
        return home.resolve("volumes").resolve(volume);
    }

    private Path sockets() {
        return home.resolve("s");
    }

    static void deleteTree(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Hydrations hydrations() {
        return hydrations;
    }

    @Override
    public void close() {
        atRest.close();
        hydrations.close();
        hosted.values().forEach(HostedVolume::close);
    }
}

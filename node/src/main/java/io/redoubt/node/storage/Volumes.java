// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;

/// The node's volumes by id, each in a directory of its own.
final class Volumes implements AutoCloseable {
    private static final String VOLUME = "volume";
    private static final String ATTACHMENT = "attachment";

    private final Path home;
    private final Told told;
    private final Clock clock;
    private final SocketAccess access;
    private final TemplateImages templates;
    private final Limits limits;
    private final AtRest atRest;
    private final Map<String, HostedVolume> hosted = new ConcurrentSkipListMap<>();

    Volumes(
            Path home,
            Told told,
            Clock clock,
            SocketAccess access,
            TemplateImages templates,
            Limits limits) {
        this.home = home;
        this.told = told;
        this.clock = clock;
        this.access = access;
        this.templates = templates;
        this.limits = limits;
        this.atRest = new AtRest(home.resolve("region.key"), clock);
    }

    /// Opens every plain volume that this node was told of. Their sockets follow with [#serve], when every layer is in place.
    void reopen() {
        told.all(VOLUME, EnsureVolume.parser()).forEach(this::open);
    }

    /// Opens the sockets that were open before.
    void serve() {
        for (RaiseAttachment attachment : told.all(ATTACHMENT, RaiseAttachment.parser())) {
            HostedVolume volume = hosted.get(attachment.getVolume());
            if (volume != null) {
                volume.raise(attachment);
            }
        }
    }

    synchronized void ensure(EnsureVolume wanted) {
        HostedVolume present = hosted.get(wanted.getVolume());
        if (present == null) {
            EnsureVolume exact = exact(wanted);
            told.put(VOLUME, wanted.getVolume(), exact);
            try {
                present = open(exact);
            } catch (FaultException e) {
                told.remove(VOLUME, wanted.getVolume());
                throw e;
            }
        }
        if (present.size() != wanted.getSizeBytes()) {
            throw new FaultException(
                    new NodeFault.SizeDiffers(
                            wanted.getVolume(), present.size(), wanted.getSizeBytes()));
        }
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
        var disk = new SystemDisk(directory(wanted.getVolume()));
        SealedDisk content = atRest.over(disk, id, wanted);
        BlockDevice base =
                wanted.getTemplate().isEmpty()
                        ? raw(content, id, wanted.getSizeBytes())
                        : clone(content, id, wanted);
        return host(new HostedVolume(id, disk, base, sockets(), access, "", limits.of(id.value())));
    }

    private static RawVolume raw(Disk disk, VolumeId id, long size) {
        return RawVolume.find(disk, id).isPresent()
                ? RawVolume.open(disk, id)
                : RawVolume.create(disk, id, new Bytes(size));
    }

    /// A clone of a template is an overlay over it: ready at once, whatever its size.
    private Overlay clone(Disk disk, VolumeId id, EnsureVolume wanted) {
        TemplateImages.Found template = templates.require(wanted.getTemplate());
        BlockImage image = template.image();
        if (image.size() != wanted.getSizeBytes()) {
            image = new GrownImage(image, wanted.getSizeBytes(), id);
        }
        return Overlay.exists(disk, id)
                ? Overlay.open(disk, id, image, template.name(), clock.bootId())
                : Overlay.createAllocated(disk, id, image, template.name(), clock.bootId());
    }

    /// Puts a view's volume among the others.
    HostedVolume host(HostedVolume volume) {
        hosted.put(volume.id().value(), volume);
        return volume;
    }

    void hostView(VolumeId id, SystemDisk disk, BlockDevice base, String view) {
        host(new HostedVolume(id, disk, base, sockets(), access, view, limits.of(id.value())));
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

    AttachmentRaised raise(RaiseAttachment wanted) {
        HostedVolume volume = require(wanted.getVolume());
        AttachmentRaised raised = volume.raise(wanted);
        told.put(ATTACHMENT, wanted.getVolume(), wanted);
        return raised;
    }

    synchronized void delete(String volume) {
        HostedVolume present = hosted.remove(volume);
        if (present != null) {
            present.close();
        }
        limits.forget(volume);
        told.remove(ATTACHMENT, volume);
        told.remove(VOLUME, volume);
        atRest.erase(volume, directory(volume));
        deleteTree(directory(volume));
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

    @Override
    public void close() {
        atRest.close();
        hosted.values().forEach(HostedVolume::close);
    }
}

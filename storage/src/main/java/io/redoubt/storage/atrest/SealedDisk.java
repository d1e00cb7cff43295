// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A volume's directory in which the files of the guest's bytes, those named `*.raw`, are sealed. What stands above (a raw volume, an
/// overlay, a snapshot's blocks) does not notice.
///
/// A file `volume.raw` is stored as `volume.sealed.raw`, with `volume.seal`, `volume.sums` and `volume.dirty` beside it. The stored
/// name is another one, so whoever goes past this class finds no file and never takes noise for content. A `*.raw` file that was made
/// without a seal stays as it is. All other files pass through.
///
/// A crash in [#create] leaves a seal without a file, or some of the files; whoever makes volumes deletes before it creates.
public final class SealedDisk implements Disk {
    static final int CHUNK = 64 << 20;
    private static final String PLAIN = ".raw";
    private static final String SEALED = ".sealed.raw";
    private static final String SUMS = ".sums";
    private static final String DIRTY = ".dirty";

    private final Disk next;
    private final VolumeId volume;
    private final Sealing sealing;
    private final Supplier<KeyWrapper> keys;
    private final Clock clock;
    private final int chunkBytes;
    private volatile @Nullable Scrub scrub;

    /// @param sealing of files that are made from now on; those that are there have what their seals say
    /// @param keys    asked for the region key when a file is encrypted, and only then
    /// @param clock   tells when a chunk has been quiet long enough to be called clean
    public SealedDisk(
            Disk next, VolumeId volume, Sealing sealing, Supplier<KeyWrapper> keys, Clock clock) {
        this(next, volume, sealing, keys, clock, CHUNK);
    }

    /// @param chunkBytes of files that are made from now on; smaller ones make simulations fast
    public SealedDisk(
            Disk next,
            VolumeId volume,
            Sealing sealing,
            Supplier<KeyWrapper> keys,
            Clock clock,
            int chunkBytes) {
        this.next = next;
        this.volume = volume;
        this.sealing = sealing;
        this.keys = keys;
        this.clock = clock;
        this.chunkBytes = chunkBytes;
    }

    /// What the directory's content has; empty when there is none yet.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [io.redoubt.storage.block.VolumeFault.BadFile] when a seal is damaged, with
    ///     [io.redoubt.storage.block.VolumeFault.Erased]
    public static Optional<Sealing> find(Disk disk, VolumeId volume) {
        for (String file : disk.list()) {
            if (file.endsWith(Seal.SUFFIX)) {
                String name = file.substring(0, file.length() - Seal.SUFFIX.length());
                return Optional.of(Seal.read(disk, volume, name).sealing());
            }
        }
        boolean plain = disk.list().stream().anyMatch(SealedDisk::isContent);
        return plain ? Optional.of(Sealing.NONE) : Optional.empty();
    }

    /// Refuses what the files here could not be opened with: to be asked before somebody else's hold on the directory is ended.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [io.redoubt.storage.block.VolumeFault.WrongKey],
    ///     [io.redoubt.storage.block.VolumeFault.BadFile] or [io.redoubt.storage.block.VolumeFault.Erased]
    public void requireUnlocked() {
        for (String file : next.list()) {
            if (file.endsWith(Seal.SUFFIX)) {
                String name = file.substring(0, file.length() - Seal.SUFFIX.length());
                Xts cipher = Seal.read(next, volume, name).cipher(volume, name, keys);
                if (cipher != null) {
                    cipher.wipe();
                }
            }
        }
    }

    /// Makes the content of every sealed file of a directory unreadable for ever: to be called before the files are deleted.
    /// It returns when the keys are durably gone.
    public static void erase(Disk disk) {
        for (String file : disk.list()) {
            if (file.endsWith(Seal.SUFFIX) || file.endsWith(Seal.SUFFIX + ".new")) {
                Seal.erase(disk, file);
            }
        }
    }

    /// The scrub of the first checked file that was opened or made here: a volume's content. Empty before, and without integrity.
    public Optional<Scrub> scrub() {
        return Optional.ofNullable(scrub);
    }

    @Override
    public DiskFile open(String name) {
        if (!isContent(name) || !Seal.exists(next, stem(name))) {
            return next.open(name);
        }
        Seal seal = Seal.read(next, volume, stem(name));
        return sealed(seal, stem(name), false);
    }

    @Override
    public DiskFile create(String name) {
        if (!isContent(name) || sealing.equals(Sealing.NONE)) {
            return next.create(name);
        }
        Seal seal = Seal.make(volume, stem(name), sealing, chunkBytes, keys);
        seal.write(next, volume, stem(name));
        return sealed(seal, stem(name), true);
    }

    private DiskFile sealed(Seal seal, String stem, boolean fresh) {
        Xts cipher = seal.cipher(volume, stem, keys);
        try {
            SealedFiles files = files(seal, stem, fresh);
            try {
                String stored = stem + SEALED;
                var file = new SealedFile(volume, stored, files, cipher, seal.chunkBytes(), clock);
                if (seal.sealing().checked() && scrub == null) {
                    scrub = new Scrub(next, volume, file);
                }
                return file;
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        } catch (RuntimeException e) {
            if (cipher != null) {
                cipher.wipe();
            }
            throw e;
        }
    }

    private SealedFiles files(Seal seal, String stem, boolean fresh) {
        @Nullable DiskFile sums = null;
        @Nullable DiskFile dirty = null;
        if (seal.sealing().checked()) {
            sums = file(stem + SUMS, fresh);
            dirty = file(stem + DIRTY, fresh);
        }
        return new SealedFiles(file(stem + SEALED, fresh), sums, dirty);
    }

    private DiskFile file(String name, boolean fresh) {
        return fresh ? next.create(name) : next.open(name);
    }

    @Override
    public boolean exists(String name) {
        return next.exists(name) || (isContent(name) && next.exists(stem(name) + SEALED));
    }

    @Override
    public List<String> list() {
        return next.list();
    }

    @Override
    public void rename(String from, String to) {
        if (isContent(from) || isContent(to)) {
            throw new IllegalArgumentException(
                    "%s is not renamed to %s: its seal is good for its name".formatted(from, to));
        }
        next.rename(from, to);
    }

    /// Erases the key of a sealed file first.
    @Override
    public void delete(String name) {
        if (isContent(name)) {
            String seal = stem(name) + Seal.SUFFIX;
            if (next.exists(seal)) {
                Seal.erase(next, seal);
            }
            // The seal goes last: while it is there, whoever opens the file learns that it was
            // erased.
            for (String suffix : List.of(SEALED, SUMS, DIRTY, Seal.SUFFIX)) {
                next.delete(stem(name) + suffix);
            }
        }
        next.delete(name);
    }

    @Override
    public void sync() {
        next.sync();
    }

    @Override
    public long freeBytes() {
        return next.freeBytes();
    }

    private static boolean isContent(String name) {
        return name.endsWith(PLAIN);
    }

    private static String stem(String name) {
        return name.substring(0, name.length() - PLAIN.length());
    }
}

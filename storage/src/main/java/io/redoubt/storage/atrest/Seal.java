// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.SmallFile;
import io.redoubt.storage.block.Text;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a sealed file is: the small file NAME.seal beside it, with the file's key wrapped by the region key.
final class Seal {
    static final String SUFFIX = ".seal";
    private static final String MAGIC = "RDBTSEAL";
    private static final int VERSION = 1;
    private static final int ENCRYPTED = 1;
    private static final int CHECKED = 2;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Sealing sealing;
    private final int chunkBytes;
    private final String wrapper; // id of the region key, empty without encryption
    private final byte[] wrapped; // empty without encryption

    private Seal(Sealing sealing, int chunkBytes, String wrapper, byte[] wrapped) {
        this.sealing = sealing;
        this.chunkBytes = chunkBytes;
        this.wrapper = wrapper;
        this.wrapped = wrapped;
    }

    /// What the file has.
    Sealing sealing() {
        return sealing;
    }

    /// Of the map of dirty chunks.
    int chunkBytes() {
        return chunkBytes;
    }

    /// A seal with a new random key.
    static Seal make(
            VolumeId volume,
            String name,
            Sealing sealing,
            int chunkBytes,
            Supplier<KeyWrapper> keys) {
        if (!sealing.encrypted()) {
            return new Seal(sealing, chunkBytes, "", new byte[0]);
        }
        Libcrypto.require(volume, Libcrypto.LIBRARY);
        KeyWrapper wrapper = keys.get();
        byte[] key = new byte[Xts.KEY];
        RANDOM.nextBytes(key);
        try {
            byte[] wrapped = wrapper.wrap(key, context(volume, name));
            return new Seal(sealing, chunkBytes, wrapper.id(), wrapped);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /// The cipher under this seal's key, null without encryption.
    ///
    /// @throws FaultException with [VolumeFault.WrongKey], with [VolumeFault.BadFile] when the right key does not unlock it
    @Nullable Xts cipher(VolumeId volume, String name, Supplier<KeyWrapper> keys) {
        if (!sealing.encrypted()) {
            return null;
        }
        KeyWrapper wrapper = keys.get();
        if (!wrapper.id().equals(this.wrapper)) {
            throw new FaultException(new VolumeFault.WrongKey(volume, this.wrapper, wrapper.id()));
        }
        byte[] key =
                wrapper.unwrap(wrapped, context(volume, name))
                        .filter(k -> k.length == Xts.KEY)
                        .orElseThrow(() -> notUnlocked(volume, name));
        try {
            return new Xts(volume, key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private FaultException notUnlocked(VolumeId volume, String name) {
        String what = "region key " + wrapper + " does not unlock its key: it belongs elsewhere";
        return new FaultException(new VolumeFault.BadFile(volume, name + SUFFIX, what));
    }

    /// A seal is good for one file of one volume.
    private static byte[] context(VolumeId volume, String name) {
        return (MAGIC + " " + volume.value() + " " + name).getBytes(UTF_8);
    }

    void write(Disk disk, VolumeId volume, String name) {
        file(disk, volume, name).replace(encode());
    }

    ByteBuffer encode() {
        ByteBuffer body = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt((sealing.encrypted() ? ENCRYPTED : 0) | (sealing.checked() ? CHECKED : 0));
        body.putInt(StoredBlocks.BLOCK).putInt(chunkBytes);
        Text.put(body, wrapper);
        body.putShort((short) wrapped.length).put(wrapped);
        return body.flip();
    }

    /// @throws FaultException with [VolumeFault.Erased] or [VolumeFault.BadFile]
    static Seal read(Disk disk, VolumeId volume, String name) {
        SmallFile file = file(disk, volume, name);
        requireNotErased(disk, volume, name);
        ByteBuffer body = file.read();
        int flags = body.getInt();
        int block = body.getInt();
        int chunkBytes = body.getInt();
        String wrapper = Text.get(body);
        byte[] wrapped = new byte[Short.toUnsignedInt(body.getShort())];
        body.get(wrapped);
        if (block != StoredBlocks.BLOCK || chunkBytes <= 0 || chunkBytes % block != 0) {
            throw file.bad("blocks of %d, chunks of %d bytes".formatted(block, chunkBytes));
        }
        var sealing = new Sealing((flags & ENCRYPTED) != 0, (flags & CHECKED) != 0);
        return new Seal(sealing, chunkBytes, wrapper, wrapped);
    }

    static boolean exists(Disk disk, String name) {
        return disk.exists(name + SUFFIX);
    }

    /// Overwrites the wrapped key in place, durably: from its return on the sealed file is noise for everybody, also when the power
    /// fails and the file itself is still there. Repeating it does no harm.
    ///
    /// A crash before the sync leaves the key, or a part of it, which unlocks nothing. A file system or device that does not overwrite
    /// in place may keep the old bytes, wrapped as they are.
    static void erase(Disk disk, String fileName) {
        try (DiskFile file = disk.open(fileName)) {
            long length = file.size();
            for (long at = 0; at < length; at += StoredBlocks.BLOCK) {
                int piece = (int) Math.min(StoredBlocks.BLOCK, length - at);
                file.write(at, ByteBuffer.allocate(piece));
            }
            file.sync();
        }
    }

    private static void requireNotErased(Disk disk, VolumeId volume, String name) {
        ByteBuffer begin = ByteBuffer.allocate(StoredBlocks.SECTOR);
        try (DiskFile file = disk.open(name + SUFFIX)) {
            file.read(0, begin);
        }
        begin.flip();
        boolean blank = begin.hasRemaining();
        while (begin.hasRemaining()) {
            blank &= begin.get() == 0;
        }
        if (blank) {
            throw new FaultException(new VolumeFault.Erased(volume));
        }
    }

    private static SmallFile file(Disk disk, VolumeId volume, String name) {
        return new SmallFile(disk, volume, name + SUFFIX, MAGIC, VERSION);
    }
}

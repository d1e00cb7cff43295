// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// A small file that is replaced as a whole: eight bytes of magic, version, length, body, CRC32C (`docs/formats/volume.md`).
///
/// A crash anywhere in [#replace] leaves the old content or the new one, never a mixture: the new bytes are durable under another
/// name before the rename, and the rename is durable before the method returns.
public record SmallFile(Disk disk, VolumeId volume, String name, String magic, int version) {
    private static final int HEADER = 16;
    private static final int BODY_MAX = 64 << 10;

    public boolean exists() {
        return disk.exists(name);
    }

    public void replace(ByteBuffer body) {
        ByteBuffer bytes = encode(body);
        String next = name + ".new";
        disk.delete(next); // what an earlier crash left
        try (DiskFile file = disk.create(next)) {
            file.write(0, bytes);
            file.sync(); // a crash before this line leaves at most a file that nobody reads
        }
        disk.rename(next, name); // from here on a crash of the process leaves the new content
        disk.sync(); // and from here on a power loss, too
    }

    ByteBuffer encode(ByteBuffer body) {
        ByteBuffer bytes =
                ByteBuffer.allocate(HEADER + body.remaining() + 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 8; i++) {
            bytes.put((byte) magic.charAt(i));
        }
        bytes.putInt(version).putInt(body.remaining()).put(body.duplicate());
        bytes.putInt(checksum(bytes, bytes.position()));
        return bytes.flip();
    }

    /// The content, durable: a process that died between the rename and its sync left a name that a power loss would take back.
    ///
    /// @return the body, little-endian
    /// @throws FaultException with [VolumeFault.BadFile] that names the first thing that is wrong
    public ByteBuffer read() {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER + BODY_MAX + 4);
        try (DiskFile file = disk.open(name)) {
            file.read(0, bytes);
        }
        disk.sync();
        bytes.flip().order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < HEADER + 4) {
            throw bad("it has %d bytes, fewer than a header".formatted(bytes.remaining()));
        }
        for (int i = 0; i < 8; i++) {
            if (bytes.get(i) != (byte) magic.charAt(i)) {
                throw bad("it does not begin with " + magic);
            }
        }
        int length = bytes.getInt(12);
        if (length < 0 || length > BODY_MAX || bytes.remaining() != HEADER + length + 4) {
            throw bad(
                    "it says %d bytes of content and has %d bytes"
                            .formatted(length, bytes.remaining()));
        }
        int stored = bytes.getInt(HEADER + length);
        int computed = checksum(bytes, HEADER + length);
        if (stored != computed) {
            throw bad("its checksum is %08x, stored is %08x".formatted(computed, stored));
        }
        if (bytes.getInt(8) != version) {
            throw bad(
                    "it has version %d, this program reads %d".formatted(bytes.getInt(8), version));
        }
        return bytes.slice(HEADER, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    public FaultException bad(String what) {
        return new FaultException(new VolumeFault.BadFile(volume, name, what));
    }

    private static int checksum(ByteBuffer bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().position(0).limit(length));
        return (int) crc.getValue();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.DeviceDisk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.atrest.Sealing;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.SmallFile;
import io.redoubt.storage.block.Text;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;

/// Where the content of a volume lies: in a file of its directory, or on a whole block device.
///
/// Which device it is stands in `volume.device`, so that a later start needs no option and never takes another one for it. A crash after
/// that file and before `volume.meta` leaves a directory without a volume; making it wipes the device, so it must be allowed again.
///
/// @param device as the operator calls it, best by an id under `/dev/disk`; empty: what the directory says
/// @param wipe   whether a new volume may turn the device into zeros
record Backing(Optional<Path> device, boolean wipe) {
    private static final String CONTENT = "volume.raw";
    private static final String FILE = "volume.device";
    private static final String MAGIC = "RDBTDEV1";
    private static final int VERSION = 1;
    private static final int BODY_MAX = 4096;

    /// The directory with the content in it, wherever it lies.
    ///
    /// @throws FaultException with a [ServeFault], and the device untouched
    Disk over(SystemDisk directory, VolumeId volume, Sealing asked) {
        var file = new SmallFile(directory, volume, FILE, MAGIC, VERSION);
        Optional<Path> stored =
                file.exists() ? Optional.of(Path.of(Text.get(file.read()))) : Optional.empty();
        Optional<Path> chosen = device.or(() -> stored);
        if (chosen.isEmpty()) {
            return directory;
        }
        if (!asked.equals(Sealing.NONE)) {
            throw new FaultException(new ServeFault.PlainDevice(chosen.get().toString()));
        }
        boolean exists = RawVolume.find(directory, volume).isPresent();
        if (exists && !chosen.equals(stored)) {
            throw new FaultException(
                    new ServeFault.OtherDevice(
                            directory.directory().toString(),
                            stored.map(Path::toString).orElse(CONTENT),
                            chosen.get().toString()));
        }
        if (!exists) {
            if (!wipe || device.isEmpty()) {
                throw new FaultException(new ServeFault.WouldWipe(chosen.get().toString()));
            }
            file.replace(encode(chosen.get()));
        }
        return new DeviceDisk(directory.directory(), CONTENT, chosen.get());
    }

    private static ByteBuffer encode(Path device) {
        ByteBuffer body = ByteBuffer.allocate(BODY_MAX).order(ByteOrder.LITTLE_ENDIAN);
        Text.put(body, device.toString());
        return body.flip();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;

/// Every way that a volume refuses work.
public sealed interface VolumeFault extends Fault {
    /// The range is not inside the volume.
    record OutOfRange(VolumeId volume, long offset, long length, long size) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s has %d bytes; %d bytes at %d are not inside it."
                    .formatted(volume, size, length, offset);
        }

        @Override
        public String remedy() {
            return "Check the client's idea of the volume's size; reconnect it after a resize.";
        }
    }

    /// Another holder was given a higher attachment number, or another site was promoted.
    record Fenced(VolumeId volume, long held, long current) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s is attached under number %d; number %d may not use it any more."
                    .formatted(volume, current, held);
        }

        @Override
        public String remedy() {
            return "Attach the volume again where it is primary now; the old holder must stop.";
        }
    }

    /// The stored bytes do not match their checksum.
    record Damaged(VolumeId volume, long offset, String where) implements VolumeFault {
        @Override
        public String message() {
            return "The 4 KiB block at %d of volume %s is damaged in %s."
                    .formatted(offset, volume, where);
        }

        @Override
        public String remedy() {
            return "Recover from a point before the damage, or let the source send the block again.";
        }
    }
}

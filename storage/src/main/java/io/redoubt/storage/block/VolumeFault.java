// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;

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

    /// No room for the write: the disk is full, or the quota of a sparse overlay is used up. The old bytes are still there.
    record Full(VolumeId volume, long offset, String limit) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s has no room for a write at %d: %s.".formatted(volume, offset, limit);
        }

        @Override
        public String remedy() {
            return "Free room on the disk or raise the quota, then let the guest go on.";
        }
    }

    /// The disk below answered with an error.
    record DiskFailed(VolumeId volume, String cause, String remedy) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s cannot use its disk: %s".formatted(volume, cause);
        }
    }

    /// The image below an overlay cannot be read, and the bytes were not copied yet. What was written is safe.
    record SourceGone(VolumeId volume, String source, long offset, String cause)
            implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s has not copied its block at %d yet, and its source %s does not answer: %s"
                    .formatted(volume, offset, source, cause);
        }

        @Override
        public String remedy() {
            return "Bring the source back; the copying goes on by itself, and no write is lost meanwhile.";
        }
    }

    /// A flush failed once: what was not durable then may be lost, so no later flush may claim it.
    record Untrusted(VolumeId volume, String cause) implements VolumeFault {
        @Override
        public String message() {
            return "A flush of volume %s failed; its unflushed writes may be lost: %s"
                    .formatted(volume, cause);
        }

        @Override
        public String remedy() {
            return "Stop the guest, repair the disk, and check the guest's file systems before it runs again.";
        }
    }

    /// The view was closed by its holder.
    record Closed(VolumeId volume) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s was closed.".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Open or attach it again.";
        }
    }

    /// A file of the volume is not what its format says.
    record BadFile(VolumeId volume, String file, String what) implements VolumeFault {
        @Override
        public String message() {
            return "File %s of volume %s cannot be used: %s.".formatted(file, volume, what);
        }

        @Override
        public String remedy() {
            return "Restore the file from a backup; docs/formats/volume.md says what it must hold.";
        }
    }

    /// The directory holds a volume already.
    record Exists(VolumeId volume) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s exists already.".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Open it, or make another one in another directory.";
        }
    }

    /// The volume exists with other properties than asked for.
    record Different(VolumeId volume, String property, String stored, String asked)
            implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s has %s %s, not %s.".formatted(volume, property, stored, asked);
        }

        @Override
        public String remedy() {
            return "Open it as it is stored, or make another volume in another directory.";
        }
    }

    /// The attachment number is the volume's already, given by somebody else.
    record NumberTaken(VolumeId volume, long number) implements VolumeFault {
        @Override
        public String message() {
            return "Attachment number %d of volume %s was given out by somebody else."
                    .formatted(number, volume);
        }

        @Override
        public String remedy() {
            return "Raise the fence to %d.".formatted(number + 1);
        }
    }

    /// The attachment number is above what the volume was raised to.
    record NotRaised(VolumeId volume, long asked, long current) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s is at attachment number %d; %d was never confirmed."
                    .formatted(volume, current, asked);
        }

        @Override
        public String remedy() {
            return "Raise the fence first.";
        }
    }

    /// Requests of superseded attachments did not end in time. The old numbers stay refused, the new one is not confirmed.
    record DrainStuck(VolumeId volume, long number, int running, long waitedMillis)
            implements VolumeFault {
        @Override
        public String message() {
            return "%d requests of older attachments of volume %s still run after %d ms; number %d is not confirmed."
                    .formatted(running, volume, waitedMillis, number);
        }

        @Override
        public String remedy() {
            return "Raise the same number again; if it stays stuck, the process that owns the volume must be killed.";
        }
    }

    /// The volume's key is wrapped by another region key than the one at hand.
    record WrongKey(VolumeId volume, String wanted, String given) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s is encrypted under region key %s; the one given is %s."
                    .formatted(volume, wanted, given);
        }

        @Override
        public String remedy() {
            return "Give the file that holds region key %s. Without it nobody can read the volume."
                    .formatted(wanted);
        }
    }

    /// The volume is encrypted, and nobody gave a region key.
    record NoKey(VolumeId volume) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s is encrypted, and no region key was given.".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Name the file of the region key, for example --region-key /etc/redoubt/region.key.";
        }
    }

    /// The volume's key was overwritten, as a deletion does first.
    record Erased(VolumeId volume) implements VolumeFault {
        @Override
        public String message() {
            return "The key of volume %s was erased; its content cannot be read any more."
                    .formatted(volume);
        }

        @Override
        public String remedy() {
            return "Delete what is left of the volume; recover its content from a backup or a recovery point.";
        }
    }

    /// The library that encrypts is not there.
    record NoCipher(VolumeId volume, String library, String cause) implements VolumeFault {
        @Override
        public String message() {
            return "Volume %s is encrypted, and %s cannot be used: %s."
                    .formatted(volume, library, cause);
        }

        @Override
        public String remedy() {
            return "Install OpenSSL 3: apt-get install libssl3 (Debian 12), libssl3t64 (Debian 13, Ubuntu 24.04).";
        }
    }

    /// Another process owns the directory.
    record Owned(String directory, long pid, String why) implements VolumeFault {
        @Override
        public String message() {
            return "Process %d owns the volume in %s: %s.".formatted(pid, directory, why);
        }

        @Override
        public String remedy() {
            return "Stop that process, or start this one with --take-over.";
        }
    }

    /// The same refusal in the words of a volume.
    static FaultException of(VolumeId volume, long offset, FaultException cause) {
        return switch (cause.fault()) {
            case VolumeFault _ -> cause;
            case DiskFault.Full full ->
                    new FaultException(new Full(volume, offset, full.message()), cause);
            case Fault fault ->
                    new FaultException(
                            new DiskFailed(volume, fault.message(), fault.remedy()), cause);
        };
    }
}

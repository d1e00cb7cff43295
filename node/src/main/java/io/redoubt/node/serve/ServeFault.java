// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.fault.Fault;

/// What only `volume serve` refuses.
sealed interface ServeFault extends Fault {
    /// A new volume on a device begins with zeros.
    record WouldWipe(String device) implements ServeFault {
        @Override
        public String message() {
            return "A volume on %s begins with turning all of the device into zeros."
                    .formatted(device);
        }

        @Override
        public String remedy() {
            return "Look twice whether it is the right one, then give it with --device and --wipe.";
        }
    }

    /// The volume has its content elsewhere.
    record OtherDevice(String directory, String stored, String given) implements ServeFault {
        @Override
        public String message() {
            return "The volume in %s has its content in %s, not on %s."
                    .formatted(directory, stored, given);
        }

        @Override
        public String remedy() {
            return "Leave out --device: the directory knows where the content is. A new volume needs a new --dir.";
        }
    }

    /// Seals stand beside files; a device has none yet.
    record PlainDevice(String device) implements ServeFault {
        @Override
        public String message() {
            return "A volume on %s is neither encrypted nor checked.".formatted(device);
        }

        @Override
        public String remedy() {
            return "Leave out --encrypt and --integrity, or use a file: a file system on the device, and --dir there.";
        }
    }

    /// A volume on a device is as large as the device.
    record OtherSize(String device, long deviceBytes, long wanted) implements ServeFault {
        @Override
        public String message() {
            return "%s has %d bytes, the volume shall have %d."
                    .formatted(device, deviceBytes, wanted);
        }

        @Override
        public String remedy() {
            return "Leave out --size, or give the size of the device.";
        }
    }

    /// There is nothing to open, and nothing says how large to make it.
    record NoSize(String directory) implements ServeFault {
        @Override
        public String message() {
            return "The directory %s holds no volume.".formatted(directory);
        }

        @Override
        public String remedy() {
            return "Add --size, for example --size 10GiB, to make one there.";
        }
    }
}

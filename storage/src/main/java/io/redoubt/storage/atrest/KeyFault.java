// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.fault.Fault;

/// Every way that the file of a region key is refused.
public sealed interface KeyFault extends Fault {
    /// Others than the owner can read or write it.
    record Open(String file, String mode) implements KeyFault {
        @Override
        public String message() {
            return "The region key %s has mode %s: others than its owner can use it."
                    .formatted(file, mode);
        }

        @Override
        public String remedy() {
            return "chmod 600 %s; if others may have read it, make volumes under a new key and copy into them."
                    .formatted(file);
        }
    }

    /// It lies where the volumes lie, so who takes the disk has both.
    record Inside(String file, String directory) implements KeyFault {
        @Override
        public String message() {
            return "The region key %s lies inside the volume's directory %s."
                    .formatted(file, directory);
        }

        @Override
        public String remedy() {
            return "Keep the key on another disk, or at least in another directory.";
        }
    }

    /// Its content is not a region key.
    record Bad(String file, String what) implements KeyFault {
        @Override
        public String message() {
            return "The region key %s cannot be used: %s.".formatted(file, what);
        }

        @Override
        public String remedy() {
            return "Restore the file from its copy. Without it the volumes under this key cannot be read.";
        }
    }

    /// The cipher's library cannot be used.
    record NoCipher(String library, String cause) implements KeyFault {
        @Override
        public String message() {
            return "Nothing can be encrypted or decrypted, for %s cannot be used: %s."
                    .formatted(library, cause);
        }

        @Override
        public String remedy() {
            return "Install OpenSSL 3: apt-get install libssl3 (Debian 12), libssl3t64 (Debian 13, Ubuntu 24.04).";
        }
    }

    /// The file system refused.
    record Failed(String file, String operation, String cause) implements KeyFault {
        @Override
        public String message() {
            return "Cannot %s the region key %s: %s.".formatted(operation, file, cause);
        }

        @Override
        public String remedy() {
            return "Check the directory and its rights; the key file belongs to the user of this process.";
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/// The real driver keeps the contract.
class SystemDiskTest extends DiskContract {
    @TempDir Path directory = Path.of(".");

    @Override
    Disk disk() {
        return new SystemDisk(directory.resolve("disk"));
    }
}

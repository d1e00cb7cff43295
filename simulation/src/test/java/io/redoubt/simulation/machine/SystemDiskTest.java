// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The real driver keeps the contract.
class SystemDiskTest extends DiskContract {
    @TempDir Path directory = Path.of(".");

    @Override
    Disk disk() {
        return new SystemDisk(directory.resolve("disk"));
    }

    /// Root may write where others may not, so the refusal is what a test that runs as root can see.
    @Test
    void a_file_that_is_opened_for_reading_reads_and_refuses_every_write() {
        var disk = new SystemDisk(directory.resolve("disk"));
        try (DiskFile made = disk.create("template")) {
            made.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        }
        try (DiskFile template = disk.openForReading("template")) {
            ByteBuffer read = ByteBuffer.allocate(3);
            template.read(0, read);
            assertThat(read.array()).containsExactly(1, 2, 3);
            assertThatThrownBy(() -> template.write(0, ByteBuffer.wrap(new byte[] {9})))
                    .isInstanceOf(FaultException.class);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// One `up` or `down` at a time in a home. The kernel lets go of it when the process dies.
record RegionLock(FileChannel channel) implements AutoCloseable {

    /// @throws FaultException with [LauncherFault.Busy] when another process holds it
    static RegionLock take(Home home) {
        try {
            FileChannel channel =
                    FileChannel.open(
                            home.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                channel.close();
                throw new FaultException(new LauncherFault.Busy(home.path()));
            }
            return new RegionLock(channel);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // another thread of this process
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.GuestFault;
import io.redoubt.compute.host.Pause;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Builders of one cache take turns, in this JVM and in others. The kernel frees the lock of a process that ends in any way.
record BuildLock(Path file, Duration bound) {
    private static final Duration BOUND = Duration.ofMinutes(15);
    private static final Duration POLL = Duration.ofMillis(50);

    static BuildLock of(Path file) {
        return new BuildLock(file, BOUND);
    }

    /// @throws FaultException with [GuestFault.BuildLocked] when it is not free within the bound
    <T> T hold(Supplier<T> work) {
        try {
            Files.createDirectories(file.getParent());
            try (FileChannel channel =
                            FileChannel.open(
                                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock _ = acquire(channel)) {
                return work.get();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FileLock acquire(FileChannel channel) throws IOException {
        long end = System.nanoTime() + bound.toNanos();
        while (System.nanoTime() - end < 0) {
            FileLock lock = attempt(channel);
            if (lock != null) {
                return lock;
            }
            Pause.of(POLL);
        }
        throw new FaultException(new GuestFault.BuildLocked(file.toString(), bound.toSeconds()));
    }

    private static @Nullable FileLock attempt(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // another thread of this JVM holds it
        }
    }
}

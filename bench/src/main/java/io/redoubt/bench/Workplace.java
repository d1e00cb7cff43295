// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// A directory for a run. It goes away with the run, also when that is stopped in the middle, and then takes the processes with it.
final class Workplace implements AutoCloseable {
    private static final int TRIED_MAX = 20;
    private static final long AGAIN_NANOS = 50_000_000L;

    private final Path directory;
    private final Thread whenStopped;

    private Workplace(Path directory) {
        this.directory = directory;
        this.whenStopped = new Thread(this::leaveNothing);
        Runtime.getRuntime().addShutdownHook(whenStopped);
    }

    /// @param needed bytes, without which it is refused
    static Workplace in(Path parent, long needed) {
        try {
            long free = Files.getFileStore(parent).getUsableSpace();
            if (free < needed) {
                throw new FaultException(new BenchFault.NoRoom(parent.toString(), free, needed));
            }
            return new Workplace(Files.createTempDirectory(parent, "redoubt-bench"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path directory() {
        return directory;
    }

    /// Its servers would run on, and hold their memory. The run itself goes on beside this until the process ends, and may just be starting another
    /// one or writing another file.
    private void leaveNothing() {
        for (int tried = 1; Files.exists(directory); tried++) {
            List<ProcessHandle> left = ProcessHandle.current().descendants().toList();
            left.forEach(ProcessHandle::destroyForcibly);
            left.forEach(process -> process.onExit().join());
            try {
                delete(directory);
            } catch (UncheckedIOException e) {
                if (tried == TRIED_MAX) {
                    throw e;
                }
                LockSupport.parkNanos(AGAIN_NANOS);
            }
        }
    }

    @Override
    public void close() {
        try {
            if (!Runtime.getRuntime().removeShutdownHook(whenStopped)) {
                return;
            }
        } catch (IllegalStateException _) {
            return; // it is being done just now
        }
        delete(directory);
    }

    static void delete(Path root) {
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// The right of one process to use the files of a volume's directory, given back when it ends, however it ends.
///
/// It is an open-file-description lock on `owner.lock`: a POSIX lock would vanish when any descriptor of the file is closed. The
/// file names the owner by process number, start time and boot, so that a successor kills that process and no other.
public final class OwnerLock implements AutoCloseable {
    private static final String FILE = "owner.lock";
    private static final int LOOK_MILLIS = 20;

    private final int descriptor;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private OwnerLock(int descriptor) {
        this.descriptor = descriptor;
    }

    /// @param start in clock ticks since the boot, as in `/proc/PID/stat`
    private record Owner(long pid, long start, String boot) {
        static Owner self() {
            long pid = ProcessHandle.current().pid();
            return new Owner(pid, startOf(pid).orElseThrow(), currentBoot());
        }

        /// Empty also while an owner is between locking and writing.
        static Optional<Owner> in(Path file) {
            try {
                String[] words = Files.readString(file, US_ASCII).strip().split(" ");
                return words.length == 3
                        ? Optional.of(
                                new Owner(
                                        Long.parseLong(words[0]),
                                        Long.parseLong(words[1]),
                                        words[2]))
                        : Optional.empty();
            } catch (IOException | NumberFormatException _) {
                return Optional.empty();
            }
        }

        boolean isAlive() {
            return boot.equals(currentBoot())
                    && startOf(pid).filter(now -> now == start).isPresent();
        }

        boolean isSelf() {
            return pid == ProcessHandle.current().pid();
        }
    }

    /// Takes the lock when nobody has it.
    ///
    /// @throws FaultException with [VolumeFault.Owned] when a process, also this one, has it
    public static OwnerLock take(Path directory) {
        return tryTake(directory)
                .orElseThrow(() -> owned(directory, "it holds the lock of this directory"));
    }

    /// Kills the process that has the lock, then takes it.
    ///
    /// @param patience how long the killed process may take to end
    /// @throws FaultException with [VolumeFault.Owned] when it did not end, may not be killed, or is this one
    public static OwnerLock takeOver(Path directory, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            Optional<OwnerLock> lock = tryTake(directory);
            if (lock.isPresent()) {
                return lock.get();
            }
            Optional<Owner> owner = Owner.in(directory.resolve(FILE));
            if (owner.filter(Owner::isSelf).isPresent()) {
                throw owned(directory, "it is this process");
            }
            if (owner.isPresent() && !kill(owner.get())) {
                throw owned(directory, "it may not be killed by this user");
            }
            if (System.nanoTime() - end > 0) {
                throw owned(
                        directory, "it did not end within %d ms".formatted(patience.toMillis()));
            }
            pause(directory);
        }
    }

    /// The living process that took the lock last, by what the file says. Looks only, so nobody is kept from taking it.
    public static Optional<Long> holder(Path directory) {
        return Owner.in(directory.resolve(FILE)).filter(Owner::isAlive).map(Owner::pid);
    }

    @Override
    public void close() {
        if (open.compareAndSet(true, false)) {
            LinuxCalls.close(descriptor);
        }
    }

    private static Optional<OwnerLock> tryTake(Path directory) {
        Path file = directory.resolve(FILE);
        int descriptor = LinuxCalls.open(file);
        if (descriptor < 0) {
            throw new FaultException(
                    new DiskFault.Failed(file.toString(), "open", "it cannot be written"));
        }
        if (!LinuxCalls.tryLock(descriptor)) {
            LinuxCalls.close(descriptor);
            return Optional.empty();
        }
        Owner self = Owner.self();
        try {
            Files.writeString(
                    file,
                    "%d %d %s%n".formatted(self.pid(), self.start(), self.boot()),
                    US_ASCII,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            LinuxCalls.close(descriptor);
            throw new FaultException(
                    new DiskFault.Failed(file.toString(), "write", String.valueOf(e.getMessage())),
                    e);
        }
        return Optional.of(new OwnerLock(descriptor));
    }

    /// The handle is opened before the owner's identity is looked at again, so the signal reaches that process or none.
    ///
    /// @return false when the kernel refused
    private static boolean kill(Owner owner) {
        int handle = LinuxCalls.processHandle(owner.pid());
        if (handle < 0) {
            return true; // gone
        }
        try {
            return !owner.isAlive() || LinuxCalls.kill(handle) || !owner.isAlive();
        } finally {
            LinuxCalls.close(handle);
        }
    }

    private static Optional<Long> startOf(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), US_ASCII);
            // the second field is the name in brackets and may hold anything
            String[] rest = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Optional.of(Long.parseLong(rest[19]));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static String currentBoot() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id"), US_ASCII).strip();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void pause(Path directory) {
        try {
            Thread.sleep(LOOK_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw owned(directory, "waiting for it was interrupted");
        }
    }

    private static FaultException owned(Path directory, String why) {
        long pid = Owner.in(directory.resolve(FILE)).map(Owner::pid).orElse(0L);
        return new FaultException(new VolumeFault.Owned(directory.toString(), pid, why));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// What the owner lock needs of Linux: open-file-description locks, and signals that cannot hit a reused process number.
final class LinuxCalls {
    private static final int O_RDWR_CREAT_CLOEXEC = 2 | 0x40 | 0x80000;
    private static final int F_OFD_SETLK = 37;
    private static final short F_WRLCK = 1;
    private static final int FLOCK_BYTES =
            32; // struct flock of 64-bit Linux; l_type is its first field
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final long SIGKILL = 9;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final MethodHandle OPEN =
            handle("open", 2, FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, INT));
    private static final MethodHandle CLOSE = handle("close", 1, FunctionDescriptor.of(INT, INT));
    private static final MethodHandle FCNTL =
            handle("fcntl", 2, FunctionDescriptor.of(INT, INT, INT, ValueLayout.ADDRESS));
    private static final MethodHandle SYSCALL =
            handle("syscall", 1, FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG));

    private LinuxCalls() {}

    /// Opens or makes a file for its user only. @return a descriptor, negative when refused
    static int open(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            return (int)
                    OPEN.invokeExact(
                            arena.allocateFrom(path.toString()), O_RDWR_CREAT_CLOEXEC, 0600);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void close(int descriptor) {
        try {
            int _ = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Locks the whole file for this open file description. It ends when the last descriptor of the description is closed,
    /// at the latest when the process dies, whatever else is opened and closed meanwhile.
    static boolean tryLock(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(FLOCK_BYTES, 8); // from 0, length 0: to the end
            whole.set(ValueLayout.JAVA_SHORT, 0, F_WRLCK);
            return (int) FCNTL.invokeExact(descriptor, F_OFD_SETLK, whole) == 0;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// A handle of the process that has this number now. @return negative when there is none
    static int processHandle(long pid) {
        return (int) syscall(PIDFD_OPEN, pid, 0);
    }

    static boolean kill(int processHandle) {
        return syscall(PIDFD_SEND_SIGNAL, processHandle, SIGKILL) == 0;
    }

    private static long syscall(long number, long first, long second) {
        try {
            return (long) SYSCALL.invokeExact(number, first, second, 0L, 0L);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }

    private static MethodHandle handle(
            String name, int fixedArguments, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup().findOrThrow(name);
        return fixedArguments == descriptor.argumentLayouts().size()
                ? linker.downcallHandle(address, descriptor)
                : linker.downcallHandle(
                        address, descriptor, Linker.Option.firstVariadicArg(fixedArguments));
    }
}

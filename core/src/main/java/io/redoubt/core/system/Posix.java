// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The calls of the C library behind [SystemFile]. Each returns the call's result, or the error number negated.
///
/// NIO's channels are not used for files: they close themselves, for every thread, when one thread is interrupted in a call.
final class Posix {
    static final int EINTR = 4;
    static final int ENOENT = 2;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int ENOSPC = 28;
    static final int EDQUOT = 122;
    static final int EOPNOTSUPP = 95;
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_CLOEXEC = 0x80000;
    static final int SEEK_END = 2;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int ENXIO = 6;
    static final int ZERO_RANGE_KEEP_SIZE = 0x10 | 0x01;
    static final int PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01;
    private static final int STAT_BYTES_MAX = 256;
    private static final int STAT_BLOCKS = 64; // the place of st_blocks, on x86-64 and on aarch64
    private static final int STAT_BLOCK = 512;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(PathElement.groupElement("errno")).withInvokeExactBehavior();
    private static final ThreadLocal<MemorySegment> ERROR =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

    private static final MethodHandle OPEN =
            handle(
                    "open",
                    FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle PREAD =
            handle("pread", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, SIZE, LONG));
    private static final MethodHandle PWRITE =
            handle("pwrite", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, SIZE, LONG));
    private static final MethodHandle FDATASYNC =
            handle("fdatasync", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle LSEEK =
            handle("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
    private static final MethodHandle SENDFILE =
            handle("sendfile", FunctionDescriptor.of(LONG, INT, INT, ValueLayout.ADDRESS, SIZE));
    private static final MethodHandle FTRUNCATE =
            handle("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
    private static final MethodHandle FALLOCATE =
            handle("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
    private static final MethodHandle FSTAT =
            handle("fstat", FunctionDescriptor.of(INT, INT, ValueLayout.ADDRESS));
    private static final ThreadLocal<MemorySegment> STAT =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STAT_BYTES_MAX, 8));
    private static final MethodHandle MMAP =
            handle(
                    "mmap",
                    FunctionDescriptor.of(
                            ValueLayout.ADDRESS, ValueLayout.ADDRESS, SIZE, INT, INT, INT, LONG));
    private static final MethodHandle MUNMAP =
            handle("munmap", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, SIZE));

    private static final ThreadLocal<MemorySegment> POSITION =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(LONG));

    private Posix() {}

    static int open(String path, int flags, int mode) {
        MemorySegment error = ERROR.get();
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) OPEN.invokeExact(error, arena.allocateFrom(path), flags, mode);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int close(int descriptor) {
        MemorySegment error = ERROR.get();
        try {
            int result = (int) CLOSE.invokeExact(error, descriptor);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long read(int descriptor, MemorySegment into, long offset) {
        MemorySegment error = ERROR.get();
        try {
            long result =
                    (long) PREAD.invokeExact(error, descriptor, into, into.byteSize(), offset);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long write(int descriptor, MemorySegment from, long offset) {
        MemorySegment error = ERROR.get();
        try {
            long result =
                    (long) PWRITE.invokeExact(error, descriptor, from, from.byteSize(), offset);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int sync(int descriptor) {
        MemorySegment error = ERROR.get();
        try {
            int result = (int) FDATASYNC.invokeExact(error, descriptor);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long seek(int descriptor, long offset, int whence) {
        MemorySegment error = ERROR.get();
        try {
            long result = (long) LSEEK.invokeExact(error, descriptor, offset, whence);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long send(int socket, int descriptor, long offset, long length) {
        MemorySegment error = ERROR.get();
        MemorySegment position = POSITION.get();
        position.set(LONG, 0, offset);
        try {
            long result = (long) SENDFILE.invokeExact(error, socket, descriptor, position, length);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int truncate(int descriptor, long size) {
        MemorySegment error = ERROR.get();
        try {
            int result = (int) FTRUNCATE.invokeExact(error, descriptor, size);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// @return the bytes of the disk behind the file
    static long room(int descriptor) {
        MemorySegment error = ERROR.get();
        MemorySegment stat = STAT.get();
        try {
            int result = (int) FSTAT.invokeExact(error, descriptor, stat);
            return result >= 0 ? stat.get(LONG, STAT_BLOCKS) * STAT_BLOCK : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Mode 0 puts blocks behind every byte of the range; [#ZERO_RANGE_KEEP_SIZE] makes it read as zeros.
    static int allocate(int descriptor, int mode, long offset, long length) {
        MemorySegment error = ERROR.get();
        try {
            int result = (int) FALLOCATE.invokeExact(error, descriptor, mode, offset, length);
            return result >= 0 ? result : failure(error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// @return the address, or the error number negated
    static long map(int descriptor, long size) {
        MemorySegment error = ERROR.get();
        try {
            var address =
                    (MemorySegment)
                            MMAP.invokeExact(
                                    error,
                                    MemorySegment.NULL,
                                    size,
                                    PROT_READ_WRITE,
                                    MAP_SHARED,
                                    descriptor,
                                    0L);
            return address.address() == -1 ? failure(error) : address.address();
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void unmap(MemorySegment mapping) {
        try {
            int ignored = (int) MUNMAP.invokeExact(ERROR.get(), mapping, mapping.byteSize());
            assert ignored == 0;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static int failure(MemorySegment state) {
        return -(int) ERRNO.get(state, 0L);
    }

    private static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }

    private static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option... options) {
        var all = new Linker.Option[options.length + 1];
        all[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(options, 0, all, 1, options.length);
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, all);
    }
}

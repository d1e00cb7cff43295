// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A file of the host's file system through the C library. An interrupt of a thread does nothing to it.
final class SystemFile implements DiskFile {
    /// How long [#close()] waits for calls in flight; past it the descriptor is kept open, for a reused number would
    /// send their bytes into another file.
    private static final long CLOSE_WAIT_NANOS_MAX = 60_000_000_000L;

    private static final Set<String> ZERO_BY_EXTENT = Set.of("ext4", "xfs");
    private static final int SCRATCH = 64 << 10;
    private static final MemorySegment ZEROS = Arena.ofAuto().allocate(1 << 20, 4096);
    private static final ThreadLocal<MemorySegment> COPY =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SCRATCH, 4096));

    private final Path path;
    private final int descriptor;
    private volatile @Nullable Boolean zeroesFast; // null until somebody asks
    private @Nullable Arena
            mappings; // guarded by this; few files are mapped, and closing it costs a word with
    // every thread
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    private SystemFile(Path path, int descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    static SystemFile create(Path path) {
        return open(path, Posix.O_RDWR | Posix.O_CREAT | Posix.O_EXCL);
    }

    static SystemFile open(Path path) {
        return open(path, Posix.O_RDWR);
    }

    static SystemFile openForReading(Path path) {
        return open(path, Posix.O_RDONLY);
    }

    private static SystemFile open(Path path, int flags) {
        int descriptor = Posix.open(path.toString(), flags | Posix.O_CLOEXEC, 0600);
        if (descriptor >= 0) {
            return new SystemFile(path, descriptor);
        }
        throw switch (-descriptor) {
            case Posix.ENOENT -> new FaultException(new DiskFault.Missing(path.toString()));
            case Posix.EEXIST -> new FaultException(new DiskFault.Exists(path.toString()));
            default -> failed(path, "open", -descriptor);
        };
    }

    /// A block device that nobody else uses: the kernel refuses one that is mounted or opened alone elsewhere.
    static SystemFile openAlone(Path device) {
        int flags = Posix.O_RDWR | Posix.O_CLOEXEC | Posix.O_EXCL;
        int descriptor = Posix.open(device.toString(), flags, 0);
        if (descriptor == -Posix.EBUSY) {
            throw new FaultException(
                    new DiskFault.Failed(
                            device.toString(), "open", "it is mounted or used by another process"));
        }
        if (descriptor == -Posix.ENOENT) {
            throw new FaultException(new DiskFault.Missing(device.toString()));
        }
        if (descriptor < 0) {
            throw failed(device, "open", -descriptor);
        }
        return new SystemFile(device, descriptor);
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        int total = 0;
        enter();
        try {
            while (into.hasRemaining()) {
                int count =
                        into.isDirect()
                                ? readDirect(offset + total, into)
                                : readCopied(offset + total, into);
                if (count == 0) {
                    break;
                }
                total += count;
            }
        } finally {
            exit();
        }
        return total;
    }

    private int readDirect(long offset, ByteBuffer into) {
        int count = (int) readOnce(offset, MemorySegment.ofBuffer(into));
        into.position(into.position() + count);
        return count;
    }

    private int readCopied(long offset, ByteBuffer into) {
        MemorySegment copy = COPY.get();
        int wanted = Math.min(SCRATCH, into.remaining());
        int count = (int) readOnce(offset, copy.asSlice(0, wanted));
        into.put(copy.asSlice(0, count).asByteBuffer());
        return count;
    }

    private long readOnce(long offset, MemorySegment into) {
        long count;
        do {
            count = Posix.read(descriptor, into, offset);
        } while (count == -Posix.EINTR);
        return require("read", count);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        long position = offset;
        enter();
        try {
            while (from.hasRemaining()) {
                int count;
                if (from.isDirect()) {
                    count = (int) writeOnce(position, MemorySegment.ofBuffer(from));
                } else {
                    MemorySegment copy = COPY.get();
                    int piece = Math.min(SCRATCH, from.remaining());
                    copy.asByteBuffer().put(from.slice(from.position(), piece));
                    count = (int) writeOnce(position, copy.asSlice(0, piece));
                }
                from.position(from.position() + count);
                position += count;
            }
        } finally {
            exit();
        }
    }

    private long writeOnce(long offset, MemorySegment from) {
        long count;
        do {
            count = Posix.write(descriptor, from, offset);
        } while (count == -Posix.EINTR);
        return require("write", count);
    }

    @Override
    public void sync() {
        enter();
        try {
            require("sync", Posix.sync(descriptor));
        } finally {
            exit();
        }
    }

    @Override
    public long size() {
        enter();
        try {
            return require("measure", Posix.seek(descriptor, 0, Posix.SEEK_END));
        } finally {
            exit();
        }
    }

    @Override
    public void allocate(long size) {
        long old = size();
        if (old >= size) {
            return;
        }
        long free = freeBytes();
        if (size - old > free) {
            throw new FaultException(new DiskFault.Full(path.toString(), size - old, free));
        }
        enter();
        try {
            allocateInside(old, size - old);
        } catch (FaultException e) {
            int _ = Posix.truncate(descriptor, old);
            throw e;
        } finally {
            exit();
        }
    }

    @Override
    public void allocate(long offset, long length) {
        enter();
        try {
            allocateInside(offset, length);
        } finally {
            exit();
        }
    }

    private void allocateInside(long offset, long length) {
        int result;
        do {
            result = Posix.allocate(descriptor, 0, offset, length);
        } while (result == -Posix.EINTR);
        if (result < 0) {
            throw -result == Posix.ENOSPC || -result == Posix.EDQUOT
                    ? new FaultException(new DiskFault.Full(path.toString(), length, freeBytes()))
                    : failed(path, "allocate", -result);
        }
    }

    @Override
    public void punch(long offset, long length) {
        enter();
        try {
            int result;
            do {
                result = Posix.allocate(descriptor, Posix.PUNCH_HOLE_KEEP_SIZE, offset, length);
            } while (result == -Posix.EINTR);
            require("punch", result);
        } finally {
            exit();
        }
    }

    @Override
    public long room() {
        enter();
        try {
            return require("measure", Posix.room(descriptor));
        } finally {
            exit();
        }
    }

    @Override
    public void truncate(long size) {
        enter();
        try {
            require("truncate", Posix.truncate(descriptor, size));
        } finally {
            exit();
        }
    }

    @Override
    public void zero(long offset, long length) {
        if (length == 0) {
            return;
        }
        enter();
        try {
            // Within the file only: the file system turns the range into zeros that keep their
            // room, without writing them.
            long inside = Math.min(length, Posix.seek(descriptor, 0, Posix.SEEK_END) - offset);
            if (inside == length
                    && Posix.allocate(descriptor, Posix.ZERO_RANGE_KEEP_SIZE, offset, length)
                            == 0) {
                return;
            }
            long done = 0;
            while (done < length) {
                long piece = Math.min(ZEROS.byteSize(), length - done);
                done += writeOnce(offset + done, ZEROS.asSlice(0, piece));
            }
        } finally {
            exit();
        }
    }

    /// Looked up once, when it is asked: that reads the host's table of mounts, too much for every file that is opened.
    @Override
    public boolean zeroesFast() {
        Boolean known = zeroesFast;
        if (known == null) {
            known = zeroesByExtent();
            zeroesFast = known;
        }
        return known;
    }

    /// These turn a range into unwritten extents whatever its size and alignment; others write the zeros.
    private boolean zeroesByExtent() {
        try {
            return ZERO_BY_EXTENT.contains(Files.getFileStore(path).type());
        } catch (IOException _) {
            return false;
        }
    }

    @Override
    public long nextData(long offset) {
        return seek(offset, Posix.SEEK_DATA, offset);
    }

    @Override
    public long nextHole(long offset) {
        return seek(offset, Posix.SEEK_HOLE, size());
    }

    /// @param unknown the answer of a file system that keeps no such record
    private long seek(long offset, int whence, long unknown) {
        enter();
        try {
            long found = Posix.seek(descriptor, offset, whence);
            if (found == -Posix.ENXIO) {
                return Posix.seek(descriptor, 0, Posix.SEEK_END); // nothing but holes from here on
            }
            return found < 0 ? unknown : found;
        } finally {
            exit();
        }
    }

    @Override
    public long send(long offset, long length, int socket) {
        if (socket < 0) {
            return length;
        }
        enter();
        try {
            long count;
            do {
                count = Posix.send(socket, descriptor, offset, length);
            } while (count == -Posix.EINTR);
            return count > 0 ? count : -1;
        } finally {
            exit();
        }
    }

    @Override
    public MemorySegment map(long size) {
        if (size() < size) {
            truncate(size);
        }
        enter();
        try {
            Arena arena = mappings();
            long address = require("map", Posix.map(descriptor, size));
            return MemorySegment.ofAddress(address).reinterpret(size, arena, Posix::unmap);
        } finally {
            exit();
        }
    }

    private synchronized Arena mappings() {
        if (closed.get()) {
            throw wasClosed();
        }
        Arena arena = mappings;
        if (arena == null) {
            arena = Arena.ofShared();
            mappings = arena;
        }
        return arena;
    }

    private synchronized void endMappings() {
        if (mappings != null) {
            mappings.close();
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        endMappings();
        long end = System.nanoTime() + CLOSE_WAIT_NANOS_MAX;
        while (calls.get() != 0) {
            if (System.nanoTime() - end > 0) {
                throw new FaultException(
                        new DiskFault.Failed(path.toString(), "close", "a call did not return"));
            }
            LockSupport.parkNanos(100_000);
        }
        require("close", Posix.close(descriptor));
    }

    private void enter() {
        calls.incrementAndGet();
        if (closed.get()) {
            calls.decrementAndGet();
            throw wasClosed();
        }
    }

    private FaultException wasClosed() {
        return new FaultException(new DiskFault.Failed(path.toString(), "use", "it was closed"));
    }

    private void exit() {
        calls.decrementAndGet();
    }

    private long freeBytes() {
        try {
            Path parent = path.toAbsolutePath().getParent();
            return parent == null ? Long.MAX_VALUE : Files.getFileStore(parent).getUsableSpace();
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "measure", e);
        }
    }

    private long require(String operation, long result) {
        if (result < 0) {
            throw failed(path, operation, (int) -result);
        }
        return result;
    }

    private static FaultException failed(Path path, String operation, int error) {
        if (error == Posix.ENOSPC || error == Posix.EDQUOT) {
            return new FaultException(new DiskFault.Full(path.toString(), 0, 0));
        }
        return new FaultException(
                new DiskFault.Failed(path.toString(), operation, "error number " + error));
    }
}

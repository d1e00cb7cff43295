// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/// What a Unix socket needs of Linux. Each call returns its result, or the error number negated.
///
/// NIO's channels keep their descriptor to themselves, and the kernel needs it to send a file; they also cost 2 us of a 7 us round trip.
final class SocketCalls {
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    static final int EMFILE = 24;
    static final int EPIPE = 32;
    static final int ECONNRESET = 104;
    private static final int AF_UNIX = 1;
    private static final int STREAM_CLOEXEC = 1 | 0x80000;
    private static final int CLOEXEC = 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int NOSIGNAL = 0x4000;
    private static final int SHUT_BOTH = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_SNDTIMEO = 21;
    private static final long SIOCOUTQ = 0x5411;
    private static final int PR_SET_TIMERSLACK = 29;
    private static final long SLACK_NANOS = 1000;
    private static final int ADDRESS_BYTES = 110;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout ADDRESS = ValueLayout.ADDRESS;
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(PathElement.groupElement("errno")).withInvokeExactBehavior();
    private static final Linker.Option VARIADIC_FROM_1 = Linker.Option.firstVariadicArg(1);
    private static final Linker.Option VARIADIC_FROM_2 = Linker.Option.firstVariadicArg(2);
    private static final ThreadLocal<MemorySegment> ERROR =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(INT, INT, INT, INT));
    private static final MethodHandle BIND =
            handle("bind", FunctionDescriptor.of(INT, INT, ADDRESS, INT));
    private static final MethodHandle CONNECT =
            handle("connect", FunctionDescriptor.of(INT, INT, ADDRESS, INT));
    private static final MethodHandle LISTEN =
            handle("listen", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle ACCEPT =
            handle("accept4", FunctionDescriptor.of(INT, INT, ADDRESS, ADDRESS, INT));
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", FunctionDescriptor.of(INT, INT, INT, INT, ADDRESS, INT));
    private static final MethodHandle RECV =
            handle("recv", FunctionDescriptor.of(LONG, INT, ADDRESS, LONG, INT));
    private static final MethodHandle SEND =
            handle("send", FunctionDescriptor.of(LONG, INT, ADDRESS, LONG, INT));
    private static final MethodHandle SHUTDOWN =
            handle("shutdown", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle IOCTL =
            handle("ioctl", FunctionDescriptor.of(INT, INT, LONG, ADDRESS), VARIADIC_FROM_2);
    private static final MethodHandle PRCTL =
            handle("prctl", FunctionDescriptor.of(INT, INT, LONG), VARIADIC_FROM_1);
    private static final MethodHandle STRERROR =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("strerror"),
                            FunctionDescriptor.of(ADDRESS, INT));

    private SocketCalls() {}

    static int socket() {
        MemorySegment error = ERROR.get();
        try {
            return result((int) SOCKET.invokeExact(error, AF_UNIX, STREAM_CLOEXEC, 0), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int bind(int socket, Path path) {
        MemorySegment error = ERROR.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            return result((int) BIND.invokeExact(error, socket, address, ADDRESS_BYTES), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int connect(int socket, Path path) {
        MemorySegment error = ERROR.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            return result((int) CONNECT.invokeExact(error, socket, address, ADDRESS_BYTES), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int listen(int socket, int backlog) {
        MemorySegment error = ERROR.get();
        try {
            return result((int) LISTEN.invokeExact(error, socket, backlog), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int accept(int socket) {
        MemorySegment error = ERROR.get();
        MemorySegment none = MemorySegment.NULL;
        try {
            return result((int) ACCEPT.invokeExact(error, socket, none, none, CLOEXEC), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// How long each later call waits, 0 for as long as it takes; then it ends with [#EAGAIN].
    static int millisMax(int socket, int millis) {
        MemorySegment error = ERROR.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(16, 8); // struct timeval
            time.set(LONG, 0, millis / 1000);
            time.set(LONG, 8, millis % 1000 * 1000L);
            int in = (int) SETSOCKOPT.invokeExact(error, socket, SOL_SOCKET, SO_RCVTIMEO, time, 16);
            if (in < 0) {
                return result(in, error);
            }
            int out =
                    (int) SETSOCKOPT.invokeExact(error, socket, SOL_SOCKET, SO_SNDTIMEO, time, 16);
            return result(out, error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// How much may wait in the socket for the peer; the system may grant less.
    static int sendRoom(int socket, int bytes) {
        MemorySegment error = ERROR.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(INT, bytes);
            return result(
                    (int) SETSOCKOPT.invokeExact(error, socket, SOL_SOCKET, SO_SNDBUF, value, 4),
                    error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// @param waits else it ends with [#EAGAIN] when nothing is there
    static int receive(int socket, MemorySegment into, boolean waits) {
        MemorySegment error = ERROR.get();
        int flags = waits ? 0 : MSG_DONTWAIT;
        try {
            long count = (long) RECV.invokeExact(error, socket, into, into.byteSize(), flags);
            return result((int) count, error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int send(int socket, MemorySegment from) {
        MemorySegment error = ERROR.get();
        try {
            long count = (long) SEND.invokeExact(error, socket, from, from.byteSize(), NOSIGNAL);
            return result((int) count, error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// How much of what was sent the peer has not taken yet; more than the bytes themselves, but 0 only when it has all.
    ///
    /// @param value room for an int
    static int untaken(int socket, MemorySegment value) {
        MemorySegment error = ERROR.get();
        try {
            int result = (int) IOCTL.invokeExact(error, socket, SIOCOUTQ, value);
            return result < 0 ? result(result, error) : value.get(INT, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Lets the sleeps of this thread end within a microsecond; the kernel otherwise adds up to 50.
    static int sleepPunctually() {
        MemorySegment error = ERROR.get();
        try {
            return result((int) PRCTL.invokeExact(error, PR_SET_TIMERSLACK, SLACK_NANOS), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int shutdown(int socket) {
        MemorySegment error = ERROR.get();
        try {
            return result((int) SHUTDOWN.invokeExact(error, socket, SHUT_BOTH), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int close(int socket) {
        MemorySegment error = ERROR.get();
        try {
            return result((int) CLOSE.invokeExact(error, socket), error);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// What the operating system calls an error.
    static String text(int error) {
        try {
            var text = (MemorySegment) STRERROR.invokeExact(error);
            return text.reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// @param path at most [UnixSocket#PATH_BYTES_MAX] bytes
    private static MemorySegment address(Arena arena, Path path) {
        MemorySegment address = arena.allocate(ADDRESS_BYTES, 2); // struct sockaddr_un
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        address.setString(2, path.toString(), StandardCharsets.UTF_8);
        return address;
    }

    private static int result(int result, MemorySegment state) {
        return result >= 0 ? result : -(int) ERRNO.get(state, 0L);
    }

    private static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }

    private static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option... more) {
        Linker linker = Linker.nativeLinker();
        Linker.Option[] options = Arrays.copyOf(more, more.length + 1);
        options[more.length] = Linker.Option.captureCallState("errno");
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/// The calls of OpenSSL 3's libcrypto that AES-256-XTS needs. A context is used by one thread at a time.
///
/// All of them are critical calls: no change of the thread's state, and arrays of the heap as they are. The longest takes a microsecond.
final class Libcrypto {
    static final String LIBRARY = "libcrypto.so.3";
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final MemorySegment NULL = MemorySegment.NULL;
    private static final int KEEP_DIRECTION = -1;
    private static final List<String> NAMES =
            List.of(
                    "EVP_CIPHER_CTX_new",
                    "EVP_CIPHER_CTX_free",
                    "EVP_CIPHER_CTX_copy",
                    "EVP_CipherInit_ex",
                    "EVP_CipherUpdate",
                    "EVP_aes_256_xts");

    private Libcrypto() {}

    /// @throws FaultException with [VolumeFault.NoCipher]
    static void require(VolumeId volume, String library) {
        missing(library)
                .ifPresent(cause -> {
                    throw new FaultException(new VolumeFault.NoCipher(volume, library, cause));
                });
    }

    /// @throws FaultException with [KeyFault.NoCipher]
    static void require() {
        missing(LIBRARY)
                .ifPresent(cause -> {
                    throw new FaultException(new KeyFault.NoCipher(LIBRARY, cause));
                });
    }

    private static Optional<String> missing(String library) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup found = SymbolLookup.libraryLookup(library, arena);
            return NAMES.stream()
                    .filter(name -> found.find(name).isEmpty())
                    .findFirst()
                    .map(name -> "it has no " + name);
        } catch (IllegalArgumentException _) {
            return Optional.of("it cannot be loaded");
        }
    }

    /// Loaded with the first use, after [#require] has passed.
    private static final class Handles {
        private static final SymbolLookup LOOKUP =
                SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        static final MethodHandle NEW =
                handle("EVP_CIPHER_CTX_new", FunctionDescriptor.of(ValueLayout.ADDRESS));
        static final MethodHandle FREE =
                handle("EVP_CIPHER_CTX_free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        static final MethodHandle COPY =
                handle(
                        "EVP_CIPHER_CTX_copy",
                        FunctionDescriptor.of(INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        static final MethodHandle INIT =
                handle(
                        "EVP_CipherInit_ex",
                        FunctionDescriptor.of(
                                INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                INT));
        static final MethodHandle UPDATE =
                handle(
                        "EVP_CipherUpdate",
                        FunctionDescriptor.of(
                                INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                INT));
        static final MethodHandle XTS =
                handle("EVP_aes_256_xts", FunctionDescriptor.of(ValueLayout.ADDRESS));

        private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
            return Linker.nativeLinker()
                    .downcallHandle(
                            LOOKUP.findOrThrow(name), descriptor, Linker.Option.critical(true));
        }
    }

    /// A context for one direction. libcrypto keeps its own copy of the key and clears it in [#free].
    static MemorySegment newXts(byte[] key, boolean encrypt) {
        try {
            MemorySegment context = newContext();
            var xts = (MemorySegment) Handles.XTS.invokeExact();
            require(
                    (int)
                            Handles.INIT.invokeExact(
                                    context,
                                    xts,
                                    NULL,
                                    MemorySegment.ofArray(key),
                                    NULL,
                                    encrypt ? 1 : 0),
                    "EVP_CipherInit_ex");
            return context;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// A context with the same key and direction, for another thread.
    static MemorySegment copy(MemorySegment context) {
        try {
            MemorySegment copy = newContext();
            require((int) Handles.COPY.invokeExact(copy, context), "EVP_CIPHER_CTX_copy");
            return copy;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void free(MemorySegment context) {
        try {
            Handles.FREE.invokeExact(context);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// One data unit under one tweak.
    ///
    /// @param tweak  16 bytes
    /// @param length where libcrypto puts the bytes done, 4 bytes
    /// @param out    may be the same memory as `in`
    static void crypt(
            MemorySegment context,
            MemorySegment tweak,
            MemorySegment length,
            MemorySegment in,
            MemorySegment out) {
        try {
            require(
                    (int)
                            Handles.INIT.invokeExact(
                                    context, NULL, NULL, NULL, tweak, KEEP_DIRECTION),
                    "EVP_CipherInit_ex");
            require(
                    (int) Handles.UPDATE.invokeExact(context, out, length, in, (int) in.byteSize()),
                    "EVP_CipherUpdate");
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static MemorySegment newContext() throws Throwable {
        var context = (MemorySegment) Handles.NEW.invokeExact();
        if (context.equals(NULL)) {
            throw new OutOfMemoryError("EVP_CIPHER_CTX_new");
        }
        return context;
    }

    private static void require(int result, String call) {
        if (result != 1) {
            throw new IllegalStateException(call + " refused valid arguments");
        }
    }

    private static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.nio.ByteBuffer;

/// A random-access image that can be read: a template, a view of a journal at a recovery point, a volume.
public interface BlockImage {
    /// Bytes, a multiple of 512.
    long size();

    /// Fills the buffer from its position to its limit.
    ///
    /// @param offset bytes from the start of the image, any alignment
    /// @throws io.redoubt.core.fault.FaultException with [VolumeFault.OutOfRange] when the range is not inside
    ///     the image, with [VolumeFault.Damaged] when the bytes cannot be trusted: never other data
    void read(long offset, ByteBuffer into);

    /// How bytes of an image are kept.
    enum Kind {
        /// Something was written there; it may be zeros all the same.
        DATA,
        /// Reads as zeros, with room behind it.
        ZERO,
        /// Reads as zeros, with no room behind it: a write there may find the datastore full.
        HOLE
    }

    /// Takes one extent after the other.
    @FunctionalInterface
    interface ExtentSink {
        /// @param length of the extent that follows the one before, positive; neighbours may be of the same kind
        /// @return false when no more are wanted
        boolean extent(long length, Kind kind);
    }

    /// Tells how a range is kept, from its first byte to its last, as it was at some moment of the call for each extent. An
    /// image that does not know says DATA; the other kinds are promises that it reads as zeros.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [VolumeFault.OutOfRange]
    default void extents(long offset, long length, ExtentSink sink) {
        if (length > 0) {
            sink.extent(length, Kind.DATA);
        }
    }

    /// What [#send] answers when only [#read] can be used.
    long NO_FILE = -1;

    /// Lets the kernel send a range to a socket from the file that holds it plain, without a copy through this process. Only for
    /// what stands in one file at this offset unchanged; bytes that are changed while they are in the socket may arrive changed, so
    /// a frozen view never does this.
    ///
    /// @param socket a descriptor that blocks, or negative to ask only
    /// @return bytes that the socket took (or would), at least 1, perhaps fewer than asked; or [#NO_FILE]
    default long send(long offset, long length, int socket) {
        return NO_FILE;
    }
}

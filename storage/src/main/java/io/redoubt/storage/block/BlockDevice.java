// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.nio.ByteBuffer;

/// A volume or a layer around one.
///
/// A write that returned survives the crash of the process. It survives a power loss once a [#flush()] that was called after its
/// return has returned. Overlapping concurrent writes end in one order, the same for every reader.
///
/// All methods throw [io.redoubt.core.fault.FaultException] with a [VolumeFault].
public interface BlockDevice extends BlockImage, AutoCloseable {
    /// @param offset bytes from the start of the volume, any alignment
    /// @param from   written from its position to its limit; not kept after the return
    void write(long offset, ByteBuffer from);

    /// Turns a range into zeros and keeps its room.
    void zero(long offset, long length);

    /// Turns a range into zeros. A thin volume may give its room back, a thick one keeps it.
    default void trim(long offset, long length) {
        zero(offset, length);
    }

    /// Whether [#zero] is much faster than writing the zeros, for every range.
    default boolean zeroesFast() {
        return false;
    }

    /// Makes durable every write and zero that returned before this call, by whatever thread.
    void flush();

    @Override
    void close();
}

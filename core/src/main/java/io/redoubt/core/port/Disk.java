// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.port;

import java.util.List;

/// One directory of a file system, without subdirectories.
///
/// What survives: after a **process** crash everything that was written. After a **power loss** only the bytes of a file that a
/// returned [DiskFile#sync()] covers, and only the names (created, renamed, deleted) that a returned [#sync()] covers; anything
/// else may be there or not, in pieces of a sector.
///
/// Every method throws [io.redoubt.core.fault.FaultException] with a [DiskFault].
public interface Disk {
    /// Opens a file that exists.
    DiskFile open(String name);

    /// Makes a new empty file; refuses a name that exists.
    DiskFile create(String name);

    boolean exists(String name);

    /// The names in it, sorted.
    List<String> list();

    /// Replaces `to` if it exists, atomically.
    void rename(String from, String to);

    /// No fault when the name does not exist.
    void delete(String name);

    /// Makes the names durable (fsync of the directory).
    void sync();

    /// Bytes that can still be allocated.
    long freeBytes();
}

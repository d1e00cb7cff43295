/// The real machine behind the ports: its clock and its directories.
///
/// - **Owns** the drivers for [io.redoubt.core.port.Clock] and [io.redoubt.core.port.Disk] on Linux.
/// - **May use** `core.port`, `core.fault`.
/// - **Start at** [SystemDisk].
/// - **Threads** all methods may be called from any thread.
@NullMarked
package io.redoubt.core.system;

import org.jspecify.annotations.NullMarked;

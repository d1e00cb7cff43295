/// Starts and stops a region on one machine: a control plane and two zones with a node each, as processes that outlive us.
///
/// - **Owns** the layout of a region's home, its lock, the record of what was started (`region.json`), `up`, `down`, `status`.
/// - **May use** `cli.api` to ask the region, `core`. It starts processes only through the entry script, which knows their flags.
/// - **Start at** [Region]; [LauncherMain] is its command line.
/// - **Threads** the caller's; processes of a region are in sessions of their own.
@NullMarked
package io.redoubt.dist.launcher;

import org.jspecify.annotations.NullMarked;

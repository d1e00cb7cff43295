/// The control plane's process: its home, its database, its two listeners.
///
/// - **Owns** the order of start and stop, `control.json`, the lock on the home.
/// - **May use** every feature package, `dist.postgres`.
/// - **Start at** [ControlMain].
@NullMarked
package io.redoubt.control;

import org.jspecify.annotations.NullMarked;

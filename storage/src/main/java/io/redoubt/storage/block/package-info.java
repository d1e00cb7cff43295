/// Volumes and the small layers that stand around them.
///
/// - **Owns** the layer interface, the raw volume, the fence and the overlay.
/// - **May use** `core`. It opens no socket and reads no clock.
/// - **Start at** [BlockDevice].
/// - **Threads** every layer may be called by several threads at once.
@NullMarked
package io.redoubt.storage.block;

import org.jspecify.annotations.NullMarked;

/// Volumes: the interface that every layer has, the raw volume, the overlay, the fence, the limiter, and the lock of the owning process.
///
/// - **Owns** the files of a volume's directory: `docs/formats/volume.md`.
/// - **May use** `core`. It opens no socket, and reads no clock but for the waits of [VolumeLimit].
/// - **Start at** [BlockDevice]; then [RawVolume], [Overlay], [Fence], [Limiter], [OwnerLock].
/// - **Threads** every layer may be called by several threads at once.
@NullMarked
package io.redoubt.storage.block;

import org.jspecify.annotations.NullMarked;

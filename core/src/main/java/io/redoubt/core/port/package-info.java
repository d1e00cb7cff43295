/// What storage needs from the outside, as small interfaces: time and disks.
///
/// The simulator implements them with a seed; `core.system` implements them with the real machine.
///
/// - **Owns** the contracts, above all what a returned sync covers.
/// - **May use** `core.fault`.
/// - **Start at** [Disk].
@NullMarked
package io.redoubt.core.port;

import org.jspecify.annotations.NullMarked;

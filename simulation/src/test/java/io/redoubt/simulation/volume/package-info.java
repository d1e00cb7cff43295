/// Seeds of one volume with all of its layers: what it promises across crashes, and that each sync of its layers carries a part of it.
///
/// - **Start at** `VolumeWorldTest`.
@NullMarked
package io.redoubt.simulation.volume;

import org.jspecify.annotations.NullMarked;

/// What every volume promises, asserted once and held by every layer.
///
/// - **Start at** [BlockDeviceContract].
@NullMarked
package io.redoubt.storage.block;

import org.jspecify.annotations.NullMarked;

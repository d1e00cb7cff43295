/// The stream's bytes and its decisions.
///
/// - **Start at** `FrameCodecTest`.
@NullMarked
package io.redoubt.storage.replication;

import org.jspecify.annotations.NullMarked;

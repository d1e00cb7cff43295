/// Volumes on a disk that forgets: a crash at every disk call, of the process or of the power, and every sync taken out once.
///
/// - **Start at** [BlockCrashTest].
@NullMarked
package io.redoubt.storage.snapshot;

import org.jspecify.annotations.NullMarked;

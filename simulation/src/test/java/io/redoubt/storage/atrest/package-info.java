/// Encrypted and checked volumes on a disk that forgets: a crash at every disk call, and every sync taken out once.
///
/// - **Start at** [SealedCrashTest].
@NullMarked
package io.redoubt.storage.atrest;

import org.jspecify.annotations.NullMarked;

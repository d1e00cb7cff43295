/// Datastores on a disk that forgets and that a stranger fills: no crash leaks room, none loses any.
///
/// - **Start at** [DatastoreCrashTest].
@NullMarked
package io.redoubt.storage.pool;

import org.jspecify.annotations.NullMarked;

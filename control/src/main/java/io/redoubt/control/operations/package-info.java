/// Operations as clients see them: begun with a key, watched until they end.
///
/// - **Owns** the engine's start and stop, the resource `/v1/operations`.
/// - **May use** `workflow`, `gateway` (to start after it), `identity`, `web`, `database`.
/// - **Start at** [Operations].
@NullMarked
package io.redoubt.control.operations;

import org.jspecify.annotations.NullMarked;

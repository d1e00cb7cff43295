/// A client of a region's public API: who to trust, how to ask, how to wait for an operation.
///
/// - **Owns** the trust in the region's own certificate authority, idempotency keys, retries, the reading of problem details.
/// - **May use** `core`, Jackson, the JDK's HTTP client. It knows the API document only, and nothing of the control plane's code.
/// - **Start at** [Api]; the shapes are in `docs/api`.
/// - **Threads** an [Api] may be used by several threads.
@NullMarked
package io.redoubt.cli.api;

import org.jspecify.annotations.NullMarked;

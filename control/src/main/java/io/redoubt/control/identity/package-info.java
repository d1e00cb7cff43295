/// Who is asking: organisations, tenants, tokens.
///
/// - **Owns** the tables `organisation`, `tenant`, `access_token`, and the gate before every route.
/// - **May use** `web`, `database`.
/// - **Start at** [TokenGate] and [Caller].
@NullMarked
package io.redoubt.control.identity;

import org.jspecify.annotations.NullMarked;

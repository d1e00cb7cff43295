/// Units and identifiers that every other part speaks in.
///
/// - **Owns** sizes, rates and the names of things, each a checked value.
/// - **May use** nothing.
/// - **Start at** [Bytes].
@NullMarked
package io.redoubt.core;

import org.jspecify.annotations.NullMarked;

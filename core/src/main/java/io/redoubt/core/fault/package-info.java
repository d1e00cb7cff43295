/// How Redoubt says no: a fault says what happened, with which numbers, and what to do next.
///
/// - **Owns** the shape of a fault and the one exception that carries it.
/// - **May use** nothing.
/// - **Start at** [Fault].
@NullMarked
package io.redoubt.core.fault;

import org.jspecify.annotations.NullMarked;

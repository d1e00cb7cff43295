/// What all resources share: pages, and a fault's way to a problem detail.
///
/// - **Owns** the shape of an error and of a list.
/// - **May use** `core.fault`, `workflow`.
/// - **Start at** [Refusal].
@NullMarked
package io.redoubt.control.web;

import org.jspecify.annotations.NullMarked;

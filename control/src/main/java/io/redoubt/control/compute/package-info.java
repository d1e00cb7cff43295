/// Machines: what they are made of, where they run, what their node says of them.
///
/// - **Owns** the tables `machine` and `machine_disk`.
/// - **May use** `storage`, `region`, `gateway`, `operations`, `identity`, `web`, `database`.
/// - **Start at** [Machines].
@NullMarked
package io.redoubt.control.compute;

import org.jspecify.annotations.NullMarked;

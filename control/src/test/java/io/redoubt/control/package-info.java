/// The control plane under test: the real process's parts with the real PostgreSQL, and nodes that are played.
///
/// - **Start at** [TestRegion] and [FakeNode].
@NullMarked
package io.redoubt.control;

import org.jspecify.annotations.NullMarked;

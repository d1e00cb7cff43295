// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// A real link between real processes that can be slowed, delayed and cut: not every kernel can do this to its own.
///
/// - **Owns** what is on its way in each direction.
/// - **May use** the JDK's sockets alone.
/// - **Start at** [Relay].
/// - **Threads** one that accepts, two for each direction of a connection.
@NullMarked
package io.redoubt.simulation.link;

import org.jspecify.annotations.NullMarked;

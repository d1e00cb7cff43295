// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// Bugs planted into a copy of the product, to see that the simulation finds each of them (rule 45).
///
/// - **Owns** the patches' format, the compilation of a patched copy, the count of seeds until a world fails.
/// - **May use** the JDK's compiler and the sources of this tree. The product has no switch for any of it.
/// - **Start at** [PlantedBug]; the patches are `simulation/planted/*.patch`.
/// - **Threads** one.
@NullMarked
package io.redoubt.simulation.planted;

import org.jspecify.annotations.NullMarked;

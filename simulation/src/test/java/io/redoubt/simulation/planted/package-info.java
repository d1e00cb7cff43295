// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// The planted bugs: each still fits the sources, and each is found.
///
/// - **Start at** `PlantedBugsTest`.
@NullMarked
package io.redoubt.simulation.planted;

import org.jspecify.annotations.NullMarked;

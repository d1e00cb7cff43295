// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a journal is from its making on.
///
/// @param lineage the history that it holds
/// @param fork    where that history left another one; null for a first one
record Origin(UUID lineage, @Nullable Fork fork) {}

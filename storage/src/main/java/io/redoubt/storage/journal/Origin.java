// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.storage.atrest.KeyEnvelope;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a journal is from its making on.
///
/// @param lineage  the history that it holds
/// @param fork     where that history left another one; null for a first one
/// @param envelope the key of its blocks; null when they are not encrypted
record Origin(UUID lineage, @Nullable Fork fork, @Nullable KeyEnvelope envelope) {}

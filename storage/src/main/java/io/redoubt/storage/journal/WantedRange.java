// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;

/// Blocks whose newest version is damaged: a new write of what the source has there now heals them (rule 31).
///
/// @param offset in bytes, of whole blocks, as `length`
public record WantedRange(VolumeId volume, int slot, long offset, long length) {}

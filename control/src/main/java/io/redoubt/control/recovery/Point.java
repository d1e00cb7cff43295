// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.time.Instant;

/// A recovery point that is published at the receiver.
///
/// @param stamp the source's time at the cut
record Point(long number, Instant stamp, String tag, Instant publishedAt) {}

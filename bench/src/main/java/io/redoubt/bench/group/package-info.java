// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// A protected group to measure: the classes of production, wired as a node wires them, in processes that obey the lines of their input.
///
/// - **Owns** nothing; every process ends with its input.
/// - **May use** `storage`, `core`.
/// - **Start at** [SourceMain] and [ReceiverMain]; [IngestMain] and [ViewMain] measure one part alone.
/// - **Threads** those of production, and those that make a load within the process.
@NullMarked
package io.redoubt.bench.group;

import org.jspecify.annotations.NullMarked;

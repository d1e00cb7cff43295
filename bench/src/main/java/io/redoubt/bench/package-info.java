// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// What Redoubt does in a second, beside what others do on the same host in the same minute.
///
/// - **Owns** the profiles, the floors, the table of `docs/benchmarks.md`.
/// - **May use** `core`, `bench.group`. The servers it measures are processes of their own, ours too.
/// - **Start at** [BenchMain], then [BlockBench] and [ReplicationBench].
/// - **Threads** one.
@NullMarked
package io.redoubt.bench;

import org.jspecify.annotations.NullMarked;

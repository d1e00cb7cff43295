// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

/// What one server did in one cell of the table.
///
/// @param p99Nanos  the slower of reads, writes and flushes
/// @param cpuMicros processor time of the server for one operation, 0 when there is no server
record Cell(double iops, double p99Nanos, double cpuMicros) {}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import java.util.List;

/// A kind of thing that the API lists.
///
/// @param name in the singular, as it is typed
/// @param path of the list, from `/v1` on
record Noun(String name, String path, List<Column> columns) {}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.nio.file.Path;

/// @param incarnationFile counts the starts of this control plane outside its database
public record RecoverySettings(Path incarnationFile) {}

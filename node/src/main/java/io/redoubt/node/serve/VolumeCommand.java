// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import picocli.CommandLine.Command;

/// The group of commands about a volume on this host.
@Command(
        name = "volume",
        description = "A volume on this host, without a control plane.",
        subcommands = VolumeServe.class)
public final class VolumeCommand {}

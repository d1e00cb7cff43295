// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.node.serve.Tool;
import io.redoubt.protocol.AttachmentRaised;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A guest's random writes of 4 KiB, as fio measures them over NBD.
final class Fio {
    private Fio() {}

    /// @param options how deep, how fast and how long
    /// @return the fields of its terse line, version 3
    static String[] randomWrites(Path in, AttachmentRaised volume, long size, String... options)
            throws Exception {
        var argv =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=guest",
                                "--ioengine=nbd",
                                "--uri=nbd+unix:///%s?socket=%s"
                                        .formatted(volume.getExportName(), volume.getSocket()),
                                "--size=" + size,
                                "--rw=randwrite",
                                "--bs=4k",
                                "--time_based",
                                "--output-format=terse",
                                "--terse-version=3"));
        argv.addAll(List.of(options));
        String said = Tool.run(in, argv.toArray(String[]::new));
        return said.lines()
                .filter(line -> line.startsWith("3;"))
                .findFirst()
                .orElseThrow()
                .split(";");
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.JournalReader;
import io.redoubt.storage.journal.JournalView;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `journal export`: the volumes of a point as raw images.
@Command(
        name = "export",
        description = {
            "Writes the volumes as they were at a point, each as a raw image that QEMU and qemu-img read.",
            "",
            "Ranges of zeros take no room. An image has its name only when it is whole; one that exists is never"
                    + " overwritten. A block that is damaged ends the export, unless --damaged-as-zeros.",
            ""
        })
final class JournalExport implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "the journal's directory")
    private Path directory = Path.of(".");

    @Option(
            names = "--to",
            required = true,
            paramLabel = "DIR",
            description = "where the images are written, as VOLUME.raw; made when missing")
    private Path target = Path.of(".");

    @Option(
            names = "--point",
            paramLabel = "N",
            description = "see `journal inspect`; default: the newest")
    private @Nullable Long point;

    @Option(
            names = "--volume",
            paramLabel = "VOLUME",
            description = "this one alone; default: all that the point holds")
    private @Nullable String volume;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description =
                    "the region key that the journal's key comes from: region.key in the home of the node that made the"
                            + " journal; needed when `journal inspect` shows a key")
    private @Nullable Path key;

    @Option(
            names = "--damaged-as-zeros",
            description =
                    "go on past damaged blocks: they are told, read as zeros, and the status is 1")
    private boolean damagedAsZeros;

    @Override
    public Integer call() throws IOException {
        var commandLine = Objects.requireNonNull(spec).commandLine();
        PrintWriter out = commandLine.getOut();
        int status = 0;
        try (JournalReader journal = JournalCommand.open(directory, key)) {
            JournalView view = journal.view(number(journal));
            List<VolumeId> volumes =
                    view.point().vector().keySet().stream()
                            .sorted(Comparator.comparing(VolumeId::value))
                            .toList();
            VolumeId only = volume == null ? null : new VolumeId(volume);
            if (only != null && !volumes.contains(only)) {
                throw new ParameterException(
                        commandLine,
                        "point %d does not hold volume %s; it holds %s"
                                .formatted(view.point().number(), only, volumes));
            }
            for (VolumeId id : volumes) {
                if (only == null || only.equals(id)) {
                    var image = new ExportedImage(target.resolve(id + ".raw"), out, damagedAsZeros);
                    status |= image.write(id, view.volume(id)) ? 0 : 1;
                }
            }
        }
        out.flush();
        return status;
    }

    private long number(JournalReader journal) {
        if (point != null) {
            return point;
        }
        return journal.points().isEmpty() ? 0 : journal.points().getLast().number();
    }
}

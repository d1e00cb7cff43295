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
            "Writes the volumes as they were at a point, each as a raw image that QEMU and qemu-img read; or one volume"
                    + " after any of its writes.",
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
            names = "--at",
            paramLabel = "N",
            description =
                    "instead of a point: after this write of the one --volume, any number of the dense window; the last one is in `journal inspect`")
    private @Nullable Long at;

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
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (JournalReader journal = JournalCommand.open(directory, key)) {
            Long write = at;
            int status = write == null ? exportPoint(journal, out) : exportAt(journal, write, out);
            out.flush();
            return status;
        }
    }

    private int exportAt(JournalReader journal, long write, PrintWriter out) throws IOException {
        String wanted = volume;
        if (wanted == null || point != null) {
            throw wrong("--at needs --volume, and no --point: writes are numbered by volume");
        }
        var id = new VolumeId(wanted);
        if (journal.volumes().stream().noneMatch(known -> known.id().equals(id))) {
            throw wrong("the journal does not hold volume " + id);
        }
        return image(id, out).write(id, journal.view(id, write)) ? 0 : 1;
    }

    private int exportPoint(JournalReader journal, PrintWriter out) throws IOException {
        int status = 0;
        JournalView view = journal.view(number(journal));
        List<VolumeId> volumes =
                view.point().vector().keySet().stream()
                        .sorted(Comparator.comparing(VolumeId::value))
                        .toList();
        VolumeId only = volume == null ? null : new VolumeId(volume);
        if (only != null && !volumes.contains(only)) {
            throw wrong(
                    "point %d does not hold volume %s; it holds %s"
                            .formatted(view.point().number(), only, volumes));
        }
        for (VolumeId id : volumes) {
            if (only == null || only.equals(id)) {
                status |= image(id, out).write(id, view.volume(id)) ? 0 : 1;
            }
        }
        return status;
    }

    private ExportedImage image(VolumeId id, PrintWriter out) {
        return new ExportedImage(target.resolve(id + ".raw"), out, damagedAsZeros);
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    private long number(JournalReader journal) {
        if (point != null) {
            return point;
        }
        return journal.points().isEmpty() ? 0 : journal.points().getLast().number();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.Bytes;
import io.redoubt.storage.journal.JournalReader;
import io.redoubt.storage.journal.Pin;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `journal inspect`: what a node would find at its next start.
@Command(
        name = "inspect",
        description = {
            "Shows volumes, points and who holds them, files and damage of a journal.",
            "",
            "Reads the manifest and the end of the log; `journal verify` reads every byte. Ends with 1 when something is"
                    + " damaged.",
            ""
        })
final class JournalInspect implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "the journal's directory")
    private Path directory = Path.of(".");

    @Option(
            names = "--last",
            paramLabel = "N",
            defaultValue = "20",
            description = "so many of the newest points, default ${DEFAULT-VALUE}; 0 for all")
    private int last;

    @Option(names = "--json", description = "as one JSON object")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (JournalReader journal = JournalCommand.open(directory, null)) {
            if (json) {
                out.println(InspectedJson.of(journal, last));
                out.flush();
                return journal.damage().isEmpty() ? 0 : 1;
            }
            head(out, journal);
            volumes(out, journal.volumes());
            points(out, journal);
            pins(out, journal.pins());
            files(out, journal);
            bases(out, journal.bases());
            int status = JournalCommand.tell(out, journal.damage());
            out.flush();
            return status;
        }
    }

    private static void head(PrintWriter out, JournalReader journal) {
        Roles roles = journal.roles();
        out.printf("lineage    %s%n", journal.lineage());
        journal.ancestry()
                .ifPresent(fork ->
                        out.printf(
                                "left       lineage %s at point %d%n",
                                fork.parent(), fork.point()));
        journal.sealedUnder().ifPresent(key -> out.printf("sealed     under key %s%n", key));
        out.printf("role term  %d, %s%n", roles.term(), said(roles));
        out.printf("next cut   %d or later%n", journal.nextCut());
    }

    private static String said(Roles roles) {
        if (roles.promoted()) {
            return "this side is promoted";
        }
        return roles.stopped() ? "the source gets no grants from here" : "the source writes";
    }

    private static void volumes(PrintWriter out, List<JournalReader.Volume> volumes) {
        out.printf("%n%-28s %-10s %-16s %s%n", "VOLUME", "SIZE", "LAST WRITE", "STATE");
        for (JournalReader.Volume volume : volumes) {
            out.printf(
                    "%-28s %-10s %-16d %s%n",
                    volume.id(),
                    new Bytes(volume.size()),
                    volume.through(),
                    volume.complete() ? "complete" : "waits for a pass");
        }
    }

    private void points(PrintWriter out, JournalReader journal) {
        List<RecoveryPoint> points = journal.points();
        int shown = last == 0 ? points.size() : Math.min(last, points.size());
        out.printf("%n%-8s %-26s %-12s %s%n", "POINT", "AT", "VOLUMES", "NAME");
        if (shown < points.size()) {
            out.printf("older points not shown: %d; --last 0 shows all%n", points.size() - shown);
        }
        for (RecoveryPoint point : points.subList(points.size() - shown, points.size())) {
            out.printf(
                    "%-8d %-26s %-12d %s%s%n",
                    point.number(),
                    Instant.ofEpochMilli(point.stampMillis()),
                    point.vector().size(),
                    said(point),
                    journal.guarded().contains(point.number()) ? " (protected)" : "");
        }
    }

    private static String said(RecoveryPoint point) {
        PointTag tag = point.tag();
        String name = !tag.named() && point.afterSync() ? "after-sync" : tag.name();
        return tag.consistency() == PointTag.Consistency.APPLICATION
                ? (name + " (application-consistent)").strip()
                : name;
    }

    private static void pins(PrintWriter out, List<Pin> pins) {
        if (!pins.isEmpty()) {
            out.printf("%n%-8s %-26s %s%n", "HELD", "UNTIL", "BY");
            for (Pin pin : pins) {
                Pin.At at = pin.at();
                String by =
                        at == null
                                ? pin.owner()
                                : "%s (volume %s at write %d)"
                                        .formatted(pin.owner(), at.volume(), at.vseq());
                out.printf(
                        "%-8s %-26s %s%n",
                        at == null ? Long.toString(pin.point()) : "-",
                        Instant.ofEpochMilli(pin.untilMillis()),
                        by);
            }
        }
    }

    private static void bases(PrintWriter out, List<JournalReader.BasePart> bases) {
        if (!bases.isEmpty()) {
            out.printf("%n%-16s %-28s %-16s %s%n", "BASE", "VOLUME", "AT WRITE", "ROOM");
            for (JournalReader.BasePart base : bases) {
                out.printf(
                        "%-16s %-28s %-16d %s%n",
                        base.file(), base.id(), base.horizon(), new Bytes(base.room()));
            }
        }
    }

    private static void files(PrintWriter out, JournalReader journal) {
        out.printf("%n%-16s %-14s %s%n", "LOG", "FIRST RECORD", "GOOD BYTES");
        for (JournalReader.Part part : journal.log()) {
            out.printf(
                    "%-16s %-14d %d%s%n",
                    part.file(), part.firstRecord(), part.bytes(), part.sealed() ? "" : ", open");
        }
        for (JournalReader.KeptPart part : journal.kept()) {
            out.printf("%-16s %-14s %d%n", part.file(), "", part.bytes());
        }
        out.printf("index: %d runs%n", journal.runs().size());
        if (!journal.leftovers().isEmpty()) {
            out.printf("left by a crash, of no use: %s%n", String.join(", ", journal.leftovers()));
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.ViewExport;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.protocol.WithoutControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "break-glass",
        description = {
            "Makes the journal of a group on this host the only writer, while the control plane is lost.",
            "",
            "Both words are recorded and shown by the control plane that comes back. Wrong ones let two sides write; what the old side wrote"
                    + " alone is kept, and is not in what goes on here.",
            ""
        })
final class BreakGlassCommand implements Callable<Integer> {
    private static final int WORD_MIN = 10;

    /// Two expiries of grants, and the opening of the view.
    private static final Duration ANSWER_MAX = Duration.ofMinutes(2);

    @Spec private @Nullable CommandSpec spec;

    @Parameters(
            paramLabel = "GROUP",
            description = "its id, as a directory of DIR/groups is called")
    private String group = "";

    @Option(
            names = "--home",
            paramLabel = "DIR",
            required = true,
            description = "of the node that keeps the journal, which runs")
    private Path home = Path.of(".");

    @Option(
            names = "--point",
            paramLabel = "NUMBER",
            description = "the recovery point; default: the newest")
    private long point;

    @Option(
            names = "--control-is-off",
            paramLabel = "WORD",
            required = true,
            description =
                    "your word that the control plane is off and stays off until it has heard of this; say what you saw")
    private String controlIsOff = "";

    @Option(
            names = "--source-is-off",
            paramLabel = "WORD",
            defaultValue = "",
            description =
                    "your word that the old hosts are off; needed for a group whose machines go on when they are isolated")
    private String sourceIsOff = "";

    @Override
    public Integer call() throws IOException {
        CommandSpec said = Objects.requireNonNull(spec);
        requireWord(said, "--control-is-off", controlIsOff);
        if (!sourceIsOff.isEmpty()) {
            requireWord(said, "--source-is-off", sourceIsOff);
        }
        if (!Files.isDirectory(home.resolve("groups").resolve(group))) {
            throw new ParameterException(
                    said.commandLine(), "%s has no journal of a group %s".formatted(home, group));
        }
        var order =
                BreakGlassOrder.newBuilder()
                        .setGroup(group)
                        .setPoint(point)
                        .setSaid(
                                WithoutControl.newBuilder()
                                        .setControlIsOff(controlIsOff.strip())
                                        .setSourceIsOff(sourceIsOff.strip()))
                        .build();
        said.commandLine().getErr().println("waiting for what was granted to expire, at most 15 s");
        Optional<BreakGlassAnswer> answer = new BreakGlass(home).order(order, ANSWER_MAX);
        if (answer.isEmpty()) {
            said.commandLine()
                    .getErr()
                    .println(
                            "redoubt: the node of "
                                    + home
                                    + " did not answer\n  Start it, then say this again: it goes on where it stood.");
            return 1;
        }
        return tell(said, answer.get());
    }

    private static void requireWord(CommandSpec said, String option, String word) {
        if (word.strip().length() < WORD_MIN) {
            throw new ParameterException(
                    said.commandLine(),
                    "%s says in at least %d characters what was seen and by whom; it is recorded"
                            .formatted(option, WORD_MIN));
        }
    }

    private static int tell(CommandSpec said, BreakGlassAnswer answer) {
        var out = said.commandLine().getOut();
        if (answer.hasFault()) {
            said.commandLine().getErr().println("redoubt: " + answer.getFault().getMessage());
            said.commandLine().getErr().println("  " + answer.getFault().getRemedy());
            return 1;
        }
        out.printf(
                "promoted under term %d, at point %d of %s%n",
                answer.getTerm(),
                answer.getOpened().getCut(),
                Instant.ofEpochMilli(answer.getOpened().getStampMillis()));
        Map<String, ViewExport> exports = new HashMap<>();
        answer.getOpened().getExportsList().forEach(e -> exports.put(e.getViewVolume(), e));
        for (ViewVolume volume : answer.getVolumesList()) {
            ViewExport export = exports.get(volume.getViewVolume());
            if (export != null) {
                out.printf(
                        "volume %s: nbd+unix:///%s?socket=%s%n",
                        volume.getVolume(), export.getExportName(), export.getSocket());
            }
        }
        out.println(
                "Start its machines with these disks; a control plane that comes back takes the failover over.");
        return 0;
    }
}

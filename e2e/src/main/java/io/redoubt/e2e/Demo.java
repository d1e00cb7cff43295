// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.launcher.Region;
import io.redoubt.e2e.verdict.Broken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `redoubt demo`: a machine survives the loss of its zone. The exit status is 0 only when every promise was kept.
@Command(name = "redoubt demo")
public final class Demo implements Callable<Integer> {
    private static final int FAILED = 1;

    @Option(names = "--exit", description = "stop the region afterwards and leave nothing behind")
    private boolean exit;

    @Option(names = "--json", paramLabel = "FILE", description = "write the figures there")
    private @Nullable Path json;

    @Option(names = "--seed", paramLabel = "N", description = "draws the moments of the disasters")
    private @Nullable Long seed;

    private Demo() {}

    public static void main(String[] arguments) {
        var line = new CommandLine(new Demo());
        line.setExecutionExceptionHandler((failure, _, _) -> {
            if (failure instanceof FaultException fault) {
                System.err.println("redoubt: " + fault.fault().message());
                System.err.println("  " + fault.fault().remedy());
                return FAILED;
            }
            throw failure;
        });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() {
        if (json != null) {
            Report.requireWritable(json);
        }
        long drawn = seed == null ? new SplittableRandom().nextLong() & Integer.MAX_VALUE : seed;
        String tag = HexFormat.of().toHexDigits((short) System.nanoTime());
        Path home =
                Path.of(
                        Objects.requireNonNull(
                                System.getenv("REDOUBT_HOME"),
                                "the entry script sets REDOUBT_HOME"));
        var tell = new Narrator(System.out);
        tell.plain("Redoubt demo: seed %d, interval %d s".formatted(drawn, Story.INTERVAL_SECONDS));
        var play = new Play(PlayHome.of(home, exit, tag), tell, drawn, tag);
        return play.run(json) ? 0 : FAILED;
    }

    /// One run, with its cleaning up.
    private record Play(
            PlayHome home, Narrator tell, long seed, String tag, AtomicBoolean cleaned) {
        Play(PlayHome home, Narrator tell, long seed, String tag) {
            this(home, tell, seed, tag, new AtomicBoolean());
        }

        boolean run(@Nullable Path json) {
            Thread interrupted = new Thread(this::cleanUp, "demo-interrupted");
            Runtime.getRuntime().addShutdownHook(interrupted);
            List<Round> rounds = List.of();
            boolean whole = false;
            try {
                tell.step("A region: control plane, zone a, zone b");
                DemoRegion region = DemoRegion.up(home.path(), tell);
                rounds = new Story(region, tell, new SplittableRandom(seed), tag).play();
                whole = true;
            } catch (FaultException e) {
                tell.say("STOPPED: " + e.fault().message());
                tell.say("         " + e.fault().remedy());
            } finally {
                if (!whole || !tell.broken().isEmpty()) {
                    keepLogs();
                }
                cleanUp();
            }
            List<String> broken = tell.broken().stream().map(Broken::words).toList();
            if (json != null) {
                Report.of(rounds, broken, seed, tell.seconds()).write(json);
            }
            Closing.tell(tell, home, rounds, broken, whole);
            return whole && broken.isEmpty();
        }

        /// Once, whether the story ended or somebody ended it.
        private void cleanUp() {
            if (!home.temporary() || cleaned.getAndSet(true)) {
                return;
            }
            tell.step("The region is stopped, its home removed");
            new Region(home.path(), _ -> {}).down();
            tell.judge("no process and no file is left", home.remove());
        }

        private void keepLogs() {
            try {
                Path root = Path.of(System.getProperty("redoubt.root", "."));
                tell.say(
                        "logs are kept in "
                                + (home.temporary() ? home.keepLogs(root) : home.path()));
            } catch (IOException e) {
                tell.say("logs could not be kept: " + e);
            }
        }
    }
}

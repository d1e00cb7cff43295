// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.e2e.PlantedClasses.Change;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The demo can fail: whole runs on a Redoubt that has one fault, each of which must be noticed and named.
class PlantedFaultTest {
    private static final String STORAGE = "storage/src/main/java/io/redoubt/storage/";
    private static final long MINUTES_MAX = 15;

    /// Two of them: nothing that matters need be in the newest one, when it was begun after the point.
    private static final List<Change> LAST_SEGMENTS_DROPPED =
            List.of(
                    new Change(
                            STORAGE + "journal/JournalLimits.java",
                            "new JournalLimits(64 << 20, 1 << 16)",
                            "new JournalLimits(4 << 20, 1 << 16)"),
                    new Change(
                            STORAGE + "journal/Segments.java",
                            "    DiskFile file(int number) {",
                            """
                            int newest() {
                                return java.util.Collections.max(files.keySet());
                            }

                            DiskFile file(int number) {\
                            """),
                    new Change(
                            STORAGE + "journal/BlockReader.java",
                            """
                            if (entry == null) {
                                if (!base\
                            """,
                            """
                            while (entry != null && entry.segment() > 0 && entry.segment() >= segments.newest() - 1) {
                                entry = index.newest(Blocks.place(member.slot, block), entry.vseq() - 1);
                            }
                            if (entry == null) {
                                if (!base\
                            """));

    private static final List<Change> POINT_PUBLISHED_EARLY =
            List.of(
                    new Change(
                            STORAGE + "replication/GroupReceiver.java",
                            """
                            if (!coversAll(cut)) {
                                return;
                            }
                            pending\
                            """,
                            "            pending"),
                    new Change(
                            STORAGE + "replication/GroupReceiver.java",
                            "cut.vector(), cut.pass() != 0",
                            "early(cut), cut.pass() != 0"),
                    new Change(
                            STORAGE + "replication/GroupReceiver.java",
                            "    private boolean coversAll(",
                            """
                            private Map<VolumeId, Long> early(Frame.Cut cut) {
                                var present = new java.util.HashMap<VolumeId, Long>();
                                for (ReceiverSession session : sessions) {
                                    for (int i = 0; i < session.offers.size(); i++) {
                                        VolumeId volume = session.offers.get(i).volume();
                                        long claimed = cut.vector().getOrDefault(volume, 0L);
                                        present.put(volume, cut.pass() != 0 ? claimed : Math.min(claimed, session.durable.get(i)));
                                    }
                                }
                                return present;
                            }

                            private boolean coversAll(\
                            """),
                    new Change(
                            STORAGE + "replication/ReceiverSession.java",
                            "private List<Frame.Offer> offers",
                            "List<Frame.Offer> offers"),
                    new Change(
                            STORAGE + "replication/ReceiverSession.java",
                            "private List<Long> durable",
                            "List<Long> durable"));

    private static final List<Change> FENCE_SKIPPED =
            List.of(
                    new Change(
                            "core/src/main/java/io/redoubt/core/grant/GrantHolder.java",
                            """
                            if (fenced) {
                                return Standing.FENCED;
                            }
                            return nowNanos < validUntilNanos || goesOnAlone() ? Standing.GRANTED : Standing.HELD;\
                            """,
                            "        return Standing.GRANTED;"),
                    new Change(
                            STORAGE + "block/Fence.java",
                            "if (attachment.number() < raised.number()) {",
                            "if (attachment.number() < 0) {"),
                    new Change(
                            STORAGE + "block/Fence.java",
                            """
                            if (number < mark.number()) {
                                throw new FaultException(new VolumeFault.Fenced(volume, number, mark.number()));
                            }
                            if (number > mark.number()\
                            """,
                            "            if (number > mark.number()"));

    @TempDir(factory = ShortDirectory.class)
    private Path directory;

    private record Run(int status, String told) {}

    @Test
    @Tag("long")
    void a_journal_that_drops_its_last_segments_fails_the_demo() throws Exception {
        Run run = demoWith(LAST_SEGMENTS_DROPPED);
        assertThat(run.told()).containsPattern("BROKEN (POINT_EXACT|DISKS_WHOLE|ONE_INSTANT)");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    @Tag("long")
    void a_point_that_is_published_before_it_is_covered_fails_the_demo() throws Exception {
        Run run = demoWith(POINT_PUBLISHED_EARLY);
        assertThat(run.told()).contains("BROKEN POINT_EXACT");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    @Tag("long")
    void a_volume_that_skips_its_fence_fails_the_demo() throws Exception {
        Run run = demoWith(FENCE_SKIPPED);
        assertThat(run.told()).contains("BROKEN ONE_WRITER");
        assertThat(run.status()).isEqualTo(1);
    }

    /// A change of the product that moves the ground from under a planted fault is noticed without the long runs.
    @Test
    void every_planted_fault_still_fits_its_source_and_compiles() throws IOException {
        int number = 0;
        for (List<Change> fault :
                List.of(LAST_SEGMENTS_DROPPED, POINT_PUBLISHED_EARLY, FENCE_SKIPPED)) {
            Path classes = Files.createDirectory(directory.resolve("classes-" + number++));
            assertThat(PlantedClasses.in(classes, fault).planted()).isNotEmpty();
        }
    }

    private Run demoWith(List<Change> changes) throws IOException, InterruptedException {
        PlantedClasses classes =
                PlantedClasses.in(Files.createDirectory(directory.resolve("classes")), changes);
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        Path told = directory.resolve("told");
        var builder =
                new ProcessBuilder(
                        classes.root().resolve("redoubt").toString(),
                        "demo",
                        "--exit",
                        "--seed",
                        "1");
        builder.environment().put("REDOUBT_CLASSES", classes.directory().toString());
        builder.environment().put("REDOUBT_HOME", home.toString());
        Process demo = builder.redirectErrorStream(true).redirectOutput(told.toFile()).start();
        try {
            boolean ended = demo.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
            assertThat(ended).as("the demo ends; it said: %s", Files.readString(told)).isTrue();
            return new Run(demo.exitValue(), Files.readString(told));
        } finally {
            demo.destroy(); // its own shutdown takes the region with it
            demo.waitFor(1, TimeUnit.MINUTES);
        }
    }
}

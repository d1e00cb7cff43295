// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.OwnerLock;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.RecoveryPoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `journal inspect`, `verify` and `export` over real files.
class JournalCommandTest {
    private static final VolumeId A = new VolumeId("vol-a");
    private static final VolumeId B = new VolumeId("vol-b");
    private static final int SIZE = 3 << 20;
    private static final int BLOCK = 4096;

    @TempDir Path home;
    private Path directory;
    private Path images;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /// Point 1 has a block of 1 in the middle of a, point 2 a block of 2 in its place and a last block of 3 in b.
    @BeforeEach
    void write() {
        directory = home.resolve("journal");
        images = home.resolve("images");
        var limits = new JournalLimits(1 << 20, 1 << 10);
        try (var journal = Journal.open(new SystemDisk(directory), new UUID(1, 2), limits)) {
            for (VolumeId volume : new VolumeId[] {A, B}) {
                int slot = journal.join(volume, SIZE);
                journal.passBegin(slot, 0, 1, 1, true);
            }
            journal.passEnd(0, 1);
            journal.passEnd(1, 1);
            journal.write(0, 1, 2, SIZE / 2, filled(1));
            publish(journal, 1, Map.of(A, 2L, B, 1L), "before");
            journal.write(0, 2, 3, SIZE / 2, filled(2));
            journal.write(1, 1, 2, SIZE - BLOCK, filled(3));
            publish(journal, 2, Map.of(A, 3L, B, 2L), "");
        }
    }

    private static void publish(
            Journal journal, long number, Map<VolumeId, Long> vector, String name) {
        journal.publish(
                new RecoveryPoint(number, 1000 * number, 1000 * number, vector, false, name));
        journal.sync();
    }

    private static ByteBuffer filled(int value) {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        return ByteBuffer.wrap(block);
    }

    @Test
    void inspect_shows_volumes_points_and_files() {
        assertThat(run("journal", "inspect", directory.toString())).isZero();
        assertThat(out.toString())
                .contains("lineage    00000000-0000-0001-0000-000000000002", "the source writes")
                .containsPattern("vol-a +3 MiB +3 +complete")
                .containsPattern("1 +1970-01-01T00:00:01Z +2 +before")
                .containsPattern("log-00000001 +1 +\\d+")
                .doesNotContain("damaged");
        out.getBuffer().setLength(0);
        assertThat(run("journal", "inspect", "--last", "1", directory.toString())).isZero();
        assertThat(out.toString()).contains("older points not shown: 1;").doesNotContain("before");
    }

    @Test
    void verify_reads_everything_and_tells_what_is_damaged() throws Exception {
        assertThat(run("journal", "verify", directory.toString())).isZero();
        assertThat(out.toString()).contains("3 versions of blocks", "2 points: in order");
        turnABitOf(2);
        assertThat(run("journal", "verify", directory.toString())).isOne();
        assertThat(out.toString())
                .contains("damaged: log-00000001", "version 3 of block 384 of vol-a", "1 damaged");
    }

    @Test
    void export_writes_what_a_point_shows_where_zeros_take_no_room() throws Exception {
        assertThat(run("journal", "export", directory.toString(), "--to", images.toString()))
                .isZero();
        assertContent("vol-a", SIZE / 2, 2);
        assertContent("vol-b", SIZE - BLOCK, 3);
        assertThat((long) Files.getAttribute(images.resolve("vol-b.raw"), "unix:size"))
                .isEqualTo(SIZE);
        Path older = home.resolve("older");
        String[] alone = {
            "journal",
            "export",
            directory.toString(),
            "--to",
            older.toString(),
            "--point",
            "1",
            "--volume",
            "vol-a"
        };
        assertThat(run(alone)).isZero();
        try (var files = Files.list(older)) {
            assertThat(files).containsExactly(older.resolve("vol-a.raw"));
        }
        assertThat(Files.readAllBytes(older.resolve("vol-a.raw"))[SIZE / 2]).isEqualTo((byte) 1);
        assertThat(run(alone)).isOne();
        assertThat(err.toString()).contains("vol-a.raw exists already");
    }

    @Test
    void export_ends_at_a_damaged_block_or_tells_it_and_goes_on() throws Exception {
        turnABitOf(2);
        String[] all = {"journal", "export", directory.toString(), "--to", images.toString()};
        assertThat(run(all)).isOne();
        assertThat(err.toString()).contains("vol-a").contains("log-00000001");
        try (var files = Files.list(images)) {
            assertThat(files).isEmpty();
        }
        String[] on = Arrays.copyOf(all, all.length + 1);
        on[all.length] = "--damaged-as-zeros";
        assertThat(run(on)).isOne();
        assertThat(out.toString())
                .contains("damaged: vol-a at " + SIZE / 2, "1 damaged blocks are zeros in it");
        assertThat(Files.readAllBytes(images.resolve("vol-a.raw"))).containsOnly(0);
        assertContent("vol-b", SIZE - BLOCK, 3);
    }

    @Test
    void inspect_says_the_same_to_programs() {
        assertThat(run("journal", "inspect", "--json", directory.toString())).isZero();
        JsonNode all = new JsonMapper().readTree(out.toString());
        assertThat(all.at("/volumes/0/volume").asString()).isEqualTo("vol-a");
        assertThat(all.at("/volumes/0/lastWrite").asLong()).isEqualTo(3);
        assertThat(all.at("/points/0/name").asString()).isEqualTo("before");
        assertThat(all.at("/points/1/writes/vol-b").asLong()).isEqualTo(2);
        assertThat(all.at("/points/1/consistency").asString()).isEqualTo("crash");
        assertThat(all.at("/log/0/file").asString()).isEqualTo("log-00000001");
        assertThat(all.path("damage").isEmpty()).isTrue();
        out.getBuffer().setLength(0);
        assertThat(run("journal", "inspect", "--json", "--last", "1", directory.toString()))
                .isZero();
        JsonNode newest = new JsonMapper().readTree(out.toString());
        assertThat(newest.path("points").size()).isOne();
        assertThat(newest.path("pointsKept").asInt()).isEqualTo(2);
    }

    @Test
    void export_writes_one_volume_after_any_of_its_writes() throws Exception {
        String[] export = {
            "journal", "export", directory.toString(), "--to", images.toString(), "--at"
        };
        assertThat(run(append(export, "2", "--volume", "vol-a"))).isZero();
        assertContent("vol-a", SIZE / 2, 1);
        Files.delete(images.resolve("vol-a.raw"));
        assertThat(run(append(export, "3", "--volume", "vol-a"))).isZero();
        assertContent("vol-a", SIZE / 2, 2);
        assertThat(run(append(export, "9", "--volume", "vol-b"))).isOne();
        assertThat(err.toString()).contains("at each write from 1 to 2");
        assertThat(run(append(export, "2"))).isEqualTo(2);
        assertThat(run(append(export, "2", "--volume", "other"))).isEqualTo(2);
        assertThat(run(append(export, "2", "--volume", "vol-a", "--point", "1"))).isEqualTo(2);
        assertThat(images.resolve("vol-b.raw")).doesNotExist();
    }

    @Test
    void a_journal_that_a_node_writes_is_read_by_no_command() throws Exception {
        Path node = home.resolve("node");
        Path kept = node.resolve("groups").resolve("g");
        Files.createDirectories(kept.getParent());
        Files.move(directory, kept);
        Path link = Files.createSymbolicLink(home.resolve("link"), kept);
        try (OwnerLock _ = OwnerLock.take(node)) {
            for (Path named : List.of(kept, link)) {
                for (String verb : List.of("inspect", "verify")) {
                    assertThat(run("journal", verb, named.toString())).isOne();
                }
                assertThat(run("journal", "export", named.toString(), "--to", images.toString()))
                        .isOne();
            }
        }
        assertThat(err.toString())
                .contains(
                        "Process %d is the node that writes"
                                .formatted(ProcessHandle.current().pid()))
                .contains("./redoubt down");
        assertThat(out.toString()).isEmpty();
        Files.writeString(node.resolve("owner.lock"), "1 1 another-boot\n");
        assertThat(run("journal", "inspect", kept.toString())).isZero();
    }

    @Test
    void what_is_not_there_is_said() {
        assertThat(run("journal", "inspect", home.toString())).isOne();
        assertThat(err.toString()).contains("holds no journal");
        assertThat(run("journal", "inspect", home.resolve("nowhere").toString())).isOne();
        assertThat(home.resolve("nowhere")).doesNotExist();
        String[] export = {"journal", "export", directory.toString(), "--to", images.toString()};
        assertThat(run(append(export, "--point", "7"))).isOne();
        assertThat(err.toString()).contains("point 7 is not kept");
        assertThat(run(append(export, "--volume", "other"))).isEqualTo(2);
        assertThat(err.toString()).contains("does not hold volume other");
        assertThat(images).doesNotExist();
    }

    private static String[] append(String[] words, String... more) {
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return all;
    }

    private int run(String... words) {
        return NodeMain.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }

    private void assertContent(String volume, int at, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(images.resolve(volume + ".raw"));
        byte[] expected = new byte[SIZE];
        Arrays.fill(expected, at, at + BLOCK, (byte) value);
        assertThat(bytes).isEqualTo(expected);
    }

    /// In the block that holds nothing but this value.
    private void turnABitOf(int value) throws IOException {
        Path log = directory.resolve("log-00000001");
        byte[] bytes = Files.readAllBytes(log);
        int at = 0;
        while (bytes[at] != value || bytes[at + 100] != value || bytes[at + 1000] != value) {
            at++;
        }
        try (var channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {(byte) (value ^ 4)}), at + 2000);
        }
    }
}

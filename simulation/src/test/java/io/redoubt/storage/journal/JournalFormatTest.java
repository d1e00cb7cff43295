// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The bytes of `docs/formats/journal.md`, computed from that page alone: what an older Redoubt wrote must stay readable.
class JournalFormatTest {
    private static final UUID LINEAGE = new UUID(0x1234_5678_9abc_def0L, 0x0fed_cba9_8765_4321L);
    private static final VolumeId VOLUME = new VolumeId("vol-7");

    private static final RecoveryPoint POINT =
            new RecoveryPoint(2, 1000, 2000, Map.of(VOLUME, 9L), false, "named");

    private static final String SEGMENT =
            """
            4c 44 54 47 4f 4c 30 31 01 00 00 00 01 00 00 00
            f0 de bc 9a 78 56 34 12 21 43 65 87 a9 cb ed 0f
            01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 18 59 08 f2
            """;

    private static final String MEMBER =
            """
            52 44 4a 31 01 00 00 00 01 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00
            00 00 00 00 08 00 00 00 0a 4c 28 ae ec 4d 23 a2
            05 00 76 6f 6c 2d 37 00
            """;

    private static final String WRITE =
            """
            52 44 4a 31 02 00 00 00 04 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
            09 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00
            00 10 00 00 08 10 00 00 78 32 e0 a6 b3 65 77 ab
            49 8c f1 37 00 00 00 00
            """;

    private static final String CUT =
            """
            52 44 4a 31 07 00 00 00 05 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            00 00 00 00 60 00 00 00 b0 71 c6 fe 69 77 ad d7
            02 00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00
            d0 07 00 00 00 00 00 00 00 00 00 00 01 00 00 00
            00 00 00 00 09 00 00 00 00 00 00 00 05 00 6e 61
            6d 65 64 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            """;

    private static final String ENTRY =
            """
            01 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00
            01 00 00 00 50 01 00 00 49 8c f1 37 00 00 00 00
            """;

    private static final String TAIL =
            """
            01 00 00 00 00 00 00 00 30 00 00 06 00 80 01 00
            52 44 54 52 55 4e 30 31 01 00 00 00 01 00 00 00
            01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 6b 86 b2 8e
            """;

    /// Of version 1, before there was a base: what an older Redoubt wrote, and is opened still.
    private static final String MANIFEST_1 =
            """
            52 52 44 54 4d 41 4e 31 01 00 00 00 d5 00 00 00
            f0 de bc 9a 78 56 34 12 21 43 65 87 a9 cb ed 0f
            01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
            00 00 01 00 00 00 01 00 00 00 01 00 00 00 00 00
            00 00 00 00 00 00 01 00 00 00 01 00 00 00 05 00
            00 00 00 00 00 00 01 00 00 00 f0 11 00 00 01 00
            00 00 05 00 76 6f 6c 2d 37 00 00 10 00 00 00 00
            00 09 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 01 00 00 00 02 00
            00 00 00 00 00 00 e8 03 00 00 00 00 00 00 d0 07
            00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00
            00 00 09 00 00 00 00 00 00 00 05 00 6e 61 6d 65
            64 bb 90 78 9a
            """;

    /// Of version 2, before there were sections.
    private static final String MANIFEST_2 =
            """
            52 52 44 54 4d 41 4e 31 02 00 00 00 15 01 00 00
            f0 de bc 9a 78 56 34 12 21 43 65 87 a9 cb ed 0f
            01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
            00 00 01 00 00 00 01 00 00 00 01 00 00 00 00 00
            00 00 00 00 00 00 01 00 00 00 01 00 00 00 05 00
            00 00 00 00 00 00 01 00 00 00 f0 11 00 00 01 00
            00 00 05 00 76 6f 6c 2d 37 00 00 10 00 00 00 00
            00 09 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 1c 01 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 01 00 00 00 00 00 00 00 00 00 00 00 01 00
            00 00 00 00 00 00 01 00 00 00 02 00 00 00 00 00
            00 00 e8 03 00 00 00 00 00 00 d0 07 00 00 00 00
            00 00 00 00 00 00 01 00 00 00 00 00 00 00 09 00
            00 00 00 00 00 00 05 00 6e 61 6d 65 64 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 6b dc da 71
            """;

    private static final String MANIFEST =
            """
            52 52 44 54 4d 41 4e 31 03 00 00 00 19 01 00 00
            f0 de bc 9a 78 56 34 12 21 43 65 87 a9 cb ed 0f
            01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
            00 00 01 00 00 00 01 00 00 00 01 00 00 00 00 00
            00 00 00 00 00 00 01 00 00 00 01 00 00 00 05 00
            00 00 00 00 00 00 01 00 00 00 f0 11 00 00 01 00
            00 00 05 00 76 6f 6c 2d 37 00 00 10 00 00 00 00
            00 09 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 1c 01 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 01 00 00 00 00 00 00 00 00 00 00 00 01 00
            00 00 00 00 00 00 01 00 00 00 02 00 00 00 00 00
            00 00 e8 03 00 00 00 00 00 00 d0 07 00 00 00 00
            00 00 00 00 00 00 01 00 00 00 00 00 00 00 09 00
            00 00 00 00 00 00 05 00 6e 61 6d 65 64 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 46 e5 56 b4
            """;

    private final SimDisk disk = JournalDamageTest.disk(1, "journal");

    @BeforeEach
    void a_member_a_pass_a_write_and_a_point() {
        try (Journal journal = Journal.open(disk, LINEAGE, new JournalLimits(128 << 10, 1))) {
            journal.join(VOLUME, 1 << 20);
            journal.passBegin(0, 0, 1, 1, true);
            journal.passEnd(0, 1);
            byte[] block = new byte[4096];
            Arrays.fill(block, (byte) 0x5a);
            journal.write(0, 1, 9, 4096, ByteBuffer.wrap(block));
            journal.publish(POINT);
            journal.sync();
        }
    }

    @Test
    void a_segment_and_its_records_are_as_drawn() {
        assertBytes("log-00000001", 0, SEGMENT);
        assertBytes("log-00000001", 64, MEMBER);
        assertBytes("log-00000001", 264, WRITE);
        assertBytes("log-00000001", 4432, CUT);
    }

    @Test
    void a_run_is_as_drawn() {
        assertBytes("run-00000001", 0, ENTRY);
        assertBytes("run-00000001", 4096, TAIL);
    }

    @Test
    void a_manifest_is_as_drawn() {
        assertBytes("manifest", 0, MANIFEST);
        assertThat(disk.open("manifest").size()).isEqualTo(281);
    }

    /// It opens with all that it had, and is of the latest version from its first change on.
    @Test
    void a_manifest_of_version_2_opens() {
        byte[] old = HexFormat.of().parseHex(MANIFEST_2.replaceAll("\\s", ""));
        disk.open("manifest").truncate(old.length);
        disk.open("manifest").write(0, ByteBuffer.wrap(old));
        try (Journal journal = Journal.open(disk, LINEAGE, new JournalLimits(128 << 10, 1))) {
            assertThat(journal.damage()).isEmpty();
            assertThat(journal.points()).containsExactly(POINT);
            assertThat(journal.ancestry()).isEmpty();
            requireBlock(journal);
            journal.claimCuts(1);
        }
        assertBytes("manifest", 8, "03 00 00 00");
        try (Journal again = Journal.open(disk, LINEAGE, new JournalLimits(128 << 10, 1))) {
            assertThat(again.points()).containsExactly(POINT);
            requireBlock(again);
        }
    }

    @Test
    void a_manifest_of_version_1_opens() {
        byte[] old = HexFormat.of().parseHex(MANIFEST_1.replaceAll("\\s", ""));
        disk.open("manifest").truncate(old.length);
        disk.open("manifest").write(0, ByteBuffer.wrap(old));
        try (Journal journal = Journal.open(disk, LINEAGE, new JournalLimits(128 << 10, 1))) {
            assertThat(journal.damage()).isEmpty();
            assertThat(journal.points()).singleElement().isEqualTo(POINT);
            assertThat(journal.pins()).isEmpty();
            requireBlock(journal);
            assertThatThrownBy(() -> journal.view(VOLUME, 8))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e ->
                                    assertThat(e.fault())
                                            .isInstanceOf(JournalFault.OutsideWindow.class));
            journal.write(0, 9, 10, 0, ByteBuffer.allocate(4096));
            journal.sync();
        }
        assertBytes("manifest", 8, "03 00 00 00");
        try (Journal again = Journal.open(disk, LINEAGE, new JournalLimits(128 << 10, 1))) {
            assertThat(again.points()).containsExactly(POINT);
            requireBlock(again);
        }
    }

    private static void requireBlock(Journal journal) {
        ByteBuffer block = ByteBuffer.allocate(4096);
        journal.view(2).volume(VOLUME).read(4096, block);
        byte[] expected = new byte[4096];
        Arrays.fill(expected, (byte) 0x5a);
        assertThat(block.array()).isEqualTo(expected);
    }

    private void assertBytes(String file, long at, String hex) {
        byte[] expected = HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
        ByteBuffer found = ByteBuffer.allocate(expected.length);
        disk.open(file).read(at, found);
        assertThat(HexFormat.ofDelimiter(" ").formatHex(found.array()))
                .as("%s at %d", file, at)
                .isEqualTo(HexFormat.ofDelimiter(" ").formatHex(expected));
    }
}

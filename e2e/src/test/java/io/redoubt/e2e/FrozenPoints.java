// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.JournalReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Two points of real guests on two nodes that were asked to freeze (rule 21, I26, B105): one that they did, and one that one of them refused.
final class FrozenPoints {
    private static final String QUIET = "quiet";
    private static final String REFUSED = "refused";
    private static final int SECOND_PARTITION = 446 + 16;
    private static final int SECTOR = 512;
    private static final int INCOMPAT_RECOVER = 4;

    private final CausalRegion region;
    private final long quiet;
    private final long refused;

    /// The guests' agents are nobody's meanwhile.
    FrozenPoints(CausalRegion region) {
        this.region = region;
        JsonNode still = take(QUIET);
        assertThat(still.path("consistency").asString()).as("%s", still).isEqualTo("application");
        assertThat(still.path("freezeFailures").size()).isZero();
        quiet = still.path("number").asLong();
        try (CausalRegion.Guest two = region.guest("two")) {
            two.refuseToFreeze();
        }
        JsonNode restless = take(REFUSED);
        assertThat(restless.path("consistency").asString()).isEqualTo("crash");
        assertThat(restless.path("freezeFailures").size()).as("%s", restless).isOne();
        JsonNode failure = restless.path("freezeFailures").get(0);
        assertThat(failure.path("machine").asString())
                .isIn("two", region.get("/v1/machines/two").path("id").asString());
        assertThat(failure.path("reason").asString()).contains("fsfreeze hook has failed");
        refused = restless.path("number").asLong();
    }

    private JsonNode take(String name) {
        String points = "/v1/protection-groups/g/recovery-points";
        String _ = region.region().make(points, Map.of("name", name, "consistent", true));
        return region.region().list(points).stream()
                .filter(point -> point.path("name").asString("").equals(name))
                .findFirst()
                .orElseThrow();
    }

    /// The guests' disks, in the order of their machines; to be asked for while the region runs.
    List<VolumeId> roots() {
        return List.of("one", "two").stream()
                .map(machine -> region.get("/v1/machines/" + machine).path("disks").get(0))
                .map(disk -> new VolumeId(disk.path("volume").asString()))
                .toList();
    }

    /// What was said is so: the file systems of the guests need no replay in the one, and in the other that of the guest that did not freeze does.
    void requireTrue(JournalReader journal, List<VolumeId> roots) {
        for (VolumeId root : roots) {
            assertThat(needsReplay(journal.view(quiet).volume(root))).as(QUIET).isFalse();
        }
        assertThat(needsReplay(journal.view(refused).volume(roots.getLast()))).isTrue();
    }

    /// What a kernel asks an ext4 before it mounts it; on the second partition.
    private static boolean needsReplay(BlockImage disk) {
        long partition =
                Integer.toUnsignedLong(read(disk, 0).getInt(SECOND_PARTITION + 8)) * SECTOR;
        ByteBuffer superblock = read(disk, partition + 1024);
        assertThat(superblock.getShort(0x38)).as("the magic of ext4").isEqualTo((short) 0xEF53);
        return (superblock.getInt(0x60) & INCOMPAT_RECOVER) != 0;
    }

    private static ByteBuffer read(BlockImage disk, long offset) {
        ByteBuffer bytes = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        disk.read(offset, bytes);
        return bytes.rewind();
    }
}

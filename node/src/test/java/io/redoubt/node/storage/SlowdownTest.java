// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.Rate;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.VolumeLimit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A104: two volumes of the class of 3000 operations a second, one of them protected, under fio in turns.
@Timeout(180)
class SlowdownTest {
    private static final long SIZE = 64 << 20;
    private static final long CLASS_IOPS = 3000;
    private static final int ROUNDS = 3;
    private static final int ATTEMPTS = 4;

    /// Of fio's terse lines, version 3.
    private static final int WRITE_IOPS = 48;

    @TempDir Path home;

    @Test
    void protection_takes_at_most_a_tenth_of_what_a_class_gives() throws Exception {
        var authority = new TestAuthority();
        try (var source = new TestedStorage(home.resolve("source"), authority.node("source"));
                var receiver =
                        new TestedStorage(home.resolve("receiver"), authority.node("receiver"))) {
            var limits = SetLimits.newBuilder().setDatastore("store");
            for (String volume : List.of("bare", "guarded")) {
                limits.addVolumes(
                        VolumeLimit.newBuilder()
                                .setVolume(volume)
                                .setOwn(Rate.newBuilder().setIops(CLASS_IOPS)));
                source.ensure(EnsureVolume.newBuilder().setVolume(volume).setSizeBytes(SIZE));
            }
            var _ = source.carryOut(Command.newBuilder().setSetLimits(limits));
            protect(source, receiver);
            AttachmentRaised bare = source.raise("bare", 1, "n");
            AttachmentRaised guarded = source.raise("guarded", 1, "n");
            List<Double> without = new ArrayList<>();
            List<Double> with = new ArrayList<>();
            // A host that is busy with something else lets neither have what its class gives.
            for (int i = 0; i < ATTEMPTS && (i == 0 || !isKept(without, with)); i++) {
                without.clear();
                with.clear();
                for (int round = 0; round < ROUNDS; round++) {
                    without.add(iops(bare));
                    with.add(iops(guarded));
                }
            }
            System.out.printf(
                    "operations a second: %.0f without, %.0f with protection%n",
                    median(without), median(with));
            assertThat(isKept(without, with)).as("%s without, %s with", without, with).isTrue();
            assertThat(streams(source)).as("it was protected all the time").isTrue();
        }
    }

    private static boolean isKept(List<Double> without, List<Double> with) {
        double bare = median(without);
        boolean meetsTheLimit = bare > 0.9 * CLASS_IOPS && bare < 1.1 * CLASS_IOPS;
        return meetsTheLimit && median(with) > 0.9 * bare;
    }

    private static void protect(TestedStorage source, TestedStorage receiver) throws Exception {
        var member = ProtectedVolume.newBuilder().setVolume("guarded").setSizeBytes(SIZE);
        String lineage = "00112233445566778899aabbccddeeff";
        var _ =
                receiver.carryOut(
                        Command.newBuilder()
                                .setProtectReceiver(
                                        ProtectReceiver.newBuilder()
                                                .setGroup("g")
                                                .setTerm(1)
                                                .setLineage(lineage)
                                                .addSourceNodes("source")
                                                .addVolumes(member)));
        var _ =
                source.carryOut(
                        Command.newBuilder()
                                .setProtectSource(
                                        ProtectSource.newBuilder()
                                                .setGroup("g")
                                                .setTerm(1)
                                                .setLineage(lineage)
                                                .setSourceNode("source")
                                                .setReceiverAddress(receiver.address())
                                                .setReceiverNode("receiver")
                                                .setIntervalMillis(1000)
                                                .addVolumes(member)));
        for (long end = System.nanoTime() + 60_000_000_000L; !streams(source); ) {
            assertThat(System.nanoTime()).as("it streams").isLessThan(end);
            Thread.sleep(50);
        }
    }

    private static boolean streams(TestedStorage source) {
        return source.report().getSourcesList().stream()
                .flatMap(group -> group.getVolumesList().stream())
                .anyMatch(volume -> volume.getState() == ReplicationState.STREAM);
    }

    private double iops(AttachmentRaised volume) throws Exception {
        String[] fields =
                Fio.randomWrites(
                        home, volume, SIZE, "--iodepth=16", "--ramp_time=1", "--runtime=2");
        return Double.parseDouble(fields[WRITE_IOPS]);
    }

    private static double median(List<Double> values) {
        var sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteDatastore;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.Rate;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.VolumeLimit;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.SocketAccess;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mostly without a clock: one request of 32 MiB shows whether a volume is limited: after it, the next one must wait for minutes.
class LimitsTest {
    private static final int BIG = 32 << 20;

    @TempDir Path root;
    private Limits limits;

    @BeforeEach
    void start() {
        limits = new Limits(new Told(new SystemDisk(root)));
        limits.reopen();
    }

    @Test
    void the_volumes_of_a_datastore_spend_one_rate_and_others_do_not() {
        limits.of("a"); // attached before the limits come
        limits.set(datastore("gold", 1, "a", "b"));
        assertThat(limits.of("a").tryPass(BIG)).isTrue();
        assertThat(limits.of("a").tryPass(512)).isFalse();
        assertThat(limits.of("b").tryPass(512)).isFalse();
        assertThat(limits.of("c").tryPass(512)).isTrue();
    }

    /// Requirement A5 in the class `lab`, which has no rate.
    @Test
    void a_volume_of_a_datastore_without_a_rate_has_its_own_limit_and_the_others_none() {
        limits.set(
                SetLimits.newBuilder()
                        .setDatastore("lab")
                        .addVolumes(
                                VolumeLimit.newBuilder()
                                        .setVolume("a")
                                        .setOwn(Rate.newBuilder().setIops(1)))
                        .addVolumes(VolumeLimit.newBuilder().setVolume("b"))
                        .build());
        assertThat(limits.of("a").tryPass(BIG)).isTrue();
        assertThat(limits.of("a").tryPass(512)).isFalse();
        assertThat(limits.of("b").tryPass(BIG)).isTrue();
        assertThat(limits.of("b").tryPass(512)).isTrue();
        limits.set(datastore("lab", 0, "a", "b"));
        assertThat(limits.of("a").tryPass(512)).isTrue();
    }

    @Test
    void limits_hold_over_a_restart_before_a_volume_is_opened() {
        limits.set(datastore("gold", 1, "a"));
        start();
        assertThat(limits.of("a").tryPass(BIG)).isTrue();
        assertThat(limits.of("a").tryPass(512)).isFalse();
    }

    @Test
    void a_volume_that_is_no_longer_listed_is_free_and_an_empty_datastore_is_forgotten() {
        limits.set(datastore("gold", 1, "a", "b"));
        var a = limits.of("a");
        var b = limits.of("b");
        assertThat(a.tryPass(BIG)).isTrue();
        limits.set(datastore("gold", 1, "b"));
        assertThat(a.tryPass(512)).isTrue();
        assertThat(b.tryPass(512)).isFalse();
        limits.set(datastore("gold", 1));
        assertThat(b.tryPass(512)).isTrue();
        start();
        assertThat(limits.of("b").tryPass(BIG)).isTrue();
        assertThat(limits.of("b").tryPass(512)).isTrue();
    }

    @Test
    void a_rate_raised_under_an_attached_volume_holds_at_once_and_the_same_again_changes_nothing() {
        limits.set(datastore("gold", 1, "a"));
        var a = limits.of("a");
        assertThat(a.tryPass(BIG)).isTrue();
        limits.set(datastore("gold", 1, "a"));
        assertThat(a.tryPass(512)).isFalse();
        limits.set(
                datastore("gold", 1_000_000_000, "a")); // its 127 seconds are 127 nanoseconds now
        assertThat(a.tryPass(512)).isTrue();
    }

    @Test
    void a_deleted_datastore_leaves_no_limits_behind() throws Exception {
        try (var storage = new TestedStorage(root)) {
            var made = EnsureDatastore.newBuilder().setDatastore("ds").setPool("home");
            var _ =
                    storage.carryOut(
                            Command.newBuilder().setEnsureDatastore(made.setSizeBytes(1 << 20)));
            var _ = storage.carryOut(Command.newBuilder().setSetLimits(datastore("ds", 5, "a")));
            assertThat(root.resolve("told/limits_ds")).exists();
            var _ =
                    storage.carryOut(
                            Command.newBuilder()
                                    .setDeleteDatastore(
                                            DeleteDatastore.newBuilder().setDatastore("ds")));
            assertThat(root.resolve("told/limits_ds")).doesNotExist();
        }
    }

    @Test
    void a_volume_made_again_under_its_old_name_is_limited_again() {
        limits.set(datastore("gold", 1, "a"));
        limits.of("a");
        limits.forget("a");
        assertThat(limits.of("a").tryPass(BIG)).isTrue();
        assertThat(limits.of("a").tryPass(512)).isFalse();
    }

    @Test
    void what_cannot_hold_is_refused_and_changes_nothing() {
        limits.set(datastore("gold", 1, "a"));
        assertRefused(datastore("silver", 1, "a"), "volume a is in datastore gold");
        assertRefused(datastore("silver", -1, "b"), "got -1");
        assertRefused(datastore("silver", 1, "b", "b"), "twice");
        assertRefused(
                SetLimits.newBuilder()
                        .setDatastore("silver")
                        .addVolumes(VolumeLimit.newBuilder().setVolume("b").setWeight(10_001))
                        .build(),
                "1 to 10000; got 10001");
        assertThat(limits.of("b").tryPass(BIG)).isTrue();
        assertThat(limits.of("b").tryPass(512)).isTrue();
    }

    @Test
    void an_attached_guest_feels_the_limit_and_its_change() throws Exception {
        limits.set(datastore("gold", 20, "a"));
        try (HostedVolume volume = host();
                NbdClient client = TestedStorage.connect(volume.raise(attachment(1)))) {
            assertThat(secondsOf(client, 11)).isGreaterThan(0.45);
            limits.set(datastore("gold", 100_000, "a"));
            assertThat(secondsOf(client, 11)).isLessThan(0.45);
            assertThat(volume.passed().operations()).isEqualTo(22);
            assertThat(volume.passed().waitedNanos()).isGreaterThan(450_000_000L);
        }
    }

    @Test
    void a_request_that_waits_ends_when_the_fence_is_raised_and_is_not_executed() throws Exception {
        limits.set(datastore("gold", 1, "a"));
        try (HostedVolume volume = host();
                NbdClient client = TestedStorage.connect(volume.raise(attachment(1)))) {
            assertThat(limits.of("a").tryPass(BIG)).isTrue(); // two minutes of waiting
            Thread writer = Thread.ofPlatform().start(() -> tryToWrite(client));
            Thread.sleep(300);
            long begin = System.nanoTime();
            NbdClient next = TestedStorage.connect(volume.raise(attachment(2)));
            assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
            writer.join();
            limits.set(datastore("gold", 1_000_000, "a"));
            ByteBuffer found = ByteBuffer.allocate(512);
            next.read(0, found);
            assertThat(found.array()).containsOnly(0);
            next.close();
        }
    }

    private HostedVolume host() {
        var id = new VolumeId("a");
        var disk = new SystemDisk(root.resolve("v"));
        return new HostedVolume(
                id,
                disk,
                RawVolume.create(disk, id, Bytes.mebibytes(1)),
                root.resolve("s"),
                SocketAccess.OWNER,
                "",
                limits.of("a"));
    }

    private static RaiseAttachment attachment(long number) {
        return RaiseAttachment.newBuilder()
                .setVolume("a")
                .setHolder("machine")
                .setAttachment(Attachment.newBuilder().setNumber(number).setNonce("n" + number))
                .build();
    }

    private static double secondsOf(NbdClient client, int reads) {
        long begin = System.nanoTime();
        for (int i = 0; i < reads; i++) {
            client.read(0, ByteBuffer.allocate(512));
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    private static void tryToWrite(NbdClient client) {
        try {
            client.write(0, ByteBuffer.wrap(new byte[] {1}));
        } catch (FaultException _) {
            // cut off, as it should be
        }
    }

    private void assertRefused(SetLimits wanted, String why) {
        assertThatThrownBy(() -> limits.set(wanted))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("silver")
                .hasMessageContaining(why);
    }

    private static SetLimits datastore(String name, long iops, String... volumes) {
        var limits =
                SetLimits.newBuilder().setDatastore(name).setRate(Rate.newBuilder().setIops(iops));
        for (String volume : volumes) {
            limits.addVolumes(VolumeLimit.newBuilder().setVolume(volume));
        }
        return limits.build();
    }
}

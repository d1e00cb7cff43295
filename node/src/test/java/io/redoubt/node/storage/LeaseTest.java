// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.JournalOrigin;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Pin;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// I18 on a node: what looks at a journal holds it as long as it is open, over days and starts, and what never opens again lets go by itself.
@Timeout(60)
class LeaseTest {
    private static final VolumeId MEMBER = new VolumeId("v");
    private static final int SIZE = 1 << 20;
    private static final Duration HALF_A_DAY = Duration.ofHours(13);

    @TempDir private Path home;
    private long later;
    private Receivers receivers;
    private Volumes volumes;
    private Views views;

    @BeforeEach
    void start() {
        open();
        receivers.protect(
                ProtectReceiver.newBuilder()
                        .setGroup("g")
                        .setTerm(1)
                        .setLineage("00112233445566778899aabbccddeeff")
                        .addSourceNodes("nobody")
                        .build());
        Journal journal = receivers.require("g").journal();
        int slot = journal.join(MEMBER, SIZE);
        journal.passBegin(slot, 0, 1, 1, true);
        journal.passEnd(slot, 1);
        long now = System.currentTimeMillis();
        for (int i = 1; i <= 9; i++) {
            journal.write(slot, i, i + 1, 0, ByteBuffer.allocate(4096));
            journal.publish(new RecoveryPoint(i, now, now, Map.of(MEMBER, i + 1L), false, ""));
        }
        journal.sync();
    }

    @AfterEach
    void stop() {
        volumes.close();
        receivers.close();
    }

    /// As a node does at its start.
    private void open() {
        var told = new Told(new SystemDisk(home.resolve("told")));
        var pools = new Pools(home, told);
        var templates = new TemplateImages(home.resolve("cache"));
        volumes =
                new Volumes(
                        home,
                        told,
                        clock,
                        SocketAccess.OWNER,
                        templates,
                        new Datastores(told, pools),
                        new Limits(told));
        receivers =
                new Receivers(
                        home,
                        told,
                        clock,
                        JournalLimits.DEFAULT,
                        Housekeeping.Settings.DEFAULT,
                        volumes::adopt);
        volumes.outOf(new Origins(receivers));
        views = new Views(told, clock, volumes, receivers);
        volumes.reopen();
        receivers.reopen();
        volumes.reopenRecovered();
        views.reopen();
    }

    private void restart() {
        stop();
        open();
    }

    /// Somebody sets the wall clock on; nothing else than leases goes by it here.
    private final Clock clock =
            new Clock() {
                private final SystemClock real = new SystemClock();

                @Override
                public long bootNanos() {
                    return real.bootNanos();
                }

                @Override
                public long wallMillis() {
                    return real.wallMillis() + later;
                }

                @Override
                public String bootId() {
                    return real.bootId();
                }
            };

    private void halfADayLater() {
        later += HALF_A_DAY.toMillis();
        receivers.require("g").keepHouse(() -> true);
    }

    @Test
    void a_view_holds_its_point_as_long_as_it_is_open_and_lets_it_go_when_it_closes() {
        openView();
        for (int i = 0; i < 6; i++) {
            halfADayLater();
            assertThat(owners()).as("after %d times 13 h", i + 1).containsExactly("view x");
            if (i == 3) {
                restart();
            }
        }
        views.close("x");
        assertThat(owners()).isEmpty();
    }

    @Test
    void a_view_that_never_opens_again_lets_its_point_go_within_a_day() throws Exception {
        openView();
        stop();
        breakOverlay("x-volume");
        open();
        assertThat(views.byGroup()).isEmpty();
        assertThat(owners()).as("it may still be mended").containsExactly("view x");
        halfADayLater();
        assertThat(owners()).containsExactly("view x");
        halfADayLater();
        assertThat(owners()).isEmpty();
    }

    @Test
    void a_volume_out_of_the_journal_holds_its_number_until_it_is_deleted_or_never_opens_again()
            throws Exception {
        volumes.ensure(
                EnsureVolume.newBuilder()
                        .setVolume("own")
                        .setSizeBytes(SIZE)
                        .setOrigin(
                                JournalOrigin.newBuilder().setGroup("g").setVolume("v").setVseq(5))
                        .build());
        for (int i = 0; i < 4; i++) {
            halfADayLater();
            assertThat(pins()).hasSize(1);
            assertThat(pins().getFirst().at()).isEqualTo(new Pin.At(MEMBER, 5));
        }
        stop();
        breakOverlay("own");
        open();
        halfADayLater();
        assertThat(owners()).containsExactly("volume own");
        halfADayLater();
        assertThat(owners()).isEmpty();
    }

    /// What the overlay says of itself cannot be read any more.
    private void breakOverlay(String volume) throws IOException {
        try (var files = Files.walk(home.resolve("volumes").resolve(volume))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (file.getFileName().toString().endsWith("meta")) {
                    Files.writeString(file, "broken");
                }
            }
        }
    }

    private void openView() {
        var _ =
                views.ensure(
                        OpenView.newBuilder()
                                .setView("x")
                                .setGroup("g")
                                .setCut(3)
                                .setTest(true)
                                .setQuotaBytes(SIZE)
                                .addVolumes(
                                        ViewVolume.newBuilder()
                                                .setVolume("v")
                                                .setViewVolume("x-volume")
                                                .setAttachment(
                                                        Attachment.newBuilder()
                                                                .setNumber(1)
                                                                .setNonce("n"))
                                                .setHolder("machine"))
                                .build());
    }

    private List<Pin> pins() {
        return receivers.require("g").journal().pins();
    }

    private List<String> owners() {
        return pins().stream().map(Pin::owner).toList();
    }
}

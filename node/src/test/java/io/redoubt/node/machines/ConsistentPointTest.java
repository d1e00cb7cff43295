// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Pause;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.hypervisor.Accelerator;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.node.storage.NodeStorage;
import io.redoubt.node.storage.StreamDialer;
import io.redoubt.node.storage.TemplateImages;
import io.redoubt.node.storage.Told;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.FreezeGuests;
import io.redoubt.protocol.LabelPoint;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PointLabelled;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.TakePoint;
import io.redoubt.protocol.ThawGuests;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A real guest that writes files without pause, its group, and points of it with and without frozen file systems (rule 21). The node is its own
/// receiver; the grants come from there.
class ConsistentPointTest {
    private static final long MIB = 1 << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Path CACHE = Path.of("target/lab-cache").toAbsolutePath();
    private static final char[] PASSWORD = "secret".toCharArray();

    /// Files come, grow and go on the root file system, an ext4.
    private static final String WRITER =
            """
            #!/bin/sh
            n=0
            while :; do
                dd if=/dev/urandom of=/root/f$((n % 7)) bs=64k count=1 conv=fsync 2>/dev/null
                rm -f /root/f$(((n + 3) % 7))
                n=$((n + 1))
                echo "WRITTEN $n"
            done
            """;

    private final boolean root = RunAs.currentUid() == 0;
    private final Path home;
    private final NodeStorage storage;
    private final Machines machines;
    private final FreezeLeases leases;
    private final Freezing freezing;
    private String serialLog = "";
    private int views;

    ConsistentPointTest() throws Exception {
        home = Files.createTempDirectory("rdt");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        storage =
                new NodeStorage(
                        home,
                        new SystemClock(),
                        new StreamDialer(tls(home)),
                        root ? SocketAccess.group("nogroup") : SocketAccess.OWNER,
                        new TemplateImages(CACHE),
                        "127.0.0.1");
        Path guests = Files.createDirectory(home.resolve("m"));
        Files.setPosixFilePermissions(guests, PosixFilePermissions.fromString("rwx--x--x"));
        var qemu =
                new Qemu(
                        QemuProgram.find(),
                        guests,
                        root ? Optional.of(RunAs.user("nobody")) : Optional.empty(),
                        Accelerator.TCG,
                        Duration.ofSeconds(10));
        var told = new Told(new SystemDisk(home.resolve("told")));
        machines = new Machines(told, storage, () -> qemu);
        freezing = new Freezing(told, machines);
        leases = new FreezeLeases(freezing);
    }

    /// One certificate for both ends.
    private static SSLContext tls(Path home) throws Exception {
        Path store = home.resolve("keys.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=me",
                                "-alias",
                                "me",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                "secret")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(keytool.waitFor(1, TimeUnit.MINUTES) && keytool.exitValue() == 0).isTrue();
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD);
        var mine = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        mine.init(keys, PASSWORD);
        KeyStore known = KeyStore.getInstance(KeyStore.getDefaultType());
        known.load(null, null);
        known.setCertificateEntry("me", keys.getCertificate("me"));
        var others = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(known);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(mine.getKeyManagers(), others.getTrustManagers(), null);
        return tls;
    }

    @AfterEach
    void end() throws IOException {
        freezing.close();
        machines.delete("m1");
        storage.close();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void a_frozen_point_needs_no_replay_and_a_point_without_freezing_does() throws Exception {
        protectAWritingGuest();
        long crash = take("", false);
        assertThat(needsReplay(crash)).isTrue();
        assertThat(point(crash).getApplicationConsistent()).isFalse();

        long consistent = take("before", true);
        assertThat(point(consistent).getFreezeFailuresList()).isEmpty();
        assertThat(point(consistent).getApplicationConsistent()).isTrue();
        assertThat(point(consistent).getName()).isEqualTo("before");
        assertThat(needsReplay(consistent)).isFalse();

        int written = written();
        await("the guest goes on", () -> written() > written + 3);
        assertThat(Files.readString(Path.of(serialLog))).doesNotContain("I/O error");
        assertThat(needsReplay(take("", false))).isTrue();
    }

    private void protectAWritingGuest() {
        storage.start();
        var _ =
                tell(
                        Command.newBuilder()
                                .setEnsureVolume(
                                        EnsureVolume.newBuilder()
                                                .setVolume("root")
                                                .setSizeBytes(256 * MIB)
                                                .setTemplate("tiny")));
        var attachment = Attachment.newBuilder().setNumber(1).setNonce("n").build();
        var member = ProtectedVolume.newBuilder().setVolume("root").setSizeBytes(256 * MIB);
        var lineage = "00112233445566778899aabbccddeeff";
        var _ =
                tell(
                        Command.newBuilder()
                                .setProtectReceiver(
                                        ProtectReceiver.newBuilder()
                                                .setGroup("g")
                                                .setTerm(1)
                                                .setLineage(lineage)
                                                .addSourceNodes("me")
                                                .addVolumes(member)));
        var _ =
                tell(
                        Command.newBuilder()
                                .setProtectSource(
                                        ProtectSource.newBuilder()
                                                .setGroup("g")
                                                .setTerm(1)
                                                .setLineage(lineage)
                                                .setReceiverAddress("127.0.0.1:" + storage.port())
                                                .setReceiverNode("me")
                                                .setIntervalMillis(1000)
                                                .addVolumes(member)));
        var _ =
                tell(
                        Command.newBuilder()
                                .setRaiseAttachment(
                                        RaiseAttachment.newBuilder()
                                                .setVolume("root")
                                                .setAttachment(attachment)
                                                .setHolder("m1")));
        serialLog =
                machines.ensure(
                                EnsureMachine.newBuilder()
                                        .setMachine("m1")
                                        .setMemoryBytes(192 * MIB)
                                        .setVcpus(1)
                                        .setTemplate("tiny")
                                        .setUserData(WRITER)
                                        .addDisks(
                                                MachineDisk.newBuilder()
                                                        .setVolume("root")
                                                        .setAttachment(attachment))
                                        .build())
                        .getSerialLog();
        await("it writes", () -> written() > 5);
        await("it has a point", () -> report().getReceivers(0).getPointsCount() > 0);
    }

    /// As the control plane has it done.
    private long take(String name, boolean freeze) {
        String id = "freeze-" + name;
        if (freeze) {
            var frozen =
                    leases.freeze(
                            FreezeGuests.newBuilder()
                                    .setId(id)
                                    .addMachines("m1")
                                    .setWithinMillis(10_000)
                                    .setLeaseMillis(20_000)
                                    .build());
            assertThat(frozen.getFailuresList()).isEmpty();
        }
        var wanted =
                TakePoint.newBuilder()
                        .setGroup("g")
                        .setName(name)
                        .setTakenBy("owner")
                        .setOrder("order-" + views);
        long number = tell(Command.newBuilder().setTakePoint(wanted)).getPointTaken().getNumber();
        if (freeze) {
            var thawed = leases.thaw(ThawGuests.newBuilder().setId(id).addMachines("m1").build());
            await("point " + number, () -> find(number).isPresent());
            assertThat(point(number).getApplicationConsistent()).as("not known yet").isFalse();
            var label =
                    LabelPoint.newBuilder()
                            .setGroup("g")
                            .setNumber(number)
                            .addAllFailures(thawed.getFailuresList())
                            .addVolumes("root");
            assertThat(tell(Command.newBuilder().setLabelPoint(label)).getPointLabelled())
                    .isEqualTo(PointLabelled.newBuilder().setPoint(point(number)).build());
        }
        await("point " + number, () -> find(number).isPresent());
        return number;
    }

    private Point point(long number) {
        return find(number).orElseThrow();
    }

    private Optional<Point> find(long number) {
        return report().getReceivers(0).getPointsList().stream()
                .filter(point -> point.getNumber() == number)
                .findFirst();
    }

    private Report report() {
        var report = Report.newBuilder();
        storage.report(report, new SystemClock());
        return report.build();
    }

    /// What the kernel asks of an ext4 before it mounts it: the flag INCOMPAT_RECOVER in the superblock of the second partition.
    private boolean needsReplay(long number) {
        String view = "w" + views++;
        var attachment = Attachment.newBuilder().setNumber(1).setNonce("n");
        CommandResult.Builder opened =
                tell(
                        Command.newBuilder()
                                .setOpenView(
                                        OpenView.newBuilder()
                                                .setView(view)
                                                .setGroup("g")
                                                .setCut(number)
                                                .setTest(true)
                                                .setQuotaBytes(16 * MIB)
                                                .addVolumes(
                                                        ViewVolume.newBuilder()
                                                                .setVolume("root")
                                                                .setViewVolume(view)
                                                                .setAttachment(attachment)
                                                                .setHolder("t"))));
        var export = opened.getViewOpened().getExports(0);
        try (NbdClient disk =
                NbdClient.connect(Path.of(export.getSocket()), export.getExportName())) {
            long partition = Integer.toUnsignedLong(read(disk, 0).getInt(446 + 16 + 8)) * 512;
            ByteBuffer superblock = read(disk, partition + 1024);
            assertThat(superblock.getShort(0x38)).as("the magic of ext4").isEqualTo((short) 0xEF53);
            return (superblock.getInt(0x60) & 4) != 0;
        }
    }

    private static ByteBuffer read(NbdClient disk, long offset) {
        ByteBuffer bytes = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        disk.read(offset, bytes);
        return bytes.rewind();
    }

    private CommandResult.Builder tell(Command.Builder command) {
        return storage.carryOut(command.build());
    }

    private int written() {
        try {
            return (int)
                    Files.readString(Path.of(serialLog))
                            .lines()
                            .filter(line -> line.startsWith("WRITTEN"))
                            .count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static void await(String what, BooleanSupplier check) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Pause.of(Duration.ofMillis(50));
        }
    }
}

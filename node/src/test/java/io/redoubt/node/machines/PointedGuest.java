// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.guest.GuestAgent;
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
import io.redoubt.protocol.FreezeFailure;
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
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A real guest in a protected group of its own, its points, and what a view of a point shows. The node is its own receiver; the grants come from
/// there.
final class PointedGuest implements AutoCloseable {
    private static final long MIB = 1 << 20;
    private static final long TEMPLATE_SIZE = 192 * MIB;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Path CACHE = Path.of("../compute/target/lab-cache").toAbsolutePath();
    private static final char[] PASSWORD = "secret".toCharArray();

    private final boolean root = RunAs.currentUid() == 0;
    private final Path home;
    private final NodeStorage storage;
    private final Machines machines;
    private final FreezeLeases leases;
    private final Freezing freezing;
    private String serialLog = "";
    private final List<FreezeFailure> refused = new ArrayList<>();
    private int views;
    private int orders;

    /// @param script that the guest runs, and is waited for until its group has a point
    PointedGuest(String script) throws Exception {
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
        try {
            protect(script);
        } catch (RuntimeException | AssertionError e) {
            close();
            throw e;
        }
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

    @Override
    public void close() throws IOException {
        freezing.close();
        machines.delete("m1");
        storage.close();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void protect(String script) {
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
                                        .setUserData(script)
                                        .addDisks(
                                                MachineDisk.newBuilder()
                                                        .setVolume("root")
                                                        .setAttachment(attachment))
                                        .build())
                        .getSerialLog();
        await("it has a point", () -> report().getReceivers(0).getPointsCount() > 0);
    }

    long take() {
        return take("", false, () -> {});
    }

    /// As the control plane has it done.
    ///
    /// @param held run when the guest has said that it is frozen, before the cut
    /// @return the number of the point
    long takeFrozen(String name, Runnable held) {
        return take(name, true, held);
    }

    private long take(String name, boolean freeze, Runnable held) {
        String id = "order-" + orders++;
        if (freeze) {
            var frozen =
                    leases.freeze(
                            FreezeGuests.newBuilder()
                                    .setId(id)
                                    .addMachines("m1")
                                    .setWithinMillis(10_000)
                                    .setLeaseMillis(20_000)
                                    .build());
            refused.clear();
            refused.addAll(frozen.getFailuresList());
            if (refused.isEmpty()) {
                held.run();
            }
        }
        var wanted =
                TakePoint.newBuilder().setGroup("g").setName(name).setTakenBy("owner").setOrder(id);
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

    /// Why the guest was not frozen for the last point; empty when it was.
    List<FreezeFailure> refused() {
        return List.copyOf(refused);
    }

    Point point(long number) {
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

    /// The root file system as a point shows it, in a file; nothing has mounted it.
    Path rootFileSystem(long number) throws IOException {
        Path copy = home.resolve("point-" + number);
        try (NbdClient disk = view(number);
                FileChannel file =
                        FileChannel.open(
                                copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long start = partition(disk);
            ByteBuffer bytes = ByteBuffer.allocate((int) MIB);
            for (long at = start; at < TEMPLATE_SIZE; at += MIB) {
                disk.read(at, bytes.clear());
                file.write(bytes.flip(), at - start);
            }
        }
        return copy;
    }

    /// What the kernel asks of an ext4 before it mounts it: the flag INCOMPAT_RECOVER in the superblock of the second partition.
    boolean needsReplay(long number) {
        try (NbdClient disk = view(number)) {
            ByteBuffer superblock = read(disk, partition(disk) + 1024);
            assertThat(superblock.getShort(0x38)).as("the magic of ext4").isEqualTo((short) 0xEF53);
            return (superblock.getInt(0x60) & 4) != 0;
        }
    }

    private static long partition(NbdClient disk) {
        return Integer.toUnsignedLong(read(disk, 0).getInt(446 + 16 + 8)) * 512;
    }

    private NbdClient view(long number) {
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
        return NbdClient.connect(Path.of(export.getSocket()), export.getExportName());
    }

    private static ByteBuffer read(NbdClient disk, long offset) {
        ByteBuffer bytes = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        disk.read(offset, bytes);
        return bytes.rewind();
    }

    /// Runs a line of shell in the guest.
    void run(String line) {
        try (GuestAgent agent =
                GuestAgent.connect(Path.of(serialLog).resolveSibling("agent"), PATIENCE)) {
            GuestAgent.Result result = agent.run(PATIENCE, "/bin/sh", "-c", line);
            assertThat(result.exit()).as("%s: %s", line, result.output()).isZero();
        }
    }

    private CommandResult.Builder tell(Command.Builder command) {
        return storage.carryOut(command.build());
    }

    /// What it has said on its serial line until now.
    String serial() {
        try {
            return Files.readString(Path.of(serialLog));
        } catch (IOException e) {
            return "";
        }
    }

    static void await(String what, BooleanSupplier check) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!check.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Pause.of(Duration.ofMillis(50));
        }
    }
}

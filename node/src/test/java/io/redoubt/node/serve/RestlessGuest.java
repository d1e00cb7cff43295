// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.compute.guest.Template;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.compute.host.RunAs;
import io.redoubt.compute.hypervisor.Accelerator;
import io.redoubt.compute.hypervisor.DiskSpec;
import io.redoubt.compute.hypervisor.Machine;
import io.redoubt.compute.hypervisor.MachineEvent;
import io.redoubt.compute.hypervisor.MachineSpec;
import io.redoubt.compute.hypervisor.Nic;
import io.redoubt.compute.hypervisor.Qemu;
import io.redoubt.compute.hypervisor.QemuProgram;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A guest that writes to two disks without a rest (`restless-guest.sh` tells what), each disk a volume of a `volume serve` of its own.
final class RestlessGuest implements AutoCloseable {
    static final Duration BOOT_MAX = Duration.ofMinutes(2);
    private static final Duration AWAY_MAX = Duration.ofMinutes(1);
    private static final long MEMORY_MEBIBYTES = 192;
    private static final String USERS_GROUP = "nogroup";

    /// Shared with the tests of `compute`: the template is built once.
    private static final Path CACHE = Path.of("../compute/target/lab-cache").toAbsolutePath();

    final List<MachineEvent> events = new CopyOnWriteArrayList<>();
    final ServedDisk root;
    final ServedDisk data;
    private final Path home;
    private final boolean isRoot = RunAs.currentUid() == 0;
    private @Nullable Machine machine;
    private long bootedAt;

    /// A volume and the server that serves it now.
    final class ServedDisk {
        private final String name;
        private final boolean sealed;
        private @Nullable ServeProcess server;

        ServedDisk(String name, boolean sealed) {
            this.name = name;
            this.sealed = sealed;
        }

        void start(String... more) throws IOException {
            var words = new ArrayList<>(List.of(more));
            words.add("--dir=" + home.resolve(name));
            words.add("--socket=" + socket());
            if (sealed) {
                words.addAll(List.of("--encrypt", "--integrity"));
                words.add("--region-key=" + home.resolve("region.key"));
            }
            if (isRoot) {
                words.add("--group=" + USERS_GROUP);
            }
            server = ServeProcess.start(words.toArray(String[]::new));
        }

        ServeProcess server() {
            return Objects.requireNonNull(server);
        }

        private Path socket() {
            return home.resolve(name + ".sock");
        }

        private DiskSpec spec() {
            return new DiskSpec(name, socket(), "volume");
        }
    }

    /// What the guest says of its disks.
    record Found(Map<String, String> fields) {
        long number(String field) {
            return Long.parseLong(fields.getOrDefault(field, "-1"));
        }

        /// Nobody has written yet.
        void requireEmpty() {
            assertThat(fields).containsEntry("tcheck", "none").containsEntry("ucheck", "none");
        }

        /// No file system and no database is damaged, and each transaction that was reported as committed is there.
        void requireWhole(long acknowledged) {
            assertThat(fields)
                    .containsEntry("fsck", "0")
                    .containsEntry("xfs", "0")
                    .containsEntry("tbad", "0")
                    .containsEntry("tcheck", "ok")
                    .containsEntry("ubad", "0")
                    .containsEntry("ucheck", "ok")
                    .containsEntry("lost", "0")
                    .containsEntry("errors", "0");
            assertThat(number("trows")).as("rows in t: %s", fields).isEqualTo(number("t"));
            assertThat(number("urows")).as("rows in u: %s", fields).isEqualTo(number("u"));
            assertThat(number("t"))
                    .as("numbers in t: %s", fields)
                    .isBetween(acknowledged, acknowledged + 1);
            assertThat(number("u"))
                    .as("numbers in u: %s", fields)
                    .isBetween(acknowledged, number("t"));
        }
    }

    /// @param rootSealed whether the first disk's volume is encrypted and checked
    RestlessGuest(boolean rootSealed, boolean dataSealed, Bytes dataSize) throws Exception {
        home = Files.createTempDirectory("rdt");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        root = new ServedDisk("root", rootSealed);
        data = new ServedDisk("data", dataSealed);
        Template tiny = new TinyTemplate(CACHE, System.out::println).require();
        root.start("--size=" + tiny.size().value());
        Tool.run(home, "nbdcopy", "--flush", tiny.image().toString(), root.server().uri());
        data.start("--size=" + dataSize.value());
    }

    /// Starts the guest and returns what it found on its disks.
    Found boot() throws IOException {
        Optional<RunAs> account = isRoot ? Optional.of(RunAs.user("nobody")) : Optional.empty();
        var qemu = new Qemu(QemuProgram.find(), home, account, Accelerator.TCG, AWAY_MAX);
        var seeds = Map.of(TinyTemplate.USER_DATA, script(), TinyTemplate.MODE, "verify");
        var spec =
                new MachineSpec(
                        new MachineId("m1"),
                        Bytes.mebibytes(MEMORY_MEBIBYTES),
                        1,
                        List.of(root.spec(), data.spec()),
                        seeds,
                        Nic.NONE,
                        false);
        bootedAt = home.resolve("m1").toFile().exists() ? machine().serial().end() : 0;
        machine = qemu.start(spec, events::add);
        machine().awaitSerial("WRITING\n", BOOT_MAX);
        return said("FOUND");
    }

    Machine machine() {
        return Objects.requireNonNull(machine);
    }

    String serial() {
        return machine().serial().from(bootedAt);
    }

    /// The last transaction that the guest reported as committed, over all its starts.
    long acknowledged() {
        return machine()
                .serial()
                .from(0)
                .lines()
                .filter(line -> line.matches("ACK \\d+"))
                .mapToLong(line -> Long.parseLong(line.substring(4)))
                .max()
                .orElse(0);
    }

    /// Until it has committed this many transactions more.
    void awaitMore(int count) {
        machine().awaitSerial("ACK " + (acknowledged() + count) + "\n", BOOT_MAX);
    }

    /// SIGKILL for the guest's process and for both servers, in any order, none waited for before all are sent.
    void killAll(Random random) throws InterruptedException {
        var pids =
                new ArrayList<>(
                        List.of(
                                machine().process().pid(),
                                root.server().pid(),
                                data.server().pid()));
        Collections.shuffle(pids, random);
        for (long pid : pids) {
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        }
        machine().kill(); // returns when it is gone
        machine().close();
        root.server().kill();
        data.server().kill();
    }

    /// Tells the guest to end its writing, and returns what it then found.
    Found finish() {
        try (GuestAgent agent = GuestAgent.connect(machine().agentSocket(), BOOT_MAX)) {
            agent.run(BOOT_MAX, "/bin/sh", "-c", "echo > /run/over");
        }
        machine().awaitSerial("FINISHED-WHOLE\n", BOOT_MAX);
        return said("FINISHED");
    }

    /// Runs a line of shell in the guest.
    String run(String line) {
        try (GuestAgent agent = GuestAgent.connect(machine().agentSocket(), BOOT_MAX)) {
            GuestAgent.Result result = agent.run(BOOT_MAX, "/bin/sh", "-c", line);
            assertThat(result.exit()).as("%s: %s", line, result.output()).isZero();
            return result.output().strip();
        }
    }

    private Found said(String word) {
        String line =
                serial().lines()
                        .filter(l -> l.startsWith(word + " ") && l.endsWith(" end"))
                        .reduce((_, last) -> last)
                        .orElseThrow(() -> new AssertionError(machine().serial().lastLines()));
        return new Found(
                Arrays.stream(line.split(" "))
                        .map(field -> field.split("=", 2))
                        .filter(pair -> pair.length == 2)
                        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1])));
    }

    private static String script() throws IOException {
        try (InputStream in = RestlessGuest.class.getResourceAsStream("restless-guest.sh")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
        }
    }

    @Override
    public void close() throws IOException {
        if (machine != null) {
            machine.kill();
            machine.close();
        }
        for (ServedDisk disk : List.of(root, data)) {
            if (disk.server != null) {
                disk.server.close();
            }
        }
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

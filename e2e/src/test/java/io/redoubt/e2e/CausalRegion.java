// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.dist.launcher.HostProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A region of real processes with two nodes in zone a and one in zone b, and a machine on each of the two.
final class CausalRegion implements AutoCloseable {
    static final String SECOND_NODE = "node-a2";
    private static final String CLASSES = "redoubt.classes";
    private static final long MEBIBYTE = 1L << 20;
    private static final Duration READY = Duration.ofMinutes(3);
    private static final Duration END = Duration.ofSeconds(20);
    private static final Duration AGENT = Duration.ofSeconds(20);

    /// Keeps the disks busy beside the tokens, without an order of its own.
    private static final String LOAD =
            """
            #!/bin/sh
            dd if=/dev/urandom of=/tmp/x bs=64k count=4 2>/dev/null
            n=0
            while :; do
                n=$(( (n + 1) % 40 ))
                disk=vdb
                [ $((n % 2)) -eq 0 ] || disk=vdc
                dd if=/tmp/x of=/dev/$disk bs=64k seek=$((16 + 4 * n)) count=4 conv=fsync 2>/dev/null
                usleep 300000
            done
            """;

    private final Path home;
    private final PlantedClasses classes;
    private final @Nullable String classesBefore = System.getProperty(CLASSES);
    private final DemoRegion region;
    private @Nullable Process second;
    private final List<String> machines = new ArrayList<>();
    final List<Guest> guests = new ArrayList<>();

    /// @param volumes that tokens are written to; vdb is the first of them
    record Guest(String id, GuestAgent agent, List<String> disks, List<String> volumes)
            implements AutoCloseable {
        /// On the last disk, above what tokens and load use.
        private static final long NOTE_AT = 14 * MEBIBYTE;

        private static final int NOTE_LENGTH = 4;

        /// @param word of four letters, durable on the disk when it returns
        void note(String word) {
            String command =
                    "printf %s | dd of=/dev/%s bs=4 seek=%d conv=notrunc,fsync 2>/dev/null"
                            .formatted(word, disks.getLast(), NOTE_AT / NOTE_LENGTH);
            if (agent.run(AGENT, "/bin/sh", "-c", command).exit() != 0) {
                throw new IllegalStateException("the guest could not write " + word);
            }
        }

        /// From now on a hook of its administrator fails whenever the guest is to be frozen.
        void refuseToFreeze() {
            String hook = "/etc/qemu/fsfreeze-hook.d/refuses";
            String command =
                    "printf '#!/bin/sh\n[ $1 = thaw ]\n' >%1$s && chmod +x %1$s".formatted(hook);
            if (agent.run(AGENT, "/bin/sh", "-c", command).exit() != 0) {
                throw new IllegalStateException("the guest could not write its hook");
            }
        }

        String noted() {
            return read(disks.size() - 1, NOTE_AT, NOTE_LENGTH);
        }

        @Override
        public void close() {
            agent.close();
        }

        /// What it is made of, seen from inside: buses with their devices and drivers, disks, network cards, ports of the agent, modules of
        /// the kernel, and the programs that run.
        String devices() {
            String command =
                    """
                    for d in /sys/bus/pci/devices/* /sys/bus/virtio/devices/*; do
                        echo "$d $(cat $d/vendor $d/device | tr '\\n' ' ') $(readlink $d/driver)"
                    done
                    cat /proc/partitions
                    cut -d' ' -f1 /proc/modules
                    ls /sys/class/net /sys/class/virtio-ports
                    cat /sys/class/virtio-ports/*/name
                    readlink /proc/[0-9]*/exe | sort -u
                    """;
            GuestAgent.Result seen = agent.run(AGENT, "/bin/sh", "-c", command);
            if (seen.output().lines().count() < 20) {
                throw new IllegalStateException("the guest sees hardly anything: " + seen);
            }
            return seen.output();
        }

        /// What the guest itself sees on one of the disks.
        String read(int disk, long at, int length) {
            String command =
                    "dd if=/dev/%s bs=1 skip=%d count=%d 2>/dev/null | tr '\\000' '~'"
                            .formatted(disks.get(disk), at, length);
            return agent.run(AGENT, "/bin/sh", "-c", command).output().replace('~', '\0');
        }
    }

    /// @param templates a cache that has the template tiny, or gets it
    static CausalRegion up(Path directory, PlantedClasses classes, Path templates)
            throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Path home = Files.createDirectory(directory.resolve("h"));
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
        Files.createDirectories(templates);
        Files.createSymbolicLink(home.resolve("cache"), templates);
        System.setProperty(CLASSES, classes.directory().toString());
        return new CausalRegion(home, classes);
    }

    private CausalRegion(Path home, PlantedClasses classes) {
        this.home = home;
        this.classes = classes;
        this.region = DemoRegion.up(home, new Narrator(System.out));
    }

    /// Two machines that boot at the same time, each on the one node that has none yet.
    void makeMachines() throws IOException {
        store("one"); // while its node is alone in the zone
        var first = CompletableFuture.supplyAsync(() -> machine("one"));
        startSecondNode();
        store("two");
        var other = CompletableFuture.supplyAsync(() -> machine("two"));
        machines.addAll(List.of(first.join(), other.join()));
        if (get("/v1/machines/one")
                .path("node")
                .asString("")
                .equals(get("/v1/machines/two").path("node").asString(""))) {
            throw new IllegalStateException("both machines are on one node");
        }
    }

    void awaitGuests() {
        machines.forEach(machine -> guests.add(guest(machine)));
    }

    void startSecondNode() throws IOException {
        JsonNode invitation = region.newJoinToken(DemoRegion.SOURCE_ZONE);
        Path token = home.resolve("token-2");
        Files.writeString(token, invitation.required("token").asString());
        var builder =
                new ProcessBuilder(
                        "setsid",
                        classes.root().resolve("redoubt").toString(),
                        "node",
                        "--zone",
                        DemoRegion.SOURCE_ZONE,
                        "--home",
                        home.resolve(SECOND_NODE).toString(),
                        "--control",
                        invitation.required("grpcAddress").asString(),
                        "--ca",
                        invitation.required("caFile").asString(),
                        "--token-file",
                        token.toString());
        builder.environment().put("REDOUBT_CLASSES", classes.directory().toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.redirectErrorStream(true)
                .redirectOutput(home.resolve(SECOND_NODE + ".log").toFile());
        second = builder.start();
        long pid = second.pid();
        Waiting.until(
                "the second node of zone a is online",
                READY,
                () -> region.list("/v1/nodes"),
                nodes ->
                        nodes.stream()
                                .anyMatch(node ->
                                        node.path("pid").asLong(0) == pid
                                                && node.path("state")
                                                        .asString("")
                                                        .equals("online")));
    }

    private void store(String name) {
        region.make(
                "/v1/datastores",
                Map.of(
                        "name",
                        name,
                        "zone",
                        DemoRegion.SOURCE_ZONE,
                        "sizeBytes",
                        1024 * MEBIBYTE,
                        "class",
                        "lab"));
    }

    private String machine(String name) {
        List<CompletableFuture<String>> disks =
                List.of(
                        disk(name, "root", 192, "tiny"),
                        disk(name, "b", 16, ""),
                        disk(name, "c", 16, ""));
        disks.forEach(CompletableFuture::join);
        return region.make(
                "/v1/machines",
                Map.of(
                        "name",
                        name,
                        "zone",
                        DemoRegion.SOURCE_ZONE,
                        "memoryBytes",
                        160 * MEBIBYTE,
                        "vcpus",
                        1,
                        "disks",
                        List.of(name + "-root", name + "-b", name + "-c"),
                        "template",
                        "tiny",
                        "userData",
                        LOAD));
    }

    private CompletableFuture<String> disk(
            String machine, String name, long mebibytes, String template) {
        return CompletableFuture.supplyAsync(() ->
                region.make(
                        "/v1/volumes",
                        Map.of(
                                "name",
                                machine + "-" + name,
                                "datastore",
                                machine,
                                "sizeBytes",
                                mebibytes * MEBIBYTE,
                                "template",
                                template)));
    }

    /// The node lets the agent go once it has answered; from then on it is ours.
    Guest guest(String machine) {
        JsonNode ready =
                Waiting.until(
                        "the guest of machine %s is ready".formatted(machine),
                        READY,
                        () -> get("/v1/machines/" + machine),
                        json ->
                                json.path("guestReadyAt").isString()
                                        && json.path("serialLog").isString());
        Path agent = Path.of(ready.path("serialLog").asString()).resolveSibling("agent");
        List<String> volumes =
                ready.path("disks").valueStream().map(d -> d.path("volume").asString()).toList();
        return new Guest(
                ready.path("id").asString(),
                GuestAgent.connect(agent, AGENT),
                List.of("vdb", "vdc"),
                volumes.subList(1, volumes.size()));
    }

    void protect(String name, List<String> machines) {
        region.make(
                "/v1/protection-groups",
                Map.of(
                        "name",
                        name,
                        "machines",
                        machines,
                        "targetZone",
                        DemoRegion.RECOVERY_ZONE,
                        "intervalSeconds",
                        1));
    }

    JsonNode group(String name) {
        return get("/v1/protection-groups/" + name);
    }

    JsonNode get(String path) {
        return region.get(path);
    }

    DemoRegion region() {
        return region;
    }

    /// The process of the second node alone; the guest on it goes on.
    HostProcess secondNode() {
        return new HostProcess(Objects.requireNonNull(second).pid(), 0);
    }

    /// Ends the node that keeps the journals.
    ///
    /// @return the journal of the group
    Path journalAfterTheEnd(String group) {
        String id = group(group).path("id").asString();
        region.kill(DemoRegion.RECOVERY_ZONE);
        return region.zoneHome(DemoRegion.RECOVERY_ZONE).resolve("groups").resolve(id);
    }

    /// The agents of the guests; their machines may end.
    void letGo() {
        guests.forEach(Guest::close);
    }

    @Override
    public void close() {
        letGo();
        Waiting.until(
                "every process of the region has ended",
                END,
                () -> {
                    List<HostProcess> left =
                            Processes.naming(home).stream()
                                    .map(line -> Long.parseLong(line.split(" ")[0]))
                                    .map(pid -> new HostProcess(pid, 0))
                                    .toList();
                    Processes.signal("KILL", left); // nothing of it is worth a goodbye
                    return left;
                },
                List::isEmpty);
        if (classesBefore == null) {
            System.clearProperty(CLASSES);
        } else {
            System.setProperty(CLASSES, classesBefore);
        }
    }
}

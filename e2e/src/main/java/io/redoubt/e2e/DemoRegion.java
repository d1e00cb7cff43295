// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.cli.api.Api;
import io.redoubt.cli.api.Operation;
import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.launcher.HostProcess;
import io.redoubt.dist.launcher.Ports;
import io.redoubt.dist.launcher.Region;
import io.redoubt.dist.launcher.RegionStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// The region that the demo plays on: asked through its public API, its zones struck down from outside.
final class DemoRegion {
    static final String SOURCE_ZONE = "a";
    static final String RECOVERY_ZONE = "b";

    private static final Duration CHANGE = Duration.ofMinutes(2);
    private static final Duration GONE = Duration.ofSeconds(10);

    private final Region region;
    private final Narrator tell;
    private Api api;

    private DemoRegion(Region region, Api api, Narrator tell) {
        this.region = region;
        this.api = api;
        this.tell = tell;
    }

    static DemoRegion up(Path home, Narrator tell) {
        var region = new Region(home, line -> tell.say(line));
        RegionStatus status = region.up(new Ports(0, 0));
        tell.say("control plane: pid %d, API %s".formatted(status.controlPid(), status.apiUrl()));
        for (RegionStatus.NodeStatus node : status.nodes()) {
            tell.say("zone %s: node pid %d, %s".formatted(node.zone(), node.pid(), node.state()));
        }
        return new DemoRegion(region, region.api(), tell);
    }

    JsonNode get(String path) {
        return api.fetch(path);
    }

    List<JsonNode> list(String path) {
        return api.fetchAll(path);
    }

    /// Asks for a change and waits until it is made.
    ///
    /// @return the id of what it was about
    String make(String path, Map<String, ?> body) {
        return await(api.post(path, body), _ -> {}).target();
    }

    Operation begin(String path, Map<String, ?> body) {
        return api.post(path, body);
    }

    Operation await(Operation started, Consumer<Operation> changed) {
        return api.await(started, CHANGE, changed);
    }

    void remove(String path) {
        await(api.delete(path), _ -> {});
    }

    Path zoneHome(String zone) {
        return region.home().zone(zone);
    }

    /// What the node of a zone has written down.
    List<String> nodeLog(String zone) {
        try {
            return Files.readAllLines(
                    region.home().log("node-" + zone), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed("the log of zone " + zone, e.toString()), e);
        }
    }

    /// Every process of a zone at this moment.
    List<HostProcess> processes(String zone) {
        try {
            return region.processesOfZone(zone);
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed("the processes of zone " + zone, e.toString()), e);
        }
    }

    /// Ends every process of a zone without a word, and returns when none is left.
    ///
    /// @return when it struck, since 1970
    long kill(String zone) {
        List<HostProcess> struck = processes(zone);
        long at = System.currentTimeMillis();
        Processes.signal("KILL", struck);
        tell.say(
                "SIGKILL to %d processes of zone %s: %s"
                        .formatted(struck.size(), zone, pids(struck)));
        Waiting.until(
                "every process of zone %s has ended".formatted(zone),
                GONE,
                () -> {
                    List<HostProcess> left = processes(zone);
                    Processes.signal("KILL", left);
                    return left;
                },
                List::isEmpty);
        return at;
    }

    /// Stops every process of a zone where it stands, and returns when all stand still.
    ///
    /// @return when it struck, since 1970
    long pause(String zone) {
        long at = System.currentTimeMillis();
        Waiting.until(
                "every process of zone %s stands still".formatted(zone),
                GONE,
                () -> {
                    List<HostProcess> moving =
                            processes(zone).stream()
                                    .filter(one -> !Processes.isStopped(one))
                                    .toList();
                    Processes.signal("STOP", moving);
                    return moving;
                },
                List::isEmpty);
        tell.say("SIGSTOP to zone %s: %s".formatted(zone, pids(processes(zone))));
        return at;
    }

    void resume(String zone) {
        List<HostProcess> paused = processes(zone);
        Processes.signal("CONT", paused);
        tell.say("SIGCONT to zone %s: %s".formatted(zone, pids(paused)));
    }

    /// Lets one more node into the zone.
    JsonNode newJoinToken(String zone) {
        return api.newJoinToken(zone);
    }

    void startNode(String zone) {
        region.startNode(zone);
    }

    boolean down() {
        return region.down();
    }

    private static String pids(List<HostProcess> processes) {
        return processes.stream()
                .map(process -> "%d %s".formatted(process.pid(), Processes.name(process.pid())))
                .toList()
                .toString();
    }
}

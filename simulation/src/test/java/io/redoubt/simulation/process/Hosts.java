// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;

/// Where source, relay and receiver run: three network namespaces, source and receiver joined only through the relay's; or, without
/// root, three ports of this host.
final class Hosts {
    private static final String PREFIX = "redoubt-proof-";
    private static final int PORT = 7100;

    private final boolean apart;
    private final String relayAddress;
    private final String receiverAddress;

    private Hosts(boolean apart, String relayAddress, String receiverAddress) {
        this.apart = apart;
        this.relayAddress = relayAddress;
        this.receiverAddress = receiverAddress;
    }

    static Hosts make() throws Exception {
        if (!Command.isRoot()) {
            System.out.println("not run in network namespaces: they need root");
            return new Hosts(false, loopback(), loopback());
        }
        removeOfTheDead();
        var hosts = new Hosts(true, "10.79.1.1:" + PORT, "10.79.2.2:" + PORT);
        try {
            for (String role : List.of("source", "relay", "receiver")) {
                Command.run("ip", "netns", "add", name(role));
                Command.run("ip", "-n", name(role), "link", "set", "lo", "up");
            }
            join("source", "10.79.1.2/24", "near", "10.79.1.1/24");
            join("receiver", "10.79.2.2/24", "far", "10.79.2.1/24");
            return hosts;
        } catch (IOException e) {
            hosts.remove();
            throw e;
        }
    }

    private static void join(String role, String address, String end, String relayAddress)
            throws Exception {
        Command.run(
                "ip",
                "link",
                "add",
                "wire",
                "netns",
                name(role),
                "type",
                "veth",
                "peer",
                "name",
                end,
                "netns",
                name("relay"));
        Command.run("ip", "-n", name(role), "address", "add", address, "dev", "wire");
        Command.run("ip", "-n", name(role), "link", "set", "wire", "up");
        Command.run("ip", "-n", name("relay"), "address", "add", relayAddress, "dev", end);
        Command.run("ip", "-n", name("relay"), "link", "set", end, "up");
    }

    /// The words before a command that is to run there.
    List<String> in(String role) {
        return apart ? List.of("ip", "netns", "exec", name(role)) : List.of();
    }

    /// Where the relay listens.
    String relay() {
        return relayAddress;
    }

    /// Where the receiver listens.
    String receiver() {
        return receiverAddress;
    }

    private static String name(String role) {
        return PREFIX + ProcessHandle.current().pid() + "-" + role;
    }

    private static String loopback() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    /// Of test runs that were killed.
    private static void removeOfTheDead() throws Exception {
        for (String line : Command.run("ip", "netns", "list").split("\n")) {
            String name = line.split(" ", 2)[0];
            if (name.startsWith(PREFIX)) {
                long pid = Long.parseLong(name.split("-")[2]);
                if (ProcessHandle.of(pid).isEmpty()) {
                    Command.run("ip", "netns", "delete", name);
                }
            }
        }
    }

    /// The processes in them have ended.
    void remove() throws Exception {
        if (apart) {
            String there = Command.run("ip", "netns", "list");
            for (String role : List.of("source", "relay", "receiver")) {
                if (there.contains(name(role))) {
                    Command.run("ip", "netns", "delete", name(role));
                }
            }
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `up`, `down` and `status` on the command line. Results go to standard output, everything else to standard error.
@Command(name = "redoubt", synopsisSubcommandLabel = "up|down|status")
public final class LauncherMain {
    private static final double GIBIBYTE = 1L << 30;

    private static final int FAILED = 1;

    private LauncherMain() {}

    public static void main(String[] arguments) {
        var line = new CommandLine(new LauncherMain());
        line.addSubcommand("up", new Up());
        line.addSubcommand("down", new Down());
        line.addSubcommand("status", new Status());
        line.setExecutionExceptionHandler((failure, _, _) -> {
            if (failure instanceof FaultException fault) {
                System.err.println("redoubt: " + fault.fault().message());
                System.err.println("  " + fault.fault().remedy());
                return FAILED;
            }
            throw failure;
        });
        System.exit(line.execute(arguments));
    }

    private static Region region() {
        String home =
                Objects.requireNonNull(
                        System.getenv("REDOUBT_HOME"), "the entry script sets REDOUBT_HOME");
        return new Region(Path.of(home), line -> System.err.println("  " + line));
    }

    private static void print(RegionStatus status, boolean json) {
        if (json) {
            System.out.println(
                    JsonMapper.builder()
                            .enable(SerializationFeature.INDENT_OUTPUT)
                            .build()
                            .writeValueAsString(status));
            return;
        }
        System.out.println("region   " + status.state() + ", in " + status.home());
        System.out.println("API      " + status.apiUrl());
        System.out.println("OpenAPI  " + status.openApi());
        System.out.println("CA       " + status.caFile());
        System.out.println("token    " + status.tokenFile());
        System.out.println(
                "control  pid " + status.controlPid() + ", nodes dial " + status.grpcAddress());
        for (RegionStatus.NodeStatus node : status.nodes()) {
            System.out.println(
                    "zone %s   %s, pid %d, %s"
                            .formatted(node.zone(), node.state(), node.pid(), node.home()));
        }
        for (RegionStatus.PoolStatus pool : status.pools()) {
            System.out.println(
                    "pool     %s in zone %s: %.1f GiB free, %.1f GiB promised%s%s"
                            .formatted(
                                    pool.name(),
                                    pool.zone(),
                                    pool.freeBytes() / GIBIBYTE,
                                    pool.promisedBytes() / GIBIBYTE,
                                    pool.sparse() ? ", SPARSE: holds nothing" : "",
                                    pool.fault().isEmpty() ? "" : "; " + pool.fault()));
        }
    }

    @Command(name = "up")
    static final class Up implements Callable<Integer> {
        @Option(names = "--http-port")
        private int httpPort;

        @Option(names = "--grpc-port")
        private int grpcPort;

        @Option(names = "--json")
        private boolean json;

        @Override
        public Integer call() {
            print(region().up(new Ports(httpPort, grpcPort)), json);
            return 0;
        }
    }

    @Command(name = "down")
    static final class Down implements Callable<Integer> {
        @Override
        public Integer call() {
            Region region = region();
            System.out.println(
                    region.down()
                            ? "The region in %s is down; ./redoubt up goes on with its data."
                                    .formatted(region.home().path())
                            : "No region is up in %s.".formatted(region.home().path()));
            return 0;
        }
    }

    @Command(name = "status")
    static final class Status implements Callable<Integer> {
        @Option(names = "--json")
        private boolean json;

        @Override
        public Integer call() {
            RegionStatus status = region().status();
            print(status, json);
            return status.up() ? 0 : FAILED;
        }
    }
}

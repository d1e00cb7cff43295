// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.postgres.PostgresSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `redoubt control`: runs until it is told to end (SIGTERM, SIGINT).
@Command(
        name = "redoubt control",
        mixinStandardHelpOptions = true,
        description = "Runs the control plane: API, workflows, the port that nodes dial.")
public final class ControlMain implements Callable<Integer> {
    @Option(
            names = "--home",
            required = true,
            description = "Directory of this control plane: database, CA, tokens, control.json.")
    private Path home = Path.of("");

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on and to be reached by (default: ${DEFAULT-VALUE}).")
    private String host = "";

    @Option(
            names = "--http-port",
            defaultValue = "0",
            description = "Port of the API; 0, the default, takes a free one.")
    private int httpPort;

    @Option(
            names = "--grpc-port",
            defaultValue = "0",
            description = "Port for the nodes; 0, the default, takes a free one.")
    private int grpcPort;

    @Option(
            names = "--postgres-user",
            defaultValue = PostgresSettings.DEFAULT_USER,
            description =
                    "User that the database runs as when we are root (default: ${DEFAULT-VALUE}).")
    private String postgresUser = "";

    private ControlMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ControlMain()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        long began = System.nanoTime();
        var settings = new ControlSettings(home, host, httpPort, grpcPort, postgresUser);
        var ended = new CountDownLatch(1);
        var stopped = new CountDownLatch(1);
        try (ControlPlane plane = ControlPlane.start(settings)) {
            Runtime.getRuntime()
                    .addShutdownHook(Thread.ofPlatform().unstarted(() -> end(ended, stopped)));
            System.out.printf(
                    "ready: API %s, nodes %s, after %.1f s%n",
                    plane.apiUrl(), plane.grpcAddress(), (System.nanoTime() - began) / 1e9);
            ended.await();
        } catch (FaultException e) {
            System.err.println("redoubt control: " + e.fault().message());
            System.err.println("  " + e.fault().remedy());
            return 1;
        }
        stopped.countDown();
        return 0;
    }

    private static void end(CountDownLatch ended, CountDownLatch stopped) {
        ended.countDown();
        try {
            stopped.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}

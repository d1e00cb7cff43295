// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.node.link.ControlSession;
import io.redoubt.node.link.Identity;
import io.redoubt.node.link.LinkFault;
import io.redoubt.storage.block.OwnerLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "node",
        description = {
            "Runs the daemon of this host: its volumes, journals and machines, as the control plane tells it.",
            "",
            "Joins the region at its first start, with the token. A second start with the same home ends the first"
                    + " process; machines live through it.",
            ""
        })
final class NodeCommand implements Callable<Integer> {
    private static final Duration TAKE_OVER_MAX = Duration.ofSeconds(10);

    @Option(
            names = "--zone",
            paramLabel = "ZONE",
            required = true,
            description = "the availability zone")
    private String zone = "";

    @Option(
            names = "--home",
            paramLabel = "DIR",
            required = true,
            description = "where the node keeps everything")
    private Path home = Path.of(".");

    @Option(
            names = "--control",
            paramLabel = "HOST:PORT",
            required = true,
            description = "where the control plane takes nodes")
    private String control = "";

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "the region's certificate; for the first start")
    private @Nullable Path ca;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "holds the one-time join token; for the first start")
    private @Nullable Path tokenFile;

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description =
                    "where templates are kept, shared by nodes of this host; default: cache beside the home")
    private @Nullable Path cache;

    @Option(
            names = "--account",
            paramLabel = "USER",
            defaultValue = "redoubt",
            description = "as whom QEMU runs when this process is root, default ${DEFAULT-VALUE}")
    private String account = "redoubt";

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "where other nodes reach this one, default ${DEFAULT-VALUE}")
    private String address = "127.0.0.1";

    @Override
    public Integer call() throws IOException, InterruptedException {
        Name.require("zone", zone);
        Path directory = home.toAbsolutePath().normalize();
        Files.createDirectories(directory);
        OwnerLock lock = OwnerLock.takeOver(directory, TAKE_OVER_MAX);
        Identity identity = identity(directory);
        boolean root = "root".equals(System.getProperty("user.name"));
        Path templates =
                cache == null
                        ? Objects.requireNonNull(directory.getParent()).resolve("cache")
                        : cache;
        var daemon =
                new NodeDaemon(
                        zone,
                        directory,
                        templates.toAbsolutePath().normalize(),
                        root ? Optional.of(account) : Optional.empty(),
                        address,
                        identity);
        daemon.start();
        var session = new ControlSession(control, identity, daemon);
        session.start();
        new BreakGlass(directory).serve(session::talks, daemon::promoteWithoutControl);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    session.close();
                                    try {
                                        daemon.close();
                                    } catch (IOException _) {
                                        // It ends anyway.
                                    }
                                    lock.close();
                                    Runtime.getRuntime().halt(0); // told to end, and did
                                },
                                "stop"));
        System.out.printf("READY node=%s zone=%s home=%s%n", identity.node(), zone, directory);
        System.out.flush();
        new CountDownLatch(1).await(); // the hook ends the process
        return 0;
    }

    private Identity identity(Path directory) throws IOException {
        Identity found = Identity.find(directory);
        if (found != null) {
            return found;
        }
        Path authority = ca;
        Path secret = tokenFile; // a secret on a command line is read by every user of the host
        if (authority == null || secret == null) {
            throw new FaultException(new LinkFault.NoToken(directory.toString()));
        }
        return Identity.join(
                directory,
                new Identity.Invitation(
                        control,
                        authority,
                        Files.readString(secret).strip(),
                        zone,
                        directory.getFileName().toString()));
    }
}

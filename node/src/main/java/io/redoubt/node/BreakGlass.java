// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import com.google.protobuf.MessageLite;
import io.redoubt.core.fault.FaultException;
import io.redoubt.node.storage.NodeFault;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/// How a person's order reaches the daemon of this host when there is no control plane: by a file in the node's home, which nobody else may
/// enter. The answer lies beside it.
final class BreakGlass {
    private static final Logger LOG = System.getLogger(BreakGlass.class.getName());
    private static final String ORDER = "order";
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Path directory;

    BreakGlass(Path home) {
        this.directory = home.resolve("break-glass");
    }

    /// The daemon's side.
    ///
    /// @param controlThere whether somebody else decides
    void serve(BooleanSupplier controlThere, Function<BreakGlassOrder, BreakGlassAnswer> carryOut) {
        Thread.ofPlatform()
                .name("break-glass")
                .daemon()
                .start(() -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        look(controlThere, carryOut);
                        LockSupport.parkNanos(LOOK.toNanos());
                    }
                });
    }

    void look(BooleanSupplier controlThere, Function<BreakGlassOrder, BreakGlassAnswer> carryOut) {
        Path file = directory.resolve(ORDER);
        if (!Files.exists(file)) {
            return;
        }
        try {
            BreakGlassOrder order = BreakGlassOrder.parseFrom(Files.readAllBytes(file));
            LOG.log(
                    Level.WARNING,
                    "a person orders a promotion of group {0}: control plane: {1}; source: {2}",
                    order.getGroup(),
                    order.getSaid().getControlIsOff(),
                    order.getSaid().getSourceIsOff());
            put("answer-" + order.getId(), answer(order, controlThere, carryOut));
            Files.deleteIfExists(file); // last: an order that was not answered is carried out again
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.ERROR, "an order of a person could not be carried out", e);
        }
    }

    private static BreakGlassAnswer answer(
            BreakGlassOrder order,
            BooleanSupplier controlThere,
            Function<BreakGlassOrder, BreakGlassAnswer> carryOut) {
        try {
            if (controlThere.getAsBoolean()) {
                throw new FaultException(new NodeFault.ControlPlaneThere());
            }
            return carryOut.apply(order);
        } catch (FaultException e) {
            return BreakGlassAnswer.newBuilder()
                    .setFault(
                            Fault.newBuilder()
                                    .setMessage(e.fault().message())
                                    .setRemedy(e.fault().remedy()))
                    .build();
        }
    }

    /// The person's side.
    ///
    /// @return empty when no daemon answers in time; the order is withdrawn then, unless it is just being carried out
    Optional<BreakGlassAnswer> order(BreakGlassOrder said, Duration within) throws IOException {
        BreakGlassOrder order = said.toBuilder().setId(UUID.randomUUID().toString()).build();
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        put(ORDER, order);
        Path answer = directory.resolve("answer-" + order.getId());
        long end = System.nanoTime() + within.toNanos();
        while (!Files.exists(answer)) {
            if (System.nanoTime() - end > 0) {
                Files.deleteIfExists(directory.resolve(ORDER));
                return Optional.empty();
            }
            LockSupport.parkNanos(LOOK.toNanos() / 5);
        }
        var found = BreakGlassAnswer.parseFrom(Files.readAllBytes(answer));
        Files.delete(answer);
        return Optional.of(found);
    }

    private void put(String name, MessageLite message) {
        try {
            Path half = directory.resolve(name + ".half");
            Files.write(half, message.toByteArray());
            Files.move(half, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

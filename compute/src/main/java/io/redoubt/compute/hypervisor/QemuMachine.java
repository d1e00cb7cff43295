// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.HostFault;
import io.redoubt.compute.host.HostProcess;
import io.redoubt.compute.host.Pause;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A QEMU process and the conversation with it, which is opened again whenever it was lost.
final class QemuMachine implements Machine {
    private static final Duration ANSWER_BOUND = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(10);
    private static final Duration WATCH = Duration.ofSeconds(1);
    private static final int EVENTS_MAX = 256;
    private static final int LINE_MAX = 4096;

    private final MachineFiles files;
    private final HostProcess process;
    private final long serialStart;
    private final Consumer<MachineEvent> listener;
    private final BlockingQueue<Optional<MachineEvent>> events =
            new ArrayBlockingQueue<>(EVENTS_MAX);
    private volatile boolean closed;
    private @Nullable Qmp qmp;

    /// @param serialStart where the output of this start begins in the serial log
    QemuMachine(
            MachineFiles files,
            HostProcess process,
            long serialStart,
            Consumer<MachineEvent> listener) {
        this.files = files;
        this.process = process;
        this.serialStart = serialStart;
        this.listener = listener;
        Thread.ofVirtual().name("machine " + files.id()).start(this::watch);
        try {
            monitor(); // from now on its events arrive
        } catch (FaultException e) {
            closed = true;
            throw e;
        }
    }

    @Override
    public MachineId id() {
        return files.id();
    }

    @Override
    public HostProcess process() {
        return process;
    }

    @Override
    public MachineState state() {
        if (!process.alive()) {
            return MachineState.GONE;
        }
        try {
            return MachineState.of(ask("query-status").path("status").asString(""));
        } catch (FaultException e) {
            if (!process.alive()) {
                return MachineState.GONE; // it ended while it was asked
            }
            throw e;
        }
    }

    @Override
    public void resume() {
        ask("cont");
    }

    @Override
    public void pause() {
        ask("stop");
    }

    @Override
    public boolean lacksRoom() {
        for (JsonNode device : ask("query-block")) {
            if (device.path("io-status").asString("").equals("nospace")) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void resizeDisk(String disk, Bytes size) {
        ask("block_resize", Map.of("node-name", disk, "size", size.value()));
    }

    @Override
    public boolean shutDown(Duration deadline) {
        if (process.alive()) {
            try {
                ask("system_powerdown");
            } catch (FaultException e) {
                kill();
                return false;
            }
        }
        boolean byItself = process.awaitEnd(deadline);
        kill();
        return byItself;
    }

    @Override
    public void kill() {
        process.kill();
    }

    @Override
    public SerialLog serial() {
        return files.serial();
    }

    @Override
    public void awaitSerial(String text, Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        long from = serialStart;
        while (true) {
            boolean lives =
                    process.alive(); // asked first: what it wrote before its end is then in the
            // file
            String said = serial().from(from);
            if (said.contains(text)) {
                return;
            }
            from =
                    Math.max(
                            from,
                            from + said.length() - LINE_MAX); // the text may stand across two reads
            if (!lives) {
                throw gone();
            }
            if (System.nanoTime() - end > 0) {
                throw new FaultException(
                        new HypervisorFault.NotReady(
                                id(), text, deadline.toSeconds(), serial().lastLines()));
            }
            Pause.of(POLL);
        }
    }

    @Override
    public Path agentSocket() {
        return files.agent();
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (qmp != null) {
            qmp.close();
        }
    }

    private JsonNode ask(String command) {
        return ask(command, Map.of());
    }

    private JsonNode ask(String command, Map<String, ?> arguments) {
        try {
            return monitor().execute(command, arguments, ANSWER_BOUND);
        } catch (FaultException e) {
            if (!process.alive()) {
                throw gone();
            }
            throw e;
        }
    }

    private synchronized Qmp monitor() {
        if (qmp == null || !qmp.isOpen()) {
            try {
                qmp = Qmp.connect(files.monitor(), ANSWER_BOUND, this::note, this::nudge);
            } catch (FaultException e) {
                if (e.fault() instanceof HostFault.NoPeer && !process.alive()) {
                    throw gone();
                }
                throw e;
            }
        }
        return qmp;
    }

    private FaultException gone() {
        String last = serial().lastLines() + " | " + new SerialLog(files.log()).lastLines();
        return new FaultException(new HypervisorFault.Gone(id(), last));
    }

    private void note(JsonNode message) {
        JsonNode data = message.path("data");
        MachineEvent event =
                switch (message.path("event").asString("")) {
                    case "STOP" -> new MachineEvent.Paused();
                    case "RESUME" -> new MachineEvent.Resumed();
                    case "RESET" -> new MachineEvent.Reset();
                    case "SHUTDOWN" -> new MachineEvent.ShutDown(data.path("reason").asString(""));
                    case "BLOCK_IO_ERROR" ->
                            new MachineEvent.IoError(
                                    data.path("node-name").asString(""),
                                    data.path("operation").asString(""),
                                    data.path("reason").asString(""));
                    default -> null;
                };
        if (event != null) {
            // A listener that sleeps through 256 events loses the next ones, not the machine: its
            // state can be asked for.
            boolean _ = events.offer(Optional.of(event));
        }
    }

    private void nudge() {
        boolean _ = events.offer(Optional.empty());
    }

    /// Hands events to the listener, keeps the serial log small, and notices the end of the process.
    private void watch() {
        try {
            while (!closed) {
                Optional<MachineEvent> next = events.poll(WATCH.toMillis(), TimeUnit.MILLISECONDS);
                if (next == null) {
                    serial().release();
                } else {
                    next.ifPresent(listener);
                }
                if (events.isEmpty() && !process.alive()) {
                    listener.accept(new MachineEvent.Gone());
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One server process and the thread that watches it.
final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /// Crash recovery replays at most a checkpoint's worth of log, well below this.
    private static final long READY_MILLIS_MAX = 60_000;

    private static final long STOP_SECONDS_MAX = 15;
    private static final long POLL_MILLIS = 20;
    private static final long RESTART_PAUSE_MILLIS = 200;
    private static final long RESTART_PAUSE_MILLIS_MAX = 10_000;
    private static final long LOG_BYTES_MAX = 8 << 20;

    private final Binaries binaries;
    private final Account account;
    private final Path data;
    private final Path log;
    private final int port;
    private final CountDownLatch firstStart = new CountDownLatch(1);
    private final Thread watcher =
            Thread.ofPlatform().name("postgres").daemon(true).unstarted(this::watch);
    private volatile @Nullable Process process;
    private volatile @Nullable RuntimeException failure;
    private volatile boolean closing;

    Server(Binaries binaries, Account account, Path data, Path log, int port) {
        this.binaries = binaries;
        this.account = account;
        this.data = data;
        this.log = log;
        this.port = port;
    }

    void start() throws IOException {
        endOrphan();
        watcher.start();
        try {
            firstStart.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
        }
        RuntimeException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    long pid() {
        Process running = process;
        return running == null ? 0 : running.pid();
    }

    @Override
    public void close() {
        closing = true;
        Process running = process;
        if (running != null) {
            signal(running.pid(), "INT");
        }
        try {
            if (!watcher.join(java.time.Duration.ofSeconds(STOP_SECONDS_MAX)) && running != null) {
                LOG.warn("PostgreSQL did not stop within {} s, ending it", STOP_SECONDS_MAX);
                signal(running.pid(), "QUIT");
                watcher.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// This thread is the server's parent: when our process is killed, the kernel sends the server SIGINT.
    private void watch() {
        long pauseMillis = RESTART_PAUSE_MILLIS;
        while (!closing) {
            try {
                Process running = launch();
                process = running;
                if (closing) {
                    signal(running.pid(), "INT");
                }
                if (awaitReady(running)) {
                    firstStart.countDown();
                    pauseMillis = RESTART_PAUSE_MILLIS;
                } else if (firstStart.getCount() > 0) {
                    throw new FaultException(new PostgresFault.DidNotStart("the start", tail()));
                }
                int status = running.waitFor();
                if (!closing) {
                    LOG.warn("PostgreSQL ended with status {}, starting it again", status);
                    TimeUnit.MILLISECONDS.sleep(pauseMillis);
                    pauseMillis = Math.min(pauseMillis * 2, RESTART_PAUSE_MILLIS_MAX);
                    endOrphan();
                }
            } catch (IOException | FaultException e) {
                if (firstStart.getCount() > 0) {
                    failure =
                            e instanceof FaultException fault
                                    ? fault
                                    : new java.io.UncheckedIOException((IOException) e);
                    firstStart.countDown();
                    return;
                }
                LOG.warn("PostgreSQL could not be started again: {}", e.getMessage());
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private Process launch() throws IOException {
        if (Files.exists(log) && Files.size(log) > LOG_BYTES_MAX) {
            Files.move(log, log.resolveSibling("log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        var builder =
                new ProcessBuilder(
                        account.command(
                                List.of(
                                        binaries.program("postgres"),
                                        "-D",
                                        data.toString(),
                                        "-p",
                                        Integer.toString(port),
                                        "-c",
                                        "listen_addresses=127.0.0.1",
                                        "-c",
                                        "unix_socket_directories=",
                                        "-c",
                                        "fsync=on",
                                        "-c",
                                        "synchronous_commit=on",
                                        "-c",
                                        "full_page_writes=on",
                                        "-c",
                                        "max_connections=60",
                                        "-c",
                                        "shared_buffers=32MB")));
        builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Process started = builder.start();
        started.getOutputStream().close();
        return started;
    }

    /// @return false when it ended or took too long; a process that takes too long is ended
    private boolean awaitReady(Process running) throws IOException, InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(READY_MILLIS_MAX);
        while (System.nanoTime() < until) {
            if (running.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                return false;
            }
            Lock lock = Lock.read(data);
            if (lock.pid() == running.pid() && lock.ready()) {
                return true;
            }
        }
        signal(running.pid(), "QUIT");
        return false;
    }

    /// A server that an earlier life of ours left on the data. Two servers on one data directory are kept apart by PostgreSQL
    /// itself; this only makes room.
    private void endOrphan() throws IOException {
        Lock lock = Lock.read(data);
        ProcessHandle orphan = lock.pid() > 0 ? ProcessHandle.of(lock.pid()).orElse(null) : null;
        if (orphan == null || !runsOurProgram(orphan)) {
            return;
        }
        LOG.warn("ending an earlier PostgreSQL, process {}", orphan.pid());
        signal(orphan.pid(), "INT");
        try {
            for (long waited = 0; orphan.isAlive(); waited += POLL_MILLIS) {
                if (waited > STOP_SECONDS_MAX * 1000) {
                    throw new FaultException(new PostgresFault.StillRunning(data, orphan.pid()));
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean runsOurProgram(ProcessHandle handle) {
        try {
            Path program = Path.of("/proc/" + handle.pid() + "/exe").toRealPath();
            return handle.isAlive() && program.endsWith("postgres");
        } catch (IOException _) {
            return false;
        }
    }

    private static void signal(long pid, String name) {
        try {
            Command.run(List.of("kill", "-" + name, Long.toString(pid)));
        } catch (IOException e) {
            LOG.warn("process {} could not be signalled: {}", pid, e.getMessage());
        }
    }

    private String tail() throws IOException {
        return new Command.Output(0, Files.exists(log) ? Files.readString(log) : "").tail();
    }

    /// PostgreSQL's own `postmaster.pid`: the first line is the process, the eighth its state.
    private record Lock(long pid, boolean ready) {
        static Lock read(Path data) throws IOException {
            try {
                List<String> lines = Files.readAllLines(data.resolve("postmaster.pid"));
                boolean ready = lines.size() >= 8 && lines.get(7).strip().equals("ready");
                return new Lock(
                        lines.isEmpty() ? 0 : Long.parseLong(lines.getFirst().strip()), ready);
            } catch (NoSuchFileException | NumberFormatException _) {
                return new Lock(0, false);
            }
        }
    }
}

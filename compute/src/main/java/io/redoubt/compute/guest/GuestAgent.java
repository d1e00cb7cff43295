// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest;

import io.redoubt.compute.host.LineSocket;
import io.redoubt.compute.host.Pause;
import io.redoubt.core.fault.FaultException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A conversation with the QEMU guest agent over the socket that QEMU opened for it. What comes back was made inside the guest:
/// its sizes are bounded here and its words are never trusted.
public final class GuestAgent implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration SYNC_STEP = Duration.ofMillis(500);
    private static final Duration SLOW_STEP = Duration.ofSeconds(5);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration ANSWER_MIN = Duration.ofSeconds(1);
    private static final int ANSWERS_MAX = 64;

    private final BlockingQueue<String> answers = new ArrayBlockingQueue<>(ANSWERS_MAX);
    private final LineSocket socket;

    private GuestAgent(Path path) {
        // An agent that talks unasked fills the queue and is then not heard until it is
        // synchronised again.
        this.socket =
                LineSocket.connect(
                        path,
                        line -> {
                            boolean _ = answers.offer(line);
                        },
                        () -> {});
    }

    /// Connects and waits until the agent answers.
    ///
    /// @throws FaultException with [GuestFault.AgentSilent] when it does not within the bound
    public static GuestAgent connect(Path socket, Duration bound) {
        var agent = new GuestAgent(socket);
        try {
            agent.synchronise(bound);
            return agent;
        } catch (FaultException e) {
            agent.close();
            throw e;
        }
    }

    /// How a command in the guest ended and what it printed, its two streams one after the other.
    public record Result(int exit, String output) {}

    /// Runs a program in the guest and waits for its end. When the bound is over (a last question may take a second more) the program
    /// goes on in the guest.
    public Result run(Duration bound, String program, String... arguments) {
        long end = System.nanoTime() + bound.toNanos();
        JsonNode started =
                ask(
                        "guest-exec",
                        Map.of("path", program, "arg", List.of(arguments), "capture-output", true),
                        bound);
        long pid = started.path("pid").asLong(-1);
        while (true) {
            // The last question gets time for its answer, or a slow agent would be blamed for a
            // slow
            // program.
            Duration left = Duration.ofNanos(end - System.nanoTime());
            JsonNode status =
                    ask(
                            "guest-exec-status",
                            Map.of("pid", pid),
                            left.compareTo(ANSWER_MIN) > 0 ? left : ANSWER_MIN);
            if (status.path("exited").asBoolean(false)) {
                return new Result(
                        status.path("exitcode").asInt(-1),
                        decoded(status, "out-data") + decoded(status, "err-data"));
            }
            if (System.nanoTime() - end > 0) {
                throw new FaultException(
                        new GuestFault.AgentSilent("the end of " + program, bound.toMillis()));
            }
            Pause.of(POLL);
        }
    }

    /// Makes every file system of the guest complete on its disks and holds all writing until [#thaw].
    ///
    /// @return how many file systems are frozen
    public int freeze(Duration bound) {
        return ask("guest-fsfreeze-freeze", Map.of(), bound).asInt(0);
    }

    /// Lets the guest write again. Safe to call when nothing is frozen.
    public int thaw(Duration bound) {
        return ask("guest-fsfreeze-thaw", Map.of(), bound).asInt(0);
    }

    public boolean frozen(Duration bound) {
        return ask("guest-fsfreeze-status", Map.of(), bound).asString("").equals("frozen");
    }

    @Override
    public void close() {
        socket.close();
    }

    /// Throws away what an earlier conversation left on the way: the last number we sent has to come back before anything counts.
    ///
    /// A guest that boots has lost what came too early, so it is asked again and again. One that has answered any of it is there and
    /// slow: it gets time for the rest, as asking it faster than it answers would go on for ever.
    private void synchronise(Duration bound) {
        long end = System.nanoTime() + bound.toNanos();
        var sent = new HashSet<Long>();
        long last = 0;
        boolean heard = false;
        while (System.nanoTime() - end < 0) {
            if (!heard) {
                last = ThreadLocalRandom.current().nextLong(1, Integer.MAX_VALUE);
                sent.add(last);
                socket.sendReset();
                socket.send(command("guest-sync-delimited", Map.of("id", last)));
            }
            Duration step = heard ? SLOW_STEP : SYNC_STEP;
            long stepEnd = Math.min(end, System.nanoTime() + step.toNanos());
            heard = false;
            JsonNode answer = next(stepEnd);
            while (answer != null) {
                long number = answer.path("return").asLong(0);
                if (number == last) {
                    return;
                }
                heard |= sent.contains(number);
                answer = next(stepEnd);
            }
        }
        throw new FaultException(
                new GuestFault.AgentSilent("guest-sync-delimited", bound.toMillis()));
    }

    private synchronized JsonNode ask(String name, Map<String, ?> arguments, Duration bound) {
        answers.clear();
        socket.send(command(name, arguments));
        JsonNode answer = next(System.nanoTime() + bound.toNanos());
        if (answer == null) {
            throw new FaultException(new GuestFault.AgentSilent(name, bound.toMillis()));
        }
        if (answer.has("error")) {
            throw new FaultException(
                    new GuestFault.AgentRefused(name, answer.at("/error/desc").asString("")));
        }
        return answer.path("return");
    }

    private static String command(String name, Map<String, ?> arguments) {
        var message = new LinkedHashMap<String, Object>();
        message.put("execute", name);
        if (!arguments.isEmpty()) {
            message.put("arguments", arguments);
        }
        return JSON.writeValueAsString(message);
    }

    /// The next line that is JSON, or null at the end of the time.
    private @Nullable JsonNode next(long endNanos) {
        try {
            JsonNode answer = null;
            while (answer == null) {
                String line = answers.poll(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (line == null) {
                    return null;
                }
                answer = parsed(line);
            }
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the guest's agent was asked", e);
        }
    }

    /// Null for the rest of a line from before we came.
    private static @Nullable JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (JacksonException e) {
            return null;
        }
    }

    private static String decoded(JsonNode status, String field) {
        String text = status.path(field).asString("");
        try {
            return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text; // not what the protocol says, but still what the guest said
        }
    }
}

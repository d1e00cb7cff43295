// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.e2e.verdict.Broken;
import io.redoubt.e2e.verdict.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Tries again and again to write to the disks of a machine that was replaced, from before their zone comes back.
final class ForbiddenWrites implements AutoCloseable {
    private static final Duration ONE_TRY = Duration.ofSeconds(10);
    private static final Duration BETWEEN = Duration.ofMillis(50);
    private static final Duration END = Duration.ofSeconds(30);

    private final List<GuestDisk> disks;
    private final Map<GuestDisk, Seen> seen = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    /// How often each answer came, the words of the first, and which came last.
    private record Seen(
            Map<GuestDisk.Try, Integer> counts,
            Map<GuestDisk.Try, String> words,
            GuestDisk.Try last) {
        Seen with(GuestDisk.Answer answer) {
            var counted = new EnumMap<GuestDisk.Try, Integer>(GuestDisk.Try.class);
            counted.putAll(counts);
            counted.merge(answer.result(), 1, Integer::sum);
            var said = new EnumMap<GuestDisk.Try, String>(GuestDisk.Try.class);
            said.putAll(words);
            said.putIfAbsent(answer.result(), answer.words());
            return new Seen(counted, said, answer.result());
        }

        boolean any(GuestDisk.Try result) {
            return counts.containsKey(result);
        }
    }

    private ForbiddenWrites(List<GuestDisk> disks) {
        this.disks = disks;
    }

    static ForbiddenWrites begin(List<GuestDisk> disks) {
        var writes = new ForbiddenWrites(disks);
        for (GuestDisk disk : disks) {
            Thread thread =
                    Thread.ofPlatform()
                            .daemon()
                            .name("forbidden")
                            .unstarted(() -> writes.tryOn(disk));
            writes.threads.add(thread);
            thread.start();
        }
        return writes;
    }

    private void tryOn(GuestDisk disk) {
        while (!closed) {
            GuestDisk.Answer answer = disk.tryToWrite(ONE_TRY);
            seen.merge(
                    disk,
                    new Seen(Map.of(), Map.of(), answer.result()).with(answer),
                    (old, _) -> old.with(answer));
            Waiting.pause(BETWEEN);
        }
    }

    /// Waits until each disk's last answer is a final one, and ends.
    ///
    /// @return a broken promise for each disk that took a write, or is held and never refused
    List<Broken> end(Narrator tell) {
        long deadline = System.nanoTime() + END.toNanos();
        while (!disks.stream().allMatch(this::isFinal) && System.nanoTime() < deadline) {
            Waiting.pause(BETWEEN);
        }
        close();
        threads.forEach(ForbiddenWrites::join);
        var broken = new ArrayList<Broken>();
        for (GuestDisk disk : disks) {
            Seen answers =
                    seen.getOrDefault(disk, new Seen(Map.of(), Map.of(), GuestDisk.Try.HELD));
            tell.say("write under %s: %s".formatted(disk.export(), answers.words()));
            if (answers.any(GuestDisk.Try.WRITTEN) || !isFinal(disk)) {
                broken.add(
                        new Broken(
                                Promise.ONE_WRITER,
                                "writes to the old volume under %s: %s"
                                        .formatted(disk.export(), answers.counts())));
            }
        }
        return broken;
    }

    /// A try that is under way still counts.
    private static void join(Thread thread) {
        try {
            thread.join(ONE_TRY.plus(ONE_TRY));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isFinal(GuestDisk disk) {
        Seen answers = seen.get(disk);
        return answers != null && answers.last() != GuestDisk.Try.HELD;
    }

    @Override
    public void close() {
        closed = true;
    }
}

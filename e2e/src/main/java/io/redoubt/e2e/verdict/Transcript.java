// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What one guest has said so far: its acknowledgements with the moment each was seen, its findings, its failures.
///
/// Fed with bytes as they come. A line counts when its end was seen: one that was torn by the guest's death was not said.
public final class Transcript {
    private static final Pattern ACK = Pattern.compile("\\bACK (\\d{1,18})$");
    private static final Pattern FAILURE =
            Pattern.compile("\\b(WRITER-FAILED|ROOT-FAILED|USER-DATA-IGNORED|Kernel panic).*");
    private static final int LINE_BYTES_MAX = 4096;
    private static final int KEPT_MAX = 1_000_000;

    private final TreeMap<Long, Long> acknowledged = new TreeMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private final StringBuilder line = new StringBuilder();

    /// @param atMillis when the bytes were seen, since 1970 by this host's clock
    void accept(byte[] bytes, long atMillis) {
        // Each byte is a character: a sequence that is torn between two pieces cannot be misread.
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            if (next == '\n') {
                end(line.toString().strip(), atMillis);
                line.setLength(0);
            } else if (next != '\r' && next != 0 && line.length() < LINE_BYTES_MAX) {
                line.append(next);
            }
        }
    }

    private void end(String said, long atMillis) {
        Matcher ack = ACK.matcher(said);
        if (ack.find()) {
            acknowledged.putIfAbsent(Long.parseLong(ack.group(1)), atMillis);
            if (acknowledged.size() > KEPT_MAX) {
                acknowledged.pollFirstEntry();
            }
            return;
        }
        Finding.parse(said).ifPresent(findings::add);
        Matcher failure = FAILURE.matcher(said);
        if (failure.find()) {
            failures.add(failure.group());
        }
    }

    /// The highest number that was acknowledged, 0 when none was.
    public long lastAck() {
        return acknowledged.isEmpty() ? 0 : acknowledged.lastKey();
    }

    /// The highest number whose acknowledgement had been seen by then, 0 when none had.
    public long lastAckBy(long millis) {
        long last = 0;
        for (var entry : acknowledged.entrySet()) {
            if (entry.getValue() <= millis) {
                last = entry.getKey();
            }
        }
        return last;
    }

    /// When the acknowledgement of a number was seen; of the nearest lower one if that number's own line was lost in noise.
    public Optional<Long> seenAt(long number) {
        return Optional.ofNullable(acknowledged.floorEntry(number)).map(entry -> entry.getValue());
    }

    /// How many acknowledgements were seen in a time.
    public int acksBetween(long fromMillis, long toMillis) {
        return (int)
                acknowledged.values().stream()
                        .filter(seen -> seen > fromMillis && seen <= toMillis)
                        .count();
    }

    /// The longest silence between two acknowledgements within a time, its ends included.
    public long longestSilenceMillis(long fromMillis, long toMillis) {
        long longest = 0;
        long before = fromMillis;
        for (long seen : acknowledged.values()) {
            if (seen > fromMillis && seen <= toMillis) {
                longest = Math.max(longest, seen - before);
                before = seen;
            }
        }
        return Math.max(longest, toMillis - before);
    }

    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    public List<String> failures() {
        return List.copyOf(failures);
    }

    /// A copy that no later byte changes.
    Transcript copy() {
        var copy = new Transcript();
        copy.acknowledged.putAll(acknowledged);
        copy.findings.addAll(findings);
        copy.failures.addAll(failures);
        return copy;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What `--json` writes: the figures of both rounds, and on what they were measured.
///
/// @param broken the promises that were not kept, in words; empty is the good case
@JsonPropertyOrder({"rounds", "broken", "seed", "seconds"})
record Report(
        List<Round> rounds,
        List<String> broken,
        long seed,
        double seconds,
        int intervalSeconds,
        String cpuModel,
        int processors,
        String kernel,
        String java) {

    static Report of(List<Round> rounds, List<String> broken, long seed, double seconds) {
        return new Report(
                List.copyOf(rounds),
                List.copyOf(broken),
                seed,
                Math.round(seconds * 10) / 10.0,
                Story.INTERVAL_SECONDS,
                modelOfCpu(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.version"),
                System.getProperty("java.version"));
    }

    /// @throws FaultException with [DemoFault.ReportUnwritable]
    static void requireWritable(Path file) {
        Path directory = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file)) {
            throw unwritable(file, "it is a directory", null);
        }
        if (directory == null || !Files.isDirectory(directory)) {
            throw unwritable(file, "there is no directory " + directory, null);
        }
        if (!Files.isWritable(Files.exists(file) ? file : directory)) {
            throw unwritable(file, "no permission", null);
        }
    }

    void write(Path file) {
        try {
            Files.writeString(
                    file,
                    JsonMapper.builder()
                                    .enable(SerializationFeature.INDENT_OUTPUT)
                                    .build()
                                    .writeValueAsString(this)
                            + "\n");
        } catch (IOException e) {
            throw unwritable(file, e.toString(), e);
        }
    }

    private static FaultException unwritable(
            Path file, String why, @org.jspecify.annotations.Nullable Throwable cause) {
        return new FaultException(new DemoFault.ReportUnwritable(file, why), cause);
    }

    private static String modelOfCpu() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.ISO_8859_1)
                    .stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException _) {
            return "unknown";
        }
    }
}

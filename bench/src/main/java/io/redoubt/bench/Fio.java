// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// The client of all measurements.
final class Fio {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] LATENCIES = {"clat_ns", "lat_ns"};
    private static final String P50 = "50.000000";
    private static final String P99 = "99.000000";
    static final int SECONDS_MORE = 60; // than the cell itself takes

    /// What fio says of one cell.
    /// @param p50Nanos as p99: the slower of reads and writes; of p99 also of flushes
    record Result(double iops, long operations, double p50Nanos, double p99Nanos) {}

    private final Path directory;

    Fio(Path directory) {
        this.directory = directory;
    }

    Result overNbd(Profile profile, String uri, long size, long millis) {
        return overNbd(profile, uri, size, millis, List.of());
    }

    /// @param more words for fio
    Result overNbd(Profile profile, String uri, long size, long millis, List<String> more) {
        var where = new ArrayList<>(List.of("--ioengine=nbd", "--uri=" + uri));
        where.addAll(more);
        return run(profile.words(size, millis), where, millis);
    }

    /// The same load on the file itself: what no server can exceed by much.
    Result onFile(Profile profile, Path file, long size, long millis) {
        return run(
                profile.words(size, millis),
                List.of(
                        "--ioengine=" + (profile.depth() == 1 ? "psync" : "io_uring"),
                        "--filename=" + file,
                        "--invalidate=0", // else it drops the cache that the servers are served
                        // from
                        "--fadvise_hint=random",
                        "--allow_file_create=0"),
                millis);
    }

    /// Writes every block once, small and in random order, so that the page cache holds small folios: in large ones a 4 KiB write costs
    /// many times as much, and whoever is measured second would win.
    void fill(Path file, long size) {
        fill(
                size,
                List.of(
                        "--ioengine=psync",
                        "--filename=" + file,
                        "--fadvise_hint=random",
                        "--invalidate=0"));
    }

    /// The same through a server, when only it knows where the bytes are.
    void fillOverNbd(String uri, long size) {
        fill(size, List.of("--ioengine=nbd", "--uri=" + uri, "--iodepth=32"));
    }

    private void fill(long size, List<String> where) {
        var words =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=fill",
                                "--rw=randwrite",
                                "--bs=4k",
                                "--size=" + size));
        words.addAll(where);
        Tool.run(directory, SECONDS_MORE * 10, words);
    }

    private Result run(List<String> job, List<String> where, long millis) {
        var words = new ArrayList<String>();
        words.add("fio");
        words.addAll(job);
        words.addAll(where);
        return parse(words, Tool.run(directory, millis / 1000 + SECONDS_MORE, words));
    }

    /// @param said what fio printed; its nbd engine puts a line before the JSON
    static Result parse(List<String> command, String said) {
        int begin = said.indexOf('{');
        int end = said.lastIndexOf('}');
        if (begin < 0 || end < begin) {
            throw new FaultException(new BenchFault.Failed(command, 0, said));
        }
        JsonNode job = JSON.readTree(said.substring(begin, end + 1)).get("jobs").get(0);
        JsonNode read = job.get("read");
        JsonNode write = job.get("write");
        long operations = read.get("total_ios").asLong() + write.get("total_ios").asLong();
        if (operations == 0 || job.get("error").asInt() != 0) {
            throw new FaultException(
                    new BenchFault.Failed(command, job.get("error").asInt(), said));
        }
        double worst = Math.max(percentile(read, P99), percentile(write, P99));
        return new Result(
                read.get("iops").asDouble() + write.get("iops").asDouble(),
                operations,
                Math.max(percentile(read, P50), percentile(write, P50)),
                Math.max(worst, percentile(job.path("sync"), P99)));
    }

    private static double percentile(JsonNode of, String which) {
        for (String name : LATENCIES) {
            JsonNode found = of.path(name).path("percentile").path(which);
            if (found.isNumber()) {
                return found.asDouble();
            }
        }
        return 0;
    }
}

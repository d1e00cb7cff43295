// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.util.ArrayList;
import java.util.List;

/// One kind of load, and the least that we promise for it: IOPS as multiples of what nbdkit and qemu-nbd do beside us, 0 for no promise.
///
/// @param pattern     fio's name for it
/// @param flushEvery  writes, 0 for never
/// @param floorNbdkit from the floors of the data path's design, which hold for plain volumes
record Profile(
        String name,
        String pattern,
        int blockBytes,
        int depth,
        int connections,
        int flushEvery,
        double floorNbdkit,
        double floorQemu) {

    private static final int SMALL = 4 << 10;

    static final List<Profile> ALL =
            List.of(
                    new Profile("randread-q1", "randread", SMALL, 1, 1, 0, 1.15, 1.6),
                    new Profile("randread-q32", "randread", SMALL, 32, 1, 0, 1.0, 1.7),
                    new Profile("randread-q128", "randread", SMALL, 128, 1, 0, 1.3, 2.0),
                    new Profile("randwrite-q1", "randwrite", SMALL, 1, 1, 0, 0, 0),
                    new Profile("randwrite-q32", "randwrite", SMALL, 32, 1, 0, 1.05, 2.2),
                    new Profile("randwrite-q128", "randwrite", SMALL, 128, 1, 0, 0, 0),
                    new Profile("mixed-q1", "randrw", SMALL, 1, 1, 0, 0, 0),
                    new Profile("mixed-q32", "randrw", SMALL, 32, 1, 0, 1.05, 2.2),
                    new Profile("mixed-q128", "randrw", SMALL, 128, 1, 0, 0, 0),
                    new Profile("read-128k-q8", "read", 128 << 10, 8, 1, 0, 1.3, 1.6),
                    new Profile("write-128k-q8", "write", 128 << 10, 8, 1, 0, 0, 0),
                    new Profile("read-1m-q4", "read", 1 << 20, 4, 1, 0, 1.3, 1.6),
                    new Profile("write-1m-q4", "write", 1 << 20, 4, 1, 0, 1.2, 1.6),
                    new Profile("flush1-q1", "randwrite", SMALL, 1, 1, 1, 0, 0),
                    new Profile("flush1-q32", "randwrite", SMALL, 32, 1, 1, 0.9, 0),
                    new Profile("flush32-q32", "randwrite", SMALL, 32, 1, 32, 0.9, 0),
                    new Profile("randread-q32-c4", "randread", SMALL, 32, 4, 0, 1.4, 3.0),
                    new Profile("randwrite-q32-c4", "randwrite", SMALL, 32, 4, 0, 1.4, 3.0),
                    new Profile("mixed-q32-c4", "randrw", SMALL, 32, 4, 0, 1.4, 3.0));

    boolean isLarge() {
        return blockBytes > SMALL;
    }

    /// The words for fio, without those that name the file or the server.
    List<String> words(long size, long millis) {
        var words =
                new ArrayList<>(
                        List.of(
                                "--name=cell",
                                "--rw=" + pattern,
                                "--bs=" + blockBytes,
                                "--iodepth=" + depth,
                                "--numjobs=" + connections,
                                "--size=" + size,
                                "--time_based",
                                "--runtime=" + millis + "ms", // fractions of seconds are cut to 0
                                "--norandommap",
                                "--group_reporting",
                                "--output-format=json"));
        if (pattern.equals("randrw")) {
            words.add("--rwmixread=70");
        }
        if (flushEvery > 0) {
            words.add("--fsync=" + flushEvery);
        }
        return words;
    }
}

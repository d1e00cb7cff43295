// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

/// What Redoubt promises and the demo holds it to.
public enum Promise {
    DISKS_WHOLE("what is recovered is whole: file systems, database, every checksum"),
    ONE_INSTANT("both disks are of one instant: the second never holds what the first one lacks"),
    POINT_EXACT("a point holds everything acknowledged before its time, and nothing later"),
    POINT_KEPT("a point that was published once can be recovered from"),
    POINTS_GO_ON("a test neither stops the machine nor its recovery points"),
    TEST_ISOLATED("a test has no network and no path to the source's disks"),
    TEST_LEAVES_NOTHING("a test that was torn down leaves nothing running"),
    ONE_WRITER("after a failover nobody writes to the old copy"),
    RPO("at most 10 s are lost"),
    RPO_TOLD("the loss that the region reports is the loss that was measured"),
    RTO("the machine is back within a bare boot, 3 s, and the expiry of the grants"),
    NOTHING_LEFT("a region that was stopped leaves no process and no file");

    private final String words;

    Promise(String words) {
        this.words = words;
    }

    public String words() {
        return words;
    }
}

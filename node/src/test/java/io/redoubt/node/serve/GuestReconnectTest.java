// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.hypervisor.MachineEvent;
import io.redoubt.compute.hypervisor.MachineState;
import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The servers of a real guest's disks end in the middle of its writing, as planned and by kill -9, and come back.
@Timeout(600)
class GuestReconnectTest {
    private static final Bytes BEFORE = Bytes.mebibytes(320);
    private static final Bytes AFTER = Bytes.mebibytes(384);
    private static final long RESIZE_NANOS_MAX = 60_000_000_000L;

    @Test
    void a_writing_guest_notices_neither_restarts_nor_kills_of_its_servers_and_sees_a_disk_grow()
            throws Exception {
        try (var guest = new RestlessGuest(false, false, BEFORE)) {
            guest.boot().requireEmpty();
            guest.awaitMore(10);
            assertThat(guest.data.server().terminate()).isZero();
            guest.data.start();
            guest.awaitMore(10);
            guest.root.server().kill();
            guest.data.server().kill();
            guest.root.start();
            guest.data.start();
            guest.awaitMore(10);
            assertThat(guest.root.server().terminate()).isZero();
            guest.root.start();
            guest.awaitMore(10);
            // Takes over: the old server is killed by the new one.
            guest.data.start("--size=" + AFTER.value(), "--grow", "--take-over");
            guest.awaitMore(10);
            resize(guest);
            assertThat(guest.run("cat /sys/block/vdb/size"))
                    .isEqualTo(Long.toString(AFTER.value() / 512));

            guest.finish().requireWhole(guest.acknowledged());
            String write =
                    "dd if=/dev/urandom of=/run/x bs=1M count=1 2>/dev/null"
                            + " && dd if=/run/x of=/dev/vdb bs=1M seek=383 conv=fsync 2>/dev/null"
                            + " && echo 3 >/proc/sys/vm/drop_caches && md5sum </run/x"
                            + " && dd if=/dev/vdb bs=1M skip=383 2>/dev/null | md5sum";
            assertThat(guest.run(write).lines().distinct()).as("the new room").hasSize(1);
            assertThat(guest.serial()).doesNotContain("I/O error", "GUEST-FAILED");
            assertThat(guest.machine().state()).isEqualTo(MachineState.RUNNING);
            assertThat(guest.events)
                    .noneMatch(event ->
                            event instanceof MachineEvent.IoError
                                    || event instanceof MachineEvent.Paused);
        }
    }

    /// QEMU knows the new size once it has connected anew, which the guest's writing makes it do.
    private static void resize(RestlessGuest guest) throws InterruptedException {
        long end = System.nanoTime() + RESIZE_NANOS_MAX;
        while (true) {
            try {
                guest.machine().resizeDisk("data", AFTER);
                return;
            } catch (FaultException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                Thread.sleep(200);
            }
        }
    }
}

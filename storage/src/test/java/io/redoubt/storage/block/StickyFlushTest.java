// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static io.redoubt.storage.block.RawVolumeTest.faultOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StickyFlushTest {
    private final StickyFlush flush = new StickyFlush(new VolumeId("vol-7"));

    @Test
    void after_one_failure_no_flush_claims_success_again() {
        var syncs = new AtomicInteger();
        flush.run(syncs::incrementAndGet);
        Runnable failing =
                () -> {
                    throw new FaultException(new DiskFault.Failed("f", "sync", "error number 5"));
                };
        assertThat(faultOf(() -> flush.run(failing))).isInstanceOf(VolumeFault.Untrusted.class);
        VolumeFault.Untrusted later =
                (VolumeFault.Untrusted) faultOf(() -> flush.run(syncs::incrementAndGet));
        assertThat(later.cause()).contains("error number 5");
        assertThat(syncs.get()).isEqualTo(1);
    }

    @Test
    void a_flush_beside_the_failing_one_claims_nothing_either() {
        assertThat(
                        faultOf(() ->
                                flush.run(() ->
                                        faultOf(() ->
                                                flush.run(() -> {
                                                    throw new FaultException(
                                                            new DiskFault.Failed("f", "sync", "x"));
                                                })))))
                .isInstanceOf(VolumeFault.Untrusted.class);
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockDeviceContract;
import io.redoubt.storage.block.ForwardingDevice;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;

/// A volume reached over NBD keeps the promises of a volume.
class NbdContractTest extends BlockDeviceContract {
    @TempDir Path root;
    private final AtomicInteger count = new AtomicInteger();

    @Override
    protected BlockDevice make(byte[] content) {
        Path socket = root.resolve("s" + count.incrementAndGet());
        var export = Export.writable(new MemoryDevice(content), "contract");
        NbdServer server = NbdServer.listen(socket, Exports.one("vol-7", export));
        return new ForwardingDevice(NbdClient.connect(socket, "vol-7")) {
            @Override
            public void close() {
                next.close();
                server.close();
            }
        };
    }
}

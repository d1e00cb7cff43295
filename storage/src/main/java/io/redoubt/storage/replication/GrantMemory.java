// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.journal.Checksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// What a source keeps of its grants: an unexpired grant for a restart within the same boot, a release for ever.
///
/// Written aside and renamed, so a crash leaves the old or the new. Synced only for a release: losing a grant costs a renewal.
public final class GrantMemory {
    private static final String NAME = "grants";
    private static final String ASIDE = "grants.new";
    private static final int BYTES = 256;

    // The flags, in a byte that held the first one alone.
    private static final int FENCED = 1;
    private static final int MAY_GO_ON = 2;

    private final Disk disk;

    public GrantMemory(Disk disk) {
        this.disk = disk;
    }

    /// @return what was stored; a fresh memory of this term when there is none or it is torn
    public GrantHolder.Memory load(long term) {
        var fresh = new GrantHolder.Memory("", term, 0, 0, false, false);
        if (!disk.exists(NAME)) {
            return fresh;
        }
        disk.sync(); // a release that is read must be durable before anything is said on its word
        ByteBuffer in = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (DiskFile file = disk.open(NAME)) {
            file.read(0, in);
        }
        in.flip();
        if (in.limit() < BYTES || in.getInt(BYTES - 4) != Checksum.of(in, 0, BYTES - 4)) {
            return fresh;
        }
        long storedTerm = in.getLong();
        long released = in.getLong();
        long validUntil = in.getLong();
        int flags = in.get();
        byte[] boot = new byte[in.get()];
        in.get(boot);
        return new GrantHolder.Memory(
                new String(boot, StandardCharsets.US_ASCII),
                Math.max(term, storedTerm),
                released,
                validUntil,
                (flags & FENCED) != 0,
                (flags & MAY_GO_ON) != 0);
    }

    /// Stores what the holder knows at this moment. With a release in it, it is always durable when this returns: a later
    /// store must not take it back.
    public synchronized void store(GrantHolder holder, String bootId) {
        GrantHolder.Memory memory = holder.memory(bootId);
        boolean durable = memory.releasedTerm() > 0;
        byte[] boot = memory.bootId().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(memory.term())
                .putLong(memory.releasedTerm())
                .putLong(memory.validUntilNanos())
                .put((byte) ((memory.fenced() ? FENCED : 0) | (memory.mayGoOn() ? MAY_GO_ON : 0)))
                .put((byte) boot.length)
                .put(boot);
        out.putInt(BYTES - 4, Checksum.of(out, 0, BYTES - 4));
        disk.delete(ASIDE);
        try (DiskFile file = disk.create(ASIDE)) {
            file.write(0, out.clear());
            if (durable) {
                file.sync();
            }
        }
        disk.rename(ASIDE, NAME);
        if (durable) {
            disk.sync();
        }
    }
}

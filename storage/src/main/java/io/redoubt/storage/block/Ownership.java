// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/// Which sectors an overlay owns: one byte for each block of 4 KiB, one bit of it for each sector of 512 B. Bits are only ever
/// set, so a torn write of a map can show a bit too few but never one too many.
///
/// - *Live*: mapped, set right after the data's write returned. In the page cache like the data itself, so it tells the truth as
///   long as the host does not reboot.
/// - *Stable*: written by [#publish], only with bits that were live before the data was synced. It tells the truth always, and
///   misses only what was never flushed.
///
/// The bytes of a block are changed by one thread at a time (the overlay's stripe locks); readers take no lock: an own sector is
/// never given back, and its bit is released after its data.
final class Ownership {
    static final int BLOCK = 4096;
    static final int SECTOR = 512;
    static final int ALL = 0xff;
    private static final int PAGE =
            4096; // of the map, the unit of publishing: 16 MiB of the volume
    private static final int BATCH = 256; // pages copied for one sync, 1 MiB
    private static final VarHandle WORD =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();
    private static final VarHandle BYTE =
            ValueLayout.JAVA_BYTE.varHandle().withInvokeExactBehavior();

    private final MemorySegment live;
    private final DiskFile stable;
    private final long[] changed; // a bit for each page that may differ from stable; by WORD only
    private final long[] pages; // those collected for one sync; publish only
    private final ByteBuffer copies; // their bytes; publish only
    private final AtomicLong blocks = new AtomicLong();
    private final AtomicLong whole = new AtomicLong(); // blocks with all sectors own
    private boolean unsynced =
            true; // a process before us may have died between write and sync; publish only

    private Ownership(MemorySegment live, DiskFile stable) {
        this.live = live;
        this.stable = stable;
        this.changed = new long[Math.toIntExact((pageCount() + 63) / 64)];
        this.pages = new long[(int) Math.min(BATCH, pageCount())];
        this.copies = ByteBuffer.allocateDirect(pages.length * PAGE);
    }

    /// @param live the trusted live map
    static Ownership of(MemorySegment live, DiskFile stable) {
        var ownership = new Ownership(live, stable);
        ownership.compare();
        return ownership;
    }

    /// @param live all zeros, like the stable map: not one page of either is read
    static Ownership ofNothing(MemorySegment live, DiskFile stable) {
        return new Ownership(live, stable);
    }

    /// Bytes of the map of a volume.
    static long bytesFor(long volumeSize) {
        return (volumeSize + BLOCK - 1) / BLOCK;
    }

    /// The own sectors of a block, a bit for each, the lowest for the first sector.
    int mask(long block) {
        return (byte) BYTE.getAcquire(live, block) & ALL;
    }

    /// Call after the sectors' data was written, with the block's stripe locked.
    void add(long block, int mask) {
        int before = mask(block);
        BYTE.setRelease(live, block, (byte) (before | mask));
        if (before != ALL && (before | mask) == ALL) {
            whole.incrementAndGet();
        }
        touch(block / PAGE);
    }

    /// Blocks with at least one own sector, and those reserved for writes under way.
    long blocks() {
        return blocks.get();
    }

    /// Blocks of which every sector is own. A last block that is shorter than the others is never among them.
    long wholeBlocks() {
        return whole.get();
    }

    /// Reserves room for new blocks. @return false when they would exceed the limit, and nothing was reserved
    boolean reserve(long count, long limit) {
        if (blocks.addAndGet(count) > limit && count > 0) {
            blocks.addAndGet(-count);
            return false;
        }
        return true;
    }

    void release(long count) {
        blocks.addAndGet(-count);
    }

    /// Makes durable which sectors are owned, for every [#add] that returned before this call.
    ///
    /// A crash before `syncData` returns: stable misses the new bits, the old content shows, as if nothing had been written.
    /// A crash between the two syncs: some of the new bits may be durable, and the data of all of them is.
    /// One caller at a time.
    void publish(Runnable syncData) {
        long from = 0;
        int count;
        do {
            count = collect(from);
            syncData.run(); // even without changed pages: own sectors may have been written again
            if (count > 0) {
                writeCopies(count);
                from = pages[count - 1] + 1;
                unsynced = true;
            }
        } while (count == pages.length && from < pageCount());
        if (unsynced) {
            stable.sync();
            unsynced = false;
        }
    }

    /// Copies the next changed pages, before the data's sync: bits set later must wait for the next publish.
    private int collect(long from) {
        int count = 0;
        copies.clear();
        for (long page = from; page < pageCount() && count < pages.length; page++) {
            if (takeChanged(page)) {
                pages[count++] = page;
                copies.put(live.asSlice(page * PAGE, lengthOf(page)).asByteBuffer());
            }
        }
        copies.flip();
        return count;
    }

    private void writeCopies(int count) {
        int end = copies.limit();
        for (int i = 0; i < count; i++) {
            copies.limit(copies.position() + lengthOf(pages[i]));
            stable.write(pages[i] * PAGE, copies);
            copies.limit(end);
        }
    }

    private int lengthOf(long page) {
        return (int) Math.min(PAGE, live.byteSize() - page * PAGE);
    }

    /// Finds the pages whose bits a crash kept from being published, and counts the own blocks.
    private void compare() {
        ByteBuffer old = ByteBuffer.allocateDirect(PAGE);
        MemorySegment oldBytes = MemorySegment.ofBuffer(old);
        for (long page = 0; page < pageCount(); page++) {
            long at = page * PAGE;
            int length = lengthOf(page);
            stable.read(at, old.clear().limit(length));
            if (MemorySegment.mismatch(live, at, at + length, oldBytes, 0, length) >= 0) {
                touch(page);
            }
            for (long block = at; block < at + length; block++) {
                int mask = mask(block);
                if (mask != 0) {
                    blocks.incrementAndGet();
                }
                if (mask == ALL) {
                    whole.incrementAndGet();
                }
            }
        }
    }

    private long pageCount() {
        return (live.byteSize() + PAGE - 1) / PAGE;
    }

    private void touch(long page) {
        // Always a read-modify-write: it orders the map's byte before whatever publish does after
        // taking the bit.
        long _ = (long) WORD.getAndBitwiseOr(changed, (int) (page >>> 6), 1L << page);
    }

    private boolean takeChanged(long page) {
        int word = (int) (page >>> 6);
        long bit = 1L << page;
        return ((long) WORD.getVolatile(changed, word) & bit) != 0
                && ((long) WORD.getAndBitwiseAnd(changed, word, ~bit) & bit) != 0;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The file of saved grains: segments of 128 slots, each segment one page of entries and then the slots' contents.
///
/// An entry says whose and which grain a slot holds, the group that wrote it, and the content's CRC. So one sync makes content and
/// entry durable together: after a power loss, an entry of the two highest groups counts only when its content is what its CRC
/// says. What does not count was not yet relied on, for the volume is overwritten after the sync only.
///
/// What a crash leaves, line by line in a save: content without entry: the slot is free, whatever it holds. A torn entry: its own CRC
/// tells, the slot is free. Entry and content, unsynced: they count, or the content's CRC tells; either way the volume still has
/// the same content. A slot that is used again: until the new entry is there, the old one speaks for the new content; it
/// serves no snapshot any more, or the slot would not be free.
final class GrainStore implements AutoCloseable {
    static final String FILE = "snapshots.raw";
    static final int SLOTS = 128; // of a segment
    static final int PAGE = 4096;
    static final int ENTRY = 32;
    private static final int CHECKED = 28; // bytes of an entry under its CRC
    private static final long LOST =
            1L << 62; // in the grain's field: its content could not be read

    private final VolumeId volume;
    private final DiskFile file;
    private final int grain;
    private final LongSupplier quota;
    private final GrainIndex index = new GrainIndex();
    private final GroupCommit groups;
    private final ReentrantLock resizing = new ReentrantLock();

    /// Opens a file that a process before us left: everything in it that counts is durable and in the index afterwards.
    ///
    /// @param quota bytes of the file
    GrainStore(Disk disk, VolumeId volume, int grain, LongSupplier quota) {
        this.volume = volume;
        this.grain = grain;
        this.quota = quota;
        this.file = disk.open(FILE);
        try {
            index.grow(slotsIn(file.size()));
            long newest = newestGroup();
            load(newest);
            // What a killed process had not synced is relied on from here on; and entries that do
            // not count must not come to count
            // when later groups vouch for them.
            file.sync();
            this.groups = new GroupCommit(newest + 1, file::sync);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    static void create(Disk disk) {
        disk.delete(FILE); // without a table nothing in it means anything
        disk.create(FILE).close();
        disk.sync(); // the name is there before the table speaks of it
    }

    GrainIndex index() {
        return index;
    }

    /// Bytes of the slots in use.
    long usedBytes() {
        return (long) index.taken() * grain;
    }

    /// Bytes of the file.
    long heldBytes() {
        return lengthOf(index.capacity());
    }

    /// Bytes that can still be saved, within the quota and in what the disk has for a longer file: it grows by whole segments.
    long freeBytes(long disk) {
        long slots = Math.min(slotsIn(quota.getAsLong()), index.capacity() + (long) slotsIn(disk));
        return Math.max(0, slots - index.taken()) * grain;
    }

    GroupCommit groups() {
        return groups;
    }

    /// A free slot, from a larger file when needed. @return [GrainIndex#NONE] when quota or disk are used up
    int take() {
        int slot = index.take();
        while (slot == GrainIndex.NONE && grow()) {
            slot = index.take();
        }
        return slot;
    }

    boolean hasRoom() {
        int slot = take();
        if (slot != GrainIndex.NONE) {
            index.giveBack(slot);
        }
        return slot != GrainIndex.NONE;
    }

    private boolean grow() {
        resizing.lock();
        try {
            if (index.taken() < index.capacity()) {
                return true; // another thread was faster
            }
            long slots = (index.capacity() / SLOTS + 1L) * SLOTS;
            if (lengthOf(slots) > quota.getAsLong() || slots > Integer.MAX_VALUE - SLOTS) {
                return false;
            }
            file.allocate(lengthOf(slots));
            index.grow((int) slots);
            return true;
        } catch (FaultException e) {
            if (e.fault() instanceof DiskFault.Full) {
                return false;
            }
            throw e;
        } finally {
            resizing.unlock();
        }
    }

    /// Writes content, then entry; durable once the group is.
    ///
    /// @param content a whole grain
    void write(int slot, long owner, long number, boolean lost, long group, ByteBuffer content) {
        int checksum = checksum(content);
        file.write(contentAt(slot), content.duplicate());
        ByteBuffer entry = ByteBuffer.allocate(ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        entry.putLong(owner).putLong(lost ? number | LOST : number).putLong(group).putInt(checksum);
        entry.putInt(checksum(entry.duplicate().flip()));
        file.write(entryAt(slot), entry.flip());
    }

    /// Reads a slot.
    ///
    /// @param into as large as a grain
    /// @return whether it is what was saved
    boolean read(GrainIndex.Found found, ByteBuffer into) {
        into.clear();
        int count = file.read(contentAt(found.slot()), into);
        into.flip();
        return count == grain && checksum(into) == found.checksum();
    }

    /// Frees what no snapshot needs, and cuts the file's end when nothing is left in it.
    ///
    /// The table that knows only the kept ones is durable: a crash on any line leaves entries that serve nothing.
    void reclaim(Supplier<long[]> kept) {
        int step = 32 * SLOTS; // the index is not held up for longer
        for (int from = 0; from < index.capacity(); from += step) {
            index.reclaim(from, step, kept);
        }
        resizing.lock();
        try {
            long length = lengthOf(index.cutTail(SLOTS));
            if (length < file.size()) {
                file.truncate(length);
            }
        } finally {
            resizing.unlock();
        }
    }

    @Override
    public void close() {
        file.close();
    }

    static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    private long newestGroup() {
        long newest = 0;
        ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        for (int first = 0; first < index.capacity(); first += SLOTS) {
            readPage(first, page);
            for (int i = 0; i < SLOTS; i++) {
                @Nullable ByteBuffer entry = entry(page, i);
                if (entry != null) {
                    newest = Math.max(newest, entry.getLong(16));
                }
            }
        }
        return newest;
    }

    private void load(long newestGroup) {
        ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer content = ByteBuffer.allocate(grain);
        for (int first = 0; first < index.capacity(); first += SLOTS) {
            readPage(first, page);
            for (int i = 0; i < SLOTS; i++) {
                @Nullable ByteBuffer entry = entry(page, i);
                if (entry != null) {
                    load(first + i, entry, newestGroup, content);
                }
            }
        }
    }

    private void load(int slot, ByteBuffer entry, long newestGroup, ByteBuffer content) {
        long number = entry.getLong(8);
        var found = new GrainIndex.Found(slot, entry.getInt(24), (number & LOST) != 0);
        if (entry.getLong(16) >= newestGroup - 1 && !read(found, content)) {
            file.write(entryAt(slot), ByteBuffer.allocate(ENTRY));
            return;
        }
        index.claim(slot);
        index.add(slot, entry.getLong(0), number & ~LOST, found.checksum(), found.lost());
    }

    private void readPage(int firstSlot, ByteBuffer page) {
        page.clear();
        if (file.read(entryAt(firstSlot), page) != PAGE) {
            throw new FaultException(
                    new VolumeFault.BadFile(volume, FILE, "it ends in a page of entries"));
        }
        page.flip();
    }

    /// @return null for an entry that was never written, or not wholly
    private static @Nullable ByteBuffer entry(ByteBuffer page, int i) {
        ByteBuffer entry = page.slice(i * ENTRY, ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        boolean whole = entry.getInt(CHECKED) == checksum(entry.slice(0, CHECKED));
        return whole && entry.getLong(0) > 0 ? entry : null;
    }

    private long entryAt(int slot) {
        return lengthOf(slot - slot % SLOTS) + (long) (slot % SLOTS) * ENTRY;
    }

    private long contentAt(int slot) {
        return lengthOf(slot - slot % SLOTS) + PAGE + (long) (slot % SLOTS) * grain;
    }

    /// Bytes of a file with whole segments.
    private long lengthOf(long slots) {
        return slots / SLOTS * (PAGE + (long) SLOTS * grain);
    }

    private int slotsIn(long length) {
        long segments = length / (PAGE + (long) SLOTS * grain);
        return (int) Math.min(segments, Integer.MAX_VALUE / SLOTS - 1) * SLOTS;
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.VolumeFault;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Blocks as they are stored, and as the guest sees them: cipher and checksums in one pass. It holds no lock and no promise about crashes;
/// [SealedFile] does.
final class StoredBlocks {
    static final int BLOCK = 4096;
    static final int SECTOR = 512;
    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[BLOCK]).asReadOnly();

    private final VolumeId volume;
    private final String name;
    private final DiskFile data;
    private final @Nullable Xts cipher;
    private final @Nullable Sums sums;
    private long size;

    /// @param name   for faults
    /// @param cipher null without encryption
    /// @param sums   null without integrity
    StoredBlocks(
            VolumeId volume,
            String name,
            DiskFile data,
            @Nullable Xts cipher,
            @Nullable Sums sums,
            long size) {
        this.volume = volume;
        this.name = name;
        this.data = data;
        this.cipher = cipher;
        this.sums = sums;
        this.size = size;
    }

    void resize(long wanted) {
        size = wanted;
    }

    /// Fills the buffer from its position on; leaves its limit after the bytes.
    ///
    /// @return where a block is damaged, -1 when none is
    long fill(long offset, ByteBuffer into, int length) {
        Scratch scratch = Scratch.get();
        Xts.@Nullable Lane lane = cipher == null ? null : cipher.borrow();
        try {
            MemorySegment whole = MemorySegment.ofBuffer(into.limit(into.position() + length));
            int base = into.position();
            int done = 0;
            while (done < length) {
                long at = offset + done;
                int piece = wholeBlocks(at, length - done);
                boolean sound;
                if (piece > 0) {
                    into.limit(base + done + piece).position(base + done);
                    readStored(at, into);
                    sound = open(at, into, base + done, piece, whole.asSlice(done, piece), lane);
                } else {
                    piece = Math.min(restOfBlock(at), length - done);
                    sound = load(at / BLOCK, scratch, lane);
                    int from = (int) (at % BLOCK);
                    into.limit(base + done + piece).position(base + done);
                    into.put(scratch.plain.clear().limit(from + piece).position(from));
                }
                if (!sound) {
                    return damagedIn(at, piece);
                }
                done += piece;
            }
            return -1;
        } finally {
            if (cipher != null && lane != null) {
                cipher.giveBack(lane);
            }
        }
    }

    /// Checks and decrypts whole blocks in place. @return whether all were sound
    private boolean open(
            long offset,
            ByteBuffer bytes,
            int from,
            int length,
            MemorySegment segment,
            Xts.@Nullable Lane lane) {
        Scratch scratch = Scratch.get();
        bytes.limit(from + length);
        for (int done = 0; done < length; done += BLOCK) {
            long block = (offset + done) / BLOCK;
            int end = Math.min(length, done + BLOCK);
            if (sums != null && !sums.matches(block, scratch.crc(bytes, from + done, from + end))) {
                return false;
            }
            bytes.limit(from + length);
            if (lane != null) {
                decrypt(block, bytes, from + done, segment.asSlice(done, end - done), lane);
            }
        }
        return true;
    }

    private static void decrypt(
            long block, ByteBuffer bytes, int from, MemorySegment segment, Xts.Lane lane) {
        int length = (int) segment.byteSize();
        int unwritten = 0;
        for (int sector = 0; sector * SECTOR < length; sector++) {
            if (isZero(bytes, from + sector * SECTOR)) {
                unwritten |= 1 << sector;
            }
        }
        if (unwritten == (1 << (length / SECTOR)) - 1) {
            return; // zeros they are
        }
        lane.decrypt(block, segment, segment);
        for (int left = unwritten; left != 0; left &= left - 1) {
            segment.asSlice((long) Integer.numberOfTrailingZeros(left) * SECTOR, SECTOR)
                    .fill((byte) 0);
        }
    }

    private static boolean isZero(ByteBuffer bytes, int from) {
        for (int at = from; at < from + SECTOR; at += 8) {
            if (bytes.getLong(at) != 0) {
                return false;
            }
        }
        return true;
    }

    /// Puts a block into `stored` as it is on disk and into `plain` as the guest sees it. @return whether it is sound
    private boolean load(long block, Scratch scratch, Xts.@Nullable Lane lane) {
        int length = lengthOf(block);
        readStored(block * BLOCK, scratch.stored.clear().limit(length));
        MemorySegment.copy(scratch.storedBytes, 0, scratch.plainBytes, 0, length);
        return open(
                block * BLOCK,
                scratch.plain.clear(),
                0,
                length,
                scratch.plainBytes.asSlice(0, length),
                lane);
    }

    private long damagedIn(long offset, int length) {
        for (long block = offset / BLOCK; block <= (offset + length - 1) / BLOCK; block++) {
            if (!isSound(block)) {
                return block * BLOCK;
            }
        }
        return offset - offset % BLOCK; // somebody repaired it meanwhile; the caller finds out
    }

    /// Whether a block's stored bytes match its checksum.
    boolean isSound(long block) {
        Scratch scratch = Scratch.get();
        int length = lengthOf(block);
        readStored(block * BLOCK, scratch.stored.clear().limit(length));
        return sums == null || sums.matches(block, scratch.crc(scratch.stored, 0, length));
    }

    private void readStored(long at, ByteBuffer into) {
        int wanted = into.remaining();
        int count = data.read(at, into);
        if (count != wanted) {
            throw new FaultException(
                    new VolumeFault.BadFile(volume, name, "it ends at " + (at + count)));
        }
    }

    /// What becomes of whole blocks that are to be zeros.
    enum Zeros {
        KEEP_ROOM,
        GIVE_ROOM_BACK
    }

    /// Writes a range that lies inside, the bytes of the buffer or zeros.
    ///
    /// @param from null for zeros: whole blocks become unwritten ones; of the others the bytes become encrypted zeros, unless they
    ///     are zeros already
    /// @throws FaultException with [VolumeFault.Damaged] when the rest of a block that is written in part is damaged
    void change(long offset, long length, @Nullable ByteBuffer from, Zeros zeros) {
        Xts.@Nullable Lane lane = cipher == null ? null : cipher.borrow();
        try {
            long end = offset + length;
            long at = offset;
            while (at < end) {
                long whole = from == null ? zeroBlocks(at, end - at) : wholeBlocks(at, end - at);
                if (whole == 0) {
                    whole = Math.min(restOfBlock(at), end - at);
                    changePart(at, (int) whole, from, lane);
                } else if (from == null) {
                    clearBlocks(at, whole, zeros);
                } else {
                    writeBlocks(at, (int) whole, from, lane);
                }
                at += whole;
            }
        } finally {
            if (cipher != null && lane != null) {
                cipher.giveBack(lane);
            }
        }
    }

    private void writeBlocks(long at, int length, ByteBuffer from, Xts.@Nullable Lane lane) {
        Scratch scratch = Scratch.get();
        int begin = from.position();
        int limit = from.limit();
        if (lane == null) {
            putSums(at, from, begin, length);
            store(at, from.limit(begin + length).position(begin));
        } else {
            MemorySegment plain = MemorySegment.ofBuffer(from);
            for (int done = 0; done < length; done += BLOCK) {
                int piece = Math.min(BLOCK, length - done);
                lane.encrypt(
                        (at + done) / BLOCK,
                        plain.asSlice(done, piece),
                        scratch.pieceBytes.asSlice(done, piece));
            }
            putSums(at, scratch.piece, 0, length);
            store(at, scratch.piece.limit(length).position(0));
        }
        from.limit(limit).position(begin + length);
    }

    private void putSums(long at, ByteBuffer stored, int from, int length) {
        if (sums != null) {
            Scratch scratch = Scratch.get();
            for (int done = 0; done < length; done += BLOCK) {
                int end = Math.min(length, done + BLOCK);
                sums.put((at + done) / BLOCK, scratch.crc(stored, from + done, from + end));
            }
        }
    }

    /// Reads, changes and encrypts a block, and writes those of its sectors that changed.
    private void changePart(
            long at, int length, @Nullable ByteBuffer from, Xts.@Nullable Lane lane) {
        Scratch scratch = Scratch.get();
        long block = at / BLOCK;
        int blockLength = lengthOf(block);
        int begin = (int) (at % BLOCK);
        if (!load(block, scratch, lane)) {
            throw new FaultException(new VolumeFault.Damaged(volume, block * BLOCK, name));
        }
        if (from == null) {
            MemorySegment part = scratch.plainBytes.asSlice(begin, length);
            if (part.mismatch(ZEROS.asSlice(0, length)) < 0) {
                return; // zeros, and perhaps without room: they need none
            }
            part.fill((byte) 0);
        } else {
            int limit = from.limit();
            scratch.plain.clear().position(begin);
            scratch.plain.put(from.limit(from.position() + length));
            from.limit(limit);
        }
        if (lane != null) {
            MemorySegment plain = scratch.plainBytes.asSlice(0, blockLength);
            lane.encrypt(block, plain, plain);
        }
        int first = begin - begin % SECTOR;
        int last = (begin + length + SECTOR - 1) / SECTOR * SECTOR;
        // The other sectors stay as they are stored: an unwritten one stays unwritten.
        MemorySegment.copy(
                scratch.plainBytes, first, scratch.storedBytes, first, (long) last - first);
        if (sums != null) {
            sums.put(block, scratch.crc(scratch.stored, 0, blockLength));
        }
        store(block * BLOCK + first, scratch.stored.limit(last).position(first));
    }

    private void clearBlocks(long at, long length, Zeros zeros) {
        if (sums != null) {
            sums.clear(at / BLOCK, (length + BLOCK - 1) / BLOCK);
        }
        try {
            switch (zeros) {
                case KEEP_ROOM -> data.zero(at, length);
                case GIVE_ROOM_BACK -> data.punch(at, length);
            }
        } catch (FaultException e) {
            acceptStored(at, length);
            throw e;
        }
    }

    private void store(long at, ByteBuffer stored) {
        int length = stored.remaining();
        try {
            data.write(at, stored);
        } catch (FaultException e) {
            acceptStored(at, length);
            throw e;
        }
    }

    /// A write that failed may have changed some of its blocks.
    private void acceptStored(long at, long length) {
        if (sums != null) {
            sums.accept(at, length);
        }
    }

    /// Bytes of whole blocks from here on, at most a piece; 0 when there is none. The last block of the file may be short.
    private int wholeBlocks(long at, long length) {
        return (int) Math.min(Scratch.PIECE, zeroBlocks(at, length));
    }

    private long zeroBlocks(long at, long length) {
        if (at % BLOCK != 0) {
            return 0;
        }
        return at + length == size ? length : length - length % BLOCK;
    }

    private static int restOfBlock(long at) {
        return BLOCK - (int) (at % BLOCK);
    }

    private int lengthOf(long block) {
        return (int) Math.min(BLOCK, size - block * BLOCK);
    }
}

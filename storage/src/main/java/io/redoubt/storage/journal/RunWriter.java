// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Writes a run entry by entry, in their order. Nothing trusts the file before the manifest names it: a crash on any line leaves an
/// orphan, which the next start deletes.
final class RunWriter {
    private static final int PIECE_PAGES = 64;
    private static final byte[] NOTHING = new byte[RunFile.PAGE];

    private final Disk disk;
    private final int number;
    private final DiskFile file;
    private final Bloom bloom;
    private final ByteBuffer piece = LogRecord.buffer(PIECE_PAGES * RunFile.PAGE);
    private long[] fences = new long[16];
    private int pages;
    private int inPage;
    private long entries;

    /// @param places at most so many will come; more make the filter worse, not wrong
    RunWriter(Disk disk, int number, long places) {
        this.disk = disk;
        this.number = number;
        this.bloom = Bloom.sized(places);
        disk.delete(RunFile.name(number)); // of a crash before the manifest named it
        this.file = disk.create(RunFile.name(number));
    }

    long entries() {
        return entries;
    }

    void add(IndexEntry entry) {
        if (inPage == 0) {
            if (pages == fences.length) {
                fences = Arrays.copyOf(fences, pages * 2);
            }
            fences[pages++] = entry.place();
        }
        bloom.add(entry.place());
        piece.putLong(entry.place())
                .putLong(entry.vseq())
                .putInt(entry.segment())
                .putInt(entry.position())
                .putInt(entry.crc())
                .putInt(entry.damaged() ? 1 : 0);
        entries++;
        if (++inPage == RunFile.PAGE_ENTRIES) {
            endPage();
        }
    }

    private void endPage() {
        int at = (pages - 1) % PIECE_PAGES * RunFile.PAGE;
        piece.put(NOTHING, 0, RunFile.PAGE - inPage * IndexEntry.BYTES);
        piece.putInt(at + RunFile.PAGE_COUNT_AT, inPage);
        piece.putInt(at + RunFile.PAGE_CRC_AT, Checksum.of(piece, at, RunFile.PAGE_CRC_AT));
        piece.position(at + RunFile.PAGE);
        inPage = 0;
        if (!piece.hasRemaining()) {
            flushPiece();
        }
    }

    private void flushPiece() {
        if (piece.position() > 0) {
            long at = (long) pages * RunFile.PAGE - piece.position();
            file.write(at, piece.flip());
            piece.clear();
        }
    }

    /// Syncs the run; the caller makes its name durable by syncing the directory.
    RunFile finish() {
        if (inPage > 0) {
            endPage();
        }
        flushPiece();
        long[] all = Arrays.copyOf(fences, pages);
        long[] words = bloom.words();
        ByteBuffer tail = LogRecord.buffer(pages * 8 + words.length * 8 + RunFile.TRAILER);
        for (long fence : all) {
            tail.putLong(fence);
        }
        for (long word : words) {
            tail.putLong(word);
        }
        tail.putLong(RunFile.MAGIC).putInt(RunFile.VERSION).putInt(pages).putInt(words.length);
        tail.position(tail.limit() - 4);
        tail.putInt(Checksum.of(tail, 0, tail.limit() - 4));
        file.write((long) pages * RunFile.PAGE, tail.flip());
        file.sync();
        return new RunFile(number, file, all, bloom);
    }

    /// It will not be needed.
    void discard() {
        file.close();
        disk.delete(RunFile.name(number));
    }
}

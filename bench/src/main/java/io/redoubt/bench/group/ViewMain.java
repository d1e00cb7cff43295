// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;

/// A journal of many records and a view of it, beside a plain volume: `make data|zeros RECORDS` writes it, `measure MILLIS` answers the
/// nanoseconds that opening the journal and then a view took (up to its first block), then count, p50, p99 and maximum of the nanoseconds
/// of random 4 KiB reads of the view and of the volume.
public final class ViewMain {
    private static final long VOLUME_BYTES = 1L << 30;
    private static final int BLOCK = 4096;
    private static final int SYNC_EVERY = 2048;
    private static final int POINT_EVERY = 100_000;
    private static final int UNITS = 9;
    private static final VolumeId VOLUME = new VolumeId("volume");

    private final Path directory;
    private final SplittableRandom random = new SplittableRandom(1);

    private ViewMain(Path directory) {
        this.directory = directory;
    }

    /// @param args a directory of its own
    public static void main(String[] args) throws Exception {
        var views = new ViewMain(Path.of(args[0]));
        Dialogue.hold(
                "",
                words ->
                        switch (words[0]) {
                            case "make" ->
                                    views.make(words[1].equals("data"), Long.parseLong(words[2]));
                            case "measure" -> views.measure(Long.parseLong(words[1]));
                            default -> throw new IllegalArgumentException(words[0]);
                        });
        System.exit(0);
    }

    private Journal open() {
        return Journal.open(
                new SystemDisk(directory.resolve("journal")),
                ReceiverMain.LINEAGE,
                JournalLimits.DEFAULT);
    }

    private String make(boolean data, long records) {
        byte[] bytes = new byte[BLOCK];
        random.nextBytes(bytes);
        ByteBuffer content = ByteBuffer.wrap(bytes);
        try (Journal journal = open()) {
            int slot = journal.join(VOLUME, VOLUME_BYTES);
            journal.passBegin(slot, 0, 1, 1, true);
            journal.passEnd(0, 1);
            long vseq = 1;
            for (long i = 1; i <= records; i++) {
                long at = random.nextLong(VOLUME_BYTES / BLOCK) * BLOCK;
                long next = vseq + (data ? UNITS : 1);
                if (data) {
                    content.putLong(0, i);
                    journal.write(slot, vseq, next, at, content.duplicate());
                } else {
                    journal.zero(slot, vseq, next, at, BLOCK);
                }
                vseq = next;
                if (i % POINT_EVERY == 0 || i == records) {
                    journal.publish(new RecoveryPoint(i, i, i, Map.of(VOLUME, vseq), false, ""));
                }
                if (i % SYNC_EVERY == 0) {
                    journal.sync();
                }
            }
            journal.sync();
        }
        return "";
    }

    private String measure(long millis) {
        long begin = System.nanoTime();
        try (Journal journal = open();
                RawVolume plain = plain()) {
            long opened = System.nanoTime() - begin;
            begin = System.nanoTime();
            BlockImage view = journal.view(journal.points().getLast().number()).volume(VOLUME);
            view.read(0, ByteBuffer.allocate(BLOCK));
            long viewed = System.nanoTime() - begin;
            Percentiles warm = reads(view, millis / 2);
            Percentiles ofView = reads(view, millis);
            Percentiles ofPlain = reads(plain, millis);
            return warm.count()
                    + " "
                    + opened
                    + " "
                    + viewed
                    + " "
                    + ofView.words()
                    + " "
                    + ofPlain.words();
        }
    }

    private RawVolume plain() {
        var disk = new SystemDisk(directory.resolve("plain"));
        if (RawVolume.find(disk, VOLUME).isPresent()) {
            return RawVolume.open(disk, VOLUME);
        }
        RawVolume made = RawVolume.create(disk, VOLUME, new Bytes(VOLUME_BYTES));
        byte[] bytes = new byte[BLOCK];
        for (long at = 0; at < VOLUME_BYTES; at += BLOCK) {
            random.nextBytes(bytes);
            made.write(at, ByteBuffer.wrap(bytes));
        }
        return made;
    }

    private Percentiles reads(BlockImage image, long millis) {
        var samples = new Samples();
        ByteBuffer into = ByteBuffer.allocate(BLOCK);
        long end = System.nanoTime() + millis * 1_000_000;
        for (long now = System.nanoTime(); now < end; ) {
            image.read(random.nextLong(VOLUME_BYTES / BLOCK) * BLOCK, into.clear());
            long after = System.nanoTime();
            samples.add(after - now);
            now = after;
        }
        return samples.percentiles();
    }
}

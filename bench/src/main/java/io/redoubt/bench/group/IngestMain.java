// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.journal.Checksum;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.GroupReceiver;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.ReceiverSession;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// The receiver's core and its journal, without a network: `ingest BLOCK MILLIS` answers the bytes that became durable and the
/// nanoseconds that it took.
public final class IngestMain {
    private static final long VOLUME_BYTES = 1L << 30;
    private static final int BATCH_BYTES = 1 << 20;
    private static final int DIFFERENT = 64;
    private static final VolumeId VOLUME = new VolumeId("volume");

    private final Journal journal;
    private final GroupReceiver receiver;
    private final SplittableRandom random = new SplittableRandom(1);
    private final ReceiverSession session;
    private long vseq = 1;

    private IngestMain(Path directory) {
        var clock = new SystemClock();
        journal =
                Journal.open(
                        new SystemDisk(directory), ReceiverMain.LINEAGE, JournalLimits.DEFAULT);
        var grantor = new Grantor(GrantTimes.DEFAULT, 1, false, false, clock.bootNanos());
        receiver = new GroupReceiver(journal, grantor, clock);
        session = receiver.connect();
        take(
                new Frame.Hello(
                        History.first(ReceiverMain.LINEAGE),
                        "source",
                        1,
                        1,
                        List.of(new Frame.Offer(VOLUME, VOLUME_BYTES, 0, 0, false))));
        take(new Frame.PassBegin(1, List.of(new Frame.PassMember(0, 0, vseq, true))));
        take(new Frame.PassEnd(1, 1));
        receiver.batchEnd();
    }

    /// @param args directory of the journal
    public static void main(String[] args) throws Exception {
        var ingest = new IngestMain(Path.of(args[0]));
        Dialogue.hold(
                "",
                words ->
                        switch (words[0]) {
                            case "ingest" ->
                                    ingest.run(
                                            Integer.parseInt(words[1]), Long.parseLong(words[2]));
                            default -> throw new IllegalArgumentException(words[0]);
                        });
        System.exit(0);
    }

    private void take(Frame frame) {
        List<Frame> _ = session.received(frame);
    }

    private String run(int block, long millis) {
        List<ByteBuffer> data = new ArrayList<>();
        List<Integer> crcs = new ArrayList<>();
        for (int i = 0; i < DIFFERENT; i++) {
            byte[] bytes = new byte[block];
            random.nextBytes(bytes);
            data.add(ByteBuffer.wrap(bytes));
            crcs.add(Checksum.of(data.get(i)));
        }
        long units = (block + 64L + 511) / 512;
        long bytes = 0;
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < millis * 1_000_000) {
            for (int batch = 0; batch < BATCH_BYTES; batch += block) {
                int which = random.nextInt(DIFFERENT);
                long at = random.nextLong(VOLUME_BYTES / block) * block;
                take(
                        new Frame.Write(
                                0,
                                vseq,
                                vseq + units,
                                at,
                                data.get(which).duplicate(),
                                crcs.get(which)));
                vseq += units;
                bytes += block;
            }
            List<GroupReceiver.Outgoing> _ = receiver.batchEnd();
        }
        journal.sync();
        return bytes + " " + (System.nanoTime() - begin);
    }
}

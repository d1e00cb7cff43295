// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.simulation.replication.Oracle;
import io.redoubt.storage.journal.Journal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/// A volume at the source, which loses nothing: every write with its number, and what of them the journal has not.
final class Guest {
    static final int BLOCK = 4096;

    final int slot;
    final VolumeId volume;
    final int bytes;
    final Oracle oracle;
    private final List<Write> writes = new ArrayList<>();

    private final List<Gap> gaps = new ArrayList<>();
    private final List<Frozen> frozen = new ArrayList<>();

    private long last;
    private int next;
    private long gapFrom;

    private record Write(long first, long last, int offset, ByteBuffer data, boolean zero) {
        int end() {
            return offset + data.remaining();
        }
    }

    /// Numbers that a pass stands for: those between `after` and `before` never travelled.
    private record Gap(long after, long before) {}

    /// What a pass has sent, or began to.
    private record Frozen(long vseq, Set<Integer> blocks) {}

    Guest(int slot, int bytes) {
        this.slot = slot;
        this.volume = new VolumeId("volume-" + slot);
        this.bytes = bytes;
        this.oracle = new Oracle(volume.value(), bytes);
    }

    void write(SplittableRandom random) {
        // Most guests write most often to a few places.
        int blocks = random.nextBoolean() ? bytes / BLOCK : Math.min(4, bytes / BLOCK);
        boolean aligned = random.nextInt(3) > 0;
        int offset = aligned ? random.nextInt(blocks) * BLOCK : random.nextInt(blocks * 8) * 512;
        int length = aligned ? BLOCK * (1 + random.nextInt(2)) : 512 * (1 + random.nextInt(10));
        length = Math.min(length, bytes - offset);
        boolean zero = aligned && random.nextInt(6) == 0;
        byte[] data = new byte[length];
        if (!zero) {
            random.nextBytes(data);
        }
        long number = last + 1 + random.nextInt(3);
        writes.add(new Write(last, number, offset, ByteBuffer.wrap(data), zero));
        oracle.wrote(number, offset, data);
        last = number;
    }

    /// The journal runs again: what it lost is sent again, or made up for by a pass.
    void restarted(Journal journal) {
        next = 0;
        if (journal.needsFullPass(slot, false)) {
            gapFrom = 0;
        } else if (journal.needsPass(slot)) {
            // The end of a pass may be lost, and with it that of the gap before a later one.
            gapFrom = journal.gapFrom(slot);
        }
    }

    /// Sends everything that the journal has not.
    ///
    /// @param pass the open one, whose frozen blocks go first
    void send(Journal journal, Pass pass) {
        while (next < writes.size()) {
            Write write = writes.get(next);
            if (write.last > journal.through(slot)) {
                for (int block = write.offset / BLOCK; block * BLOCK < write.end(); block++) {
                    pass.sendFrozen(journal, this, block);
                }
                if (write.zero) {
                    journal.zero(
                            slot, write.first, write.last, write.offset, write.data.remaining());
                } else {
                    journal.write(
                            slot, write.first, write.last, write.offset, write.data.duplicate());
                }
            }
            next++;
        }
    }

    /// Draws the pass's number and says what may differ from the journal.
    Set<Integer> freeze(Journal journal, long pass, boolean full) {
        long from = journal.through(slot);
        if (!journal.needsPass(slot)) {
            gapFrom = from;
        }
        var blocks = new TreeSet<Integer>();
        for (int block = 0; full && block < bytes / BLOCK; block++) {
            blocks.add(block);
        }
        for (Write write : writes) {
            if (write.last > gapFrom) {
                for (int at = write.offset / BLOCK; at * BLOCK < write.end(); at++) {
                    blocks.add(at);
                }
            }
        }
        last = Math.max(last, from) + 1;
        gaps.add(new Gap(gapFrom, last));
        frozen.add(new Frozen(last, Set.copyOf(blocks)));
        journal.passBegin(slot, from, last, pass, full);
        return blocks;
    }

    byte[] frozen(long vseq, int block) {
        return oracle.at(vseq, block * BLOCK, (block + 1) * BLOCK);
    }

    /// What it held before there was a journal.
    byte[] hold(SplittableRandom random) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        for (int block = 0; block * BLOCK < bytes; block++) {
            if (random.nextInt(3) == 0) {
                Arrays.fill(content, block * BLOCK, (block + 1) * BLOCK, (byte) 0);
            }
        }
        holds(content);
        return content;
    }

    void holds(byte[] content) {
        oracle.wrote(0, 0, content);
    }

    /// The blocks that writes between two numbers touch.
    Set<Integer> written(long after, long through) {
        var blocks = new TreeSet<Integer>();
        for (Write write : writes) {
            if (write.last > after && write.last <= through) {
                for (int at = write.offset / BLOCK; at * BLOCK < write.end(); at++) {
                    blocks.add(at);
                }
            }
        }
        return blocks;
    }

    /// The blocks that passes above a number may have sent.
    Set<Integer> passed(long after) {
        var blocks = new TreeSet<Integer>();
        frozen.stream().filter(f -> f.vseq > after).forEach(f -> blocks.addAll(f.blocks));
        return blocks;
    }

    long last() {
        return last;
    }

    boolean inGap(long vseq) {
        return gaps.stream().anyMatch(g -> vseq > g.after && vseq < g.before);
    }
}

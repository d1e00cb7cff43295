// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which writes of one volume need not travel, because a later one overwrites them before any cut could show them (rule 24).
///
/// Only while a backlog is caught up with, and only between two cuts that the volume has answered, one after the other: what lies between
/// them is in no point. A number that is folded is declared void and replaced at the second cut, so that the receiver refuses every cut in
/// between, too.
final class Folding {
    private static final int CUTS_MAX = 4096;
    private static final int RECORDS_MAX = 1 << 17;

    private final long backlogUnitsMin;
    private final Deque<Long> cuts = new ArrayDeque<>();
    private final Map<Long, Long> runs = new HashMap<>();
    private long end;
    private long looked;

    /// A run of folded numbers.
    ///
    /// @param last        of them
    /// @param replacement what the volume holds at this number does not need them
    record Run(long last, long replacement) {}

    Folding(SourceLimits limits) {
        this.backlogUnitsMin = limits.spoolBytes() / 4 / Word.UNIT;
    }

    /// The volume has answered a cut that may become a point. Every such cut must come here, in order.
    void answered(long vseq) {
        if (cuts.isEmpty() || cuts.getLast() < vseq) {
            cuts.add(vseq);
        }
        if (cuts.size() > CUTS_MAX) {
            cuts.removeFirst(); // what lies below the oldest known cut is not folded
        }
    }

    /// A connection begins: the stream goes on elsewhere.
    void restart() {
        runs.clear();
        end = 0;
        looked = 0;
    }

    /// The numbers after this one that need not travel; null when the next one must.
    @Nullable Run after(long vseq, long newest, Spool spool) {
        if (vseq >= end) {
            plan(vseq, newest, spool);
        }
        Long last = runs.get(vseq);
        return last == null ? null : new Run(last, end);
    }

    private void plan(long vseq, long newest, Spool spool) {
        runs.clear();
        while (cuts.size() > 1 && second() <= vseq) {
            cuts.removeFirst();
        }
        if (newest - vseq < backlogUnitsMin || cuts.size() < 2 || cuts.getFirst() > vseq) {
            return;
        }
        long cut = second();
        if (cut == looked) {
            return;
        }
        looked = cut;
        List<SpoolRecord> records = records(vseq, cut, spool);
        if (records.isEmpty() || records.getLast().vseq() != cut) {
            return; // one of them is still being written, or there are too many to look through
        }
        end = cut;
        Set<Long> overwritten = new HashSet<>();
        for (SpoolRecord record : records.reversed()) {
            if (record.kind() != SpoolRecord.Kind.VOID && isIn(overwritten, record)) {
                Long joined = runs.remove(record.vseq());
                runs.put(record.previous(), joined == null ? record.vseq() : joined);
            } else {
                addWhole(overwritten, record);
            }
        }
    }

    private long second() {
        var each = cuts.iterator();
        each.next();
        return each.next();
    }

    private static List<SpoolRecord> records(long from, long to, Spool spool) {
        var records = new ArrayList<SpoolRecord>();
        Spool.Found found = spool.after(from);
        while (found != null
                && found.complete()
                && found.record().vseq() <= to
                && records.size() < RECORDS_MAX) {
            records.add(found.record());
            found = spool.after(found.record().vseq());
        }
        return records;
    }

    private static boolean isIn(Set<Long> overwritten, SpoolRecord record) {
        long last = (record.offset() + record.length() - 1) / DirtyMap.BLOCK;
        for (long block = record.offset() / DirtyMap.BLOCK; block <= last; block++) {
            if (!overwritten.contains(block)) {
                return false;
            }
        }
        return true;
    }

    private static void addWhole(Set<Long> overwritten, SpoolRecord record) {
        if (record.kind() == SpoolRecord.Kind.VOID) {
            return;
        }
        long end = (record.offset() + record.length()) / DirtyMap.BLOCK;
        for (long block = Math.ceilDiv(record.offset(), DirtyMap.BLOCK); block < end; block++) {
            overwritten.add(block);
        }
    }
}

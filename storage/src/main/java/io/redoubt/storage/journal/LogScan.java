// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Reads the records of one segment in order and tells a torn tail from damage.
///
/// A tail is torn where the first bad record was never known to be durable: each record carries the last durable one at its time, so a
/// bad record at or below the highest such mark that any later good record carries was durable, and is damaged. So is one at or below
/// the [DurableMark].
final class LogScan {
    private final DiskFile file;
    private final int end;
    private final boolean sealed;
    private final long knownDurable;
    private int position;

    /// @param end    bytes to look at
    /// @param sealed every byte before the end was durable
    /// @param knownDurable every record up to this one was durable
    LogScan(DiskFile file, int from, int end, boolean sealed, long knownDurable) {
        this.file = file;
        this.position = from;
        this.end = end;
        this.sealed = sealed;
        this.knownDurable = knownDurable;
    }

    /// What stands at the position.
    sealed interface Found {
        /// @param payload of the record, its checksum good unless `damaged`
        /// @param at      where the payload starts
        record Good(LogRecord record, ByteBuffer payload, int at, boolean damaged)
                implements Found {}

        /// A durable stretch cannot be read; the scan goes on at the next good record, if there is one.
        record Hole(int from) implements Found {}

        /// Nothing more.
        record End(int at) implements Found {}
    }

    Found next(long expectedLsn) {
        LogRecord record = headerAt(position);
        if (record != null && record.lsn() >= expectedLsn && position + record.size() <= end) {
            return good(record, expectedLsn);
        }
        int next = nextGood(position + 8, expectedLsn);
        boolean known = sealed || expectedLsn <= knownDurable;
        if (next >= 0 && (known || wasDurable(next, expectedLsn))) {
            int from = position;
            position = next;
            return new Found.Hole(from);
        }
        if (known && position < end) {
            int from = position;
            position = end;
            return new Found.Hole(from);
        }
        return new Found.End(position);
    }

    private Found good(LogRecord record, long expectedLsn) {
        ByteBuffer payload = LogRecord.buffer(record.payloadLength());
        file.read(position + LogRecord.HEADER, payload);
        payload.clear();
        boolean damaged = Checksum.of(payload) != record.payloadCrc();
        int size = record.size();
        if (damaged
                && !sealed
                && record.lsn() > knownDurable
                && !wasDurable(position + size, expectedLsn)) {
            return new Found.End(position);
        }
        int at = position + LogRecord.HEADER;
        position += size;
        return new Found.Good(record, payload, at, damaged);
    }

    /// Whether any good record from here on says that the expected one was durable.
    private boolean wasDurable(int from, long expectedLsn) {
        for (int at = from; at >= 0; ) {
            LogRecord record = headerAt(at);
            if (record == null) {
                at = nextGood(at + 8, expectedLsn);
            } else if (record.durable() >= expectedLsn && record.lsn() > expectedLsn) {
                return true;
            } else {
                at = Math.addExact(at, record.size());
            }
        }
        return false;
    }

    private int nextGood(int from, long expectedLsn) {
        ByteBuffer window = LogRecord.buffer(64 << 10);
        for (int at = from; at + LogRecord.HEADER <= end; at += window.capacity()) {
            window.clear().limit(Math.min(window.capacity(), end - at));
            file.read(at, window);
            window.flip();
            for (int i = 0; i + 4 <= window.limit(); i += 8) {
                if (window.getInt(i) == LogRecord.MAGIC) {
                    LogRecord record = headerAt(at + i);
                    if (record != null && record.lsn() > expectedLsn) {
                        return at + i;
                    }
                }
            }
        }
        return -1;
    }

    private @Nullable LogRecord headerAt(int at) {
        if (at + LogRecord.HEADER > end) {
            return null;
        }
        ByteBuffer header = LogRecord.buffer(LogRecord.HEADER);
        file.read(at, header);
        return header.hasRemaining() ? null : LogRecord.decode(header.clear());
    }
}

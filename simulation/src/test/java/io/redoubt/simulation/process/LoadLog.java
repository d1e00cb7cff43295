// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// What the load program meant and what it was promised, in a file outside the code under test. An entry that was appended survives the
/// process. The content of a written sector says which operation wrote it, so nothing else is needed to judge it.
final class LoadLog implements Closeable {
    static final int SECTOR = 512;
    private static final int ENTRY = 56;

    /// What an entry says.
    enum Kind {
        /// A source process began: `vseq` is the volume's last number.
        START(1),
        /// A write is about to be submitted.
        INTENT(2),
        /// It was acknowledged under `vseq`.
        ACK(3),
        /// Before any load of this life, point `op` was published: it is the volume as the process found it, with this [#crc] as `vseq`.
        FOUND(4);

        final int code;

        Kind(int code) {
            this.code = code;
        }

        private static Kind of(int code) {
            return switch (code) {
                case 1 -> START;
                case 2 -> INTENT;
                case 3 -> ACK;
                case 4 -> FOUND;
                default -> throw new IllegalArgumentException("kind " + code);
            };
        }
    }

    /// @param process    counts the lives of the source from 1
    /// @param chain      of tokens, from 1; 0 for a write that belongs to none
    /// @param wallMillis when it was appended, as the stamps of points count
    /// @param nanos      the same moment by a clock that all processes of the host share and nobody sets
    record Entry(
            Kind kind,
            int volume,
            int sector,
            int sectors,
            int process,
            int chain,
            long op,
            long vseq,
            long wallMillis,
            long nanos) {
        Entry(
                Kind kind,
                int volume,
                int sector,
                int sectors,
                int process,
                int chain,
                long op,
                long vseq) {
            this(
                    kind,
                    volume,
                    sector,
                    sectors,
                    process,
                    chain,
                    op,
                    vseq,
                    System.currentTimeMillis(),
                    System.nanoTime());
        }

        /// The same write, acknowledged now.
        Entry acknowledged(long number) {
            return new Entry(Kind.ACK, volume, sector, sectors, process, chain, op, number);
        }
    }

    private final FileOutputStream out;

    LoadLog(Path file) throws IOException {
        out = new FileOutputStream(file.toFile(), true);
    }

    synchronized void append(Entry entry) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ENTRY);
        bytes.putInt(entry.kind.code).putInt(entry.volume).putInt(entry.sector);
        bytes.putInt(entry.sectors).putInt(entry.process).putInt(entry.chain);
        bytes.putLong(entry.op).putLong(entry.vseq);
        bytes.putLong(entry.wallMillis).putLong(entry.nanos);
        out.write(bytes.array());
    }

    static List<Entry> read(Path file) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (Files.exists(file)) {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
            while (in.remaining() >= ENTRY) {
                Kind kind = Kind.of(in.getInt());
                int volume = in.getInt();
                int sector = in.getInt();
                int sectors = in.getInt();
                int process = in.getInt();
                int chain = in.getInt();
                entries.add(
                        new Entry(
                                kind,
                                volume,
                                sector,
                                sectors,
                                process,
                                chain,
                                in.getLong(),
                                in.getLong(),
                                in.getLong(),
                                in.getLong()));
            }
        }
        return entries;
    }

    static long crc(byte[] content) {
        var crc = new CRC32C();
        crc.update(content);
        return crc.getValue();
    }

    /// The bytes of an operation: each sector says (seed, volume, sector, operation).
    static byte[] content(long seed, int volume, int sector, int sectors, long op) {
        var bytes = new ByteArrayOutputStream();
        for (int i = 0; i < sectors; i++) {
            bytes.writeBytes(sector(seed, volume, sector + i, op));
        }
        return bytes.toByteArray();
    }

    static byte[] sector(long seed, int volume, int sector, long op) {
        ByteBuffer bytes = ByteBuffer.allocate(SECTOR);
        while (bytes.hasRemaining()) {
            bytes.putLong(seed).putInt(volume).putInt(sector).putLong(op).putLong(~op);
        }
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}

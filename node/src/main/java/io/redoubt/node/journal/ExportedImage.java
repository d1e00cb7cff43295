// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.journal.Blocks;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/// One raw image. It is written beside its place, made durable, and then named.
final class ExportedImage {
    private static final int PIECE = 1 << 20;

    private final Path file;
    private final Path aside;
    private final PrintWriter out;
    private final boolean damagedAsZeros;
    private long damaged;

    ExportedImage(Path file, PrintWriter out, boolean damagedAsZeros) {
        this.file = file;
        this.aside = file.resolveSibling(file.getFileName() + ".part");
        this.out = out;
        this.damagedAsZeros = damagedAsZeros;
    }

    /// @return whether all of it could be read
    boolean write(VolumeId id, BlockImage image) throws IOException {
        if (Files.exists(file)) {
            throw new FaultException(new ToolFault.Exists(file));
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.deleteIfExists(aside);
        boolean done = false;
        long data = 0;
        try (FileChannel channel = FileChannel.open(aside, CREATE_NEW, WRITE)) {
            if (image.size() > 0) {
                channel.write(ByteBuffer.allocate(1), image.size() - 1);
            }
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            for (long at = 0; at < image.size(); at += PIECE) {
                piece.clear().limit((int) Math.min(PIECE, image.size() - at));
                fill(id, image, at, piece);
                data += put(channel, at, piece.flip());
            }
            channel.force(true);
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(aside);
            }
        }
        Files.move(aside, file);
        out.printf(
                "%s: %s, %s of it data%s%n",
                file,
                new Bytes(image.size()),
                new Bytes(data),
                damaged == 0 ? "" : ", %d damaged blocks are zeros in it".formatted(damaged));
        return damaged == 0;
    }

    private void fill(VolumeId id, BlockImage image, long at, ByteBuffer piece) {
        try {
            image.read(at, piece);
        } catch (FaultException e) {
            if (!damagedAsZeros || !(e.fault() instanceof VolumeFault.Damaged)) {
                throw e;
            }
            fillByBlocks(id, image, at, piece);
        }
    }

    private void fillByBlocks(VolumeId id, BlockImage image, long at, ByteBuffer piece) {
        int length = piece.limit();
        for (int from = 0; from < length; from += Blocks.SIZE) {
            ByteBuffer block = piece.slice(from, Math.min(Blocks.SIZE, length - from));
            try {
                image.read(at + from, block);
            } catch (FaultException e) {
                block.clear().put(new byte[block.capacity()]);
                damaged++;
                out.printf("damaged: %s at %d%n", id, at + from);
            }
        }
        piece.position(length);
    }

    /// @return bytes that are more than zeros, in whole blocks
    private static long put(FileChannel channel, long at, ByteBuffer piece) throws IOException {
        long data = 0;
        ByteBuffer zeros = ByteBuffer.allocate(Blocks.SIZE);
        for (int from = 0; from < piece.limit(); from += Blocks.SIZE) {
            ByteBuffer block = piece.slice(from, Math.min(Blocks.SIZE, piece.limit() - from));
            if (!block.equals(zeros.limit(block.limit()))) {
                data += block.limit();
                while (block.hasRemaining()) {
                    channel.write(block, at + from + block.position());
                }
            }
        }
        return data;
    }
}

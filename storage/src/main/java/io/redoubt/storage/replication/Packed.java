// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.journal.Checksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;

/// Whole frames as one block of LZ4, behind a prefix whose length has its highest bit set: length, CRC32C of the rest, bytes when unpacked.
final class Packed {
    private static final int FLAG = 1 << 31;
    private static final int RAW_SIZE = 4;

    /// Nobody unpacks more than this for a peer.
    static final int RAW_BYTES_MAX = FrameCodec.FRAME_BYTES_MAX + (2 << 20);

    private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
    private static final LZ4SafeDecompressor UNPACKER =
            LZ4Factory.fastestInstance().safeDecompressor();

    private Packed() {}

    static boolean is(int length) {
        return (length & FLAG) != 0;
    }

    /// @param length as the prefix has it
    static int bodyLength(int length) {
        return length & ~FLAG;
    }

    /// @return null when it would not be smaller
    static @Nullable ByteBuffer pack(ByteBuffer frames) {
        int raw = frames.remaining();
        if (raw > RAW_BYTES_MAX) {
            return null;
        }
        int head = FrameCodec.PREFIX + RAW_SIZE;
        ByteBuffer out =
                ByteBuffer.allocate(head + COMPRESSOR.maxCompressedLength(raw))
                        .order(ByteOrder.LITTLE_ENDIAN);
        int packed =
                COMPRESSOR.compress(
                        frames.array(),
                        frames.arrayOffset() + frames.position(),
                        raw,
                        out.array(),
                        head,
                        out.capacity() - head);
        if (packed + head >= raw) {
            return null;
        }
        out.limit(head + packed);
        out.putInt(0, (RAW_SIZE + packed) | FLAG).putInt(FrameCodec.PREFIX, raw);
        out.putInt(4, Checksum.of(out.slice(FrameCodec.PREFIX, RAW_SIZE + packed)));
        return out;
    }

    /// @throws FaultException with [StreamFault.Garbled]
    static ByteBuffer unpack(byte[] body, int crc) {
        ByteBuffer in = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        if (body.length < RAW_SIZE || Checksum.of(in) != crc) {
            throw new FaultException(
                    new StreamFault.Garbled("the checksum of packed frames is wrong"));
        }
        int raw = in.getInt(0);
        if (raw <= 0 || raw > RAW_BYTES_MAX) {
            throw new FaultException(
                    new StreamFault.Garbled("packed frames of %d bytes".formatted(raw)));
        }
        byte[] frames = new byte[raw];
        try {
            int unpacked =
                    UNPACKER.decompress(body, RAW_SIZE, body.length - RAW_SIZE, frames, 0, raw);
            if (unpacked == raw) {
                return ByteBuffer.wrap(frames).order(ByteOrder.LITTLE_ENDIAN);
            }
        } catch (LZ4Exception _) {
            // said below
        }
        throw new FaultException(new StreamFault.Garbled("packed frames cannot be unpacked"));
    }
}

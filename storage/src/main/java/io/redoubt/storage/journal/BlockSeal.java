// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.atrest.BlockCipher;
import io.redoubt.storage.atrest.KeyEnvelope;
import io.redoubt.storage.atrest.KeyWrapper;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Encrypts the blocks of a journal under the key of its group, each under the number of the place where it is stored; checksums are of what is
/// stored, so scrubs and replays need no key. A journal that was made without a key goes on without: then nothing is done here.
///
/// **What a crash leaves.** A place may be written twice with different blocks: a block of the base, and the first bytes of a log segment
/// that held no good record and was made anew. The cipher allows that, see [BlockCipher].
final class BlockSeal implements AutoCloseable {
    /// Of a journal without a key.
    static final BlockSeal NONE = new BlockSeal(null, null);

    private final @Nullable BlockCipher cipher;
    private final @Nullable String missing;
    private boolean closed;

    private BlockSeal(@Nullable BlockCipher cipher, @Nullable String missing) {
        this.cipher = cipher;
        this.missing = missing;
    }

    static KeyEnvelope make(UUID lineage, KeyWrapper keys) {
        return KeyEnvelope.make(keys, context(lineage));
    }

    /// @throws FaultException with [JournalFault.Locked] or [JournalFault.WrongKey]
    static BlockSeal of(Origin origin, @Nullable KeyWrapper keys) {
        KeyEnvelope envelope = origin.envelope();
        if (envelope == null) {
            return NONE;
        }
        if (keys == null) {
            throw new FaultException(new JournalFault.Locked(envelope.wrapper()));
        }
        BlockCipher cipher =
                envelope.open(keys, context(origin.lineage()))
                        .orElseThrow(() ->
                                new FaultException(
                                        new JournalFault.WrongKey(envelope.wrapper(), keys.id())));
        return new BlockSeal(cipher, null);
    }

    /// For whoever looks at everything but the blocks; these are a [JournalFault.Locked].
    static BlockSeal lacking(Origin origin) {
        KeyEnvelope envelope = origin.envelope();
        return envelope == null ? NONE : new BlockSeal(null, envelope.wrapper());
    }

    private static byte[] context(UUID lineage) {
        return ("redoubt journal " + lineage).getBytes(UTF_8);
    }

    /// Encrypts a block of a record where it lies.
    ///
    /// @param position in the segment, of the stored block
    void seal(int segment, int position, ByteBuffer buffer, int at) {
        BlockCipher key = usable();
        if (key != null) {
            key.encrypt(ofRecord(segment, position), buffer, at);
        }
    }

    void open(int segment, int position, ByteBuffer buffer, int at) {
        BlockCipher key = usable();
        if (key != null) {
            key.decrypt(ofRecord(segment, position), buffer, at);
        }
    }

    /// Encrypts a block of the base.
    void seal(long place, ByteBuffer buffer, int at) {
        BlockCipher key = usable();
        if (key != null) {
            key.encrypt(ofBase(place), buffer, at);
        }
    }

    void open(long place, ByteBuffer buffer, int at) {
        BlockCipher key = usable();
        if (key != null) {
            key.decrypt(ofBase(place), buffer, at);
        }
    }

    private @Nullable BlockCipher usable() {
        if (missing != null) {
            throw new FaultException(new JournalFault.Locked(missing));
        }
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
        return cipher;
    }

    private static long ofRecord(int segment, int position) {
        return (long) segment << 32 | position;
    }

    /// The highest bit tells it from a record, as long as a group has less than 32768 members.
    private static long ofBase(long place) {
        return ~place;
    }

    /// Wipes the key. Nobody is inside of any call.
    @Override
    public void close() {
        BlockCipher key = cipher;
        if (key != null && !closed) {
            closed = true;
            key.close();
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantAnswer;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// What travels between source and receiver. The bytes are made by [FrameCodec].
public sealed interface Frame {
    /// The source introduces itself. `process` differs for every start of it.
    record Hello(UUID lineage, long process, long term, List<Offer> volumes) implements Frame {
        public Hello {
            volumes = List.copyOf(volumes);
        }
    }

    /// @param freed the receiver has had everything up to here
    /// @param last  the volume's last number
    record Offer(VolumeId volume, long size, long freed, long last) {}

    /// The receiver's answer: how each volume goes on, in the order of the offers.
    record Welcome(long cutBase, List<Resume> volumes) implements Frame {
        public Welcome {
            volumes = List.copyOf(volumes);
        }
    }

    /// @param through the log has everything up to here
    record Resume(HelloAnswer answer, long through) {}

    /// No: the connection ends here.
    ///
    /// @param promotedTerm the decision under which the receiver's side was promoted, 0 when that is not the reason
    record Refusal(String what, String remedy, long promotedTerm) implements Frame {}

    /// A write, its data with its CRC32C as computed at ingress.
    record Write(int slot, long first, long last, long offset, ByteBuffer data, int crc)
            implements Frame {}

    record Zero(int slot, long first, long last, long offset, int length) implements Frame {}

    /// A number whose write did not happen, see [SpoolRecord.Kind#VOID].
    record Voided(int slot, long first, long last, long replacement) implements Frame {}

    /// A pass begins: for each member that takes part, the numbers that never travelled.
    record PassBegin(long pass, List<PassMember> members) implements Frame {
        public PassBegin {
            members = List.copyOf(members);
        }
    }

    record PassMember(int slot, long skipFirst, long vseq, boolean full) {}

    /// Frozen blocks; `n` counts the frames of the pass from 1. Without data they are zeros.
    record PassBlocks(
            long pass, long n, int slot, long offset, int length, ByteBuffer data, int crc)
            implements Frame {}

    record PassEnd(long pass, long n) implements Frame {}

    /// A confirmed cut.
    record Cut(long number, long stampMillis, Map<VolumeId, Long> vector, long pass, String name)
            implements Frame {
        public Cut {
            vector = Map.copyOf(vector);
        }
    }

    /// How far the receiver is: what it has, what it has durably, of the volumes and of the pass; and the newest point offered.
    record Ack(List<Long> received, List<Long> durable, long pass, long passDurable, long published)
            implements Frame {
        public Ack {
            received = List.copyOf(received);
            durable = List.copyOf(durable);
        }
    }

    record GrantRequest(long nonce, long term) implements Frame {}

    record Grant(long nonce, GrantAnswer answer) implements Frame {}

    /// Nothing to say; keeps a silent peer apart from a dead one.
    record Heartbeat(long wallMillis) implements Frame {}
}

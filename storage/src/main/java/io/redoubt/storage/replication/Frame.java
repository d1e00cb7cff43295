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
    /// A source introduces itself.
    ///
    /// @param source  its name among the sources of the group
    /// @param process differs for every start of it
    record Hello(History history, String source, long process, long term, List<Offer> volumes)
            implements Frame {
        public Hello {
            volumes = List.copyOf(volumes);
        }
    }

    /// @param freed the receiver has had everything up to here
    /// @param last  the volume's last number
    /// @param delta the source knows what may differ from the volume that the log was begun with
    record Offer(VolumeId volume, long size, long freed, long last, boolean delta) {}

    /// The receiver's answer: how each volume goes on, in the order of the offers.
    record Welcome(List<Resume> volumes) implements Frame {
        public Welcome {
            volumes = List.copyOf(volumes);
        }
    }

    /// @param through the log has everything up to here
    /// @param joined  a pass of the volume was complete once, so that points count it
    record Resume(HelloAnswer answer, long through, boolean joined) {}

    /// A source that makes the cuts introduces itself to another one.
    record PeerHello(UUID lineage, String source) implements Frame {}

    /// SWITCH(n) of a group cut: close all volumes.
    record Switch(long number) implements Frame {}

    /// @param startsPass passes begin at this cut
    /// @param answers    one for each volume, none when this source cannot take part
    record Switched(long number, boolean startsPass, List<Answer> answers) implements Frame {
        public Switched {
            answers = List.copyOf(answers);
        }
    }

    /// @param vseq the volume's last number
    record Answer(VolumeId volume, long vseq) {}

    /// RELEASE(n): open them.
    record Release(long number) implements Frame {}

    /// @param confirmed every volume was still closed for this cut, with the number that it had answered
    record Released(long number, boolean confirmed) implements Frame {}

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

    /// Does the replica hold these bytes? In a pass: what its open pass finds there; otherwise: as of a number.
    ///
    /// @param pass 0 for a verification
    /// @param vseq the number of a verification
    record Compare(long pass, int slot, long vseq, long offset, int length, Fingerprint of)
            implements Frame {}

    /// The answer; what is the same is durable.
    record Compared(long pass, int slot, long vseq, long offset, int length, Outcome outcome)
            implements Frame {}

    /// The log has damaged blocks here, and a write of what the source holds now heals them.
    record Wanted(int slot, long offset, long length) implements Frame {}

    enum Outcome {
        SAME,
        DIFFERENT,
        /// Nothing can be said at this number: it lies in a stretch that the journal has no image of.
        UNKNOWN
    }

    /// A confirmed cut.
    record Cut(long number, long stampMillis, Map<VolumeId, Long> vector, long pass, String name)
            implements Frame {
        public Cut {
            vector = Map.copyOf(vector);
        }
    }

    /// How far the receiver is: what it has, what it has durably, of the volumes and of the pass; the newest point offered; and who makes the
    /// cuts, in every ack anew, so that a word that was lost or overtaken mends itself.
    ///
    /// @param publishedStampMillis of the newest point: later ones have a later stamp, whatever the clock of the source says
    /// @param cutBase              the first number that this source may use for cuts, 0 when another one makes them
    record Ack(
            List<Long> received,
            List<Long> durable,
            long pass,
            long passDurable,
            long published,
            long publishedStampMillis,
            long cutBase)
            implements Frame {
        public Ack {
            received = List.copyOf(received);
            durable = List.copyOf(durable);
        }
    }

    record GrantRequest(long nonce, long term) implements Frame {}

    record Grant(long nonce, GrantAnswer answer) implements Frame {}

    /// Once a second, in the order of the offers: the last number of each volume, so that a receiver whose source dies knows what it lacks.
    record Heartbeat(List<Long> last) implements Frame {
        public Heartbeat {
            last = List.copyOf(last);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import java.util.List;

/// Every way that a journal refuses work.
public sealed interface JournalFault extends Fault {
    /// The journal's own fault in an exception; one of somebody else, such as the disk's, is thrown on.
    static JournalFault in(FaultException e) {
        if (e.fault() instanceof JournalFault fault) {
            return fault;
        }
        throw e;
    }

    /// A directory without a manifest.
    record NoJournal() implements JournalFault {
        @Override
        public String message() {
            return "The directory holds no journal: it has no file named manifest.";
        }

        @Override
        public String remedy() {
            return "Name the directory of one group, below groups in the home of the node that receives it.";
        }
    }

    /// A file that was durable does not hold what was written.
    record Damaged(String file, long offset, String what) implements JournalFault {
        @Override
        public String message() {
            return "%s is damaged at offset %d: %s.".formatted(file, offset, what);
        }

        @Override
        public String remedy() {
            return "Replace the disk, then protect the group again; points that do not touch the damage stay usable.";
        }
    }

    /// A file of another product, another version, or another journal.
    record Foreign(String file, String found) implements JournalFault {
        @Override
        public String message() {
            return "%s is not a part of this journal: %s.".formatted(file, found);
        }

        @Override
        public String remedy() {
            return "Move the file away, or open the directory with the version that wrote it.";
        }
    }

    /// The point is not (or no longer) kept.
    record NoSuchPoint(long number, long oldest, long newest) implements JournalFault {
        @Override
        public String message() {
            return "Recovery point %d is not kept; the kept points lie between %d and %d."
                    .formatted(number, oldest, newest);
        }

        @Override
        public String remedy() {
            return "List the points and choose one that is shown.";
        }
    }

    /// Somebody looks at the point.
    record Pinned(long number, List<String> owners) implements JournalFault {
        @Override
        public String message() {
            return "Recovery point %d is in use by %s."
                    .formatted(number, String.join(", ", owners));
        }

        @Override
        public String remedy() {
            return "Close that view first; a view whose node is gone lets go when its lease ends.";
        }
    }

    /// Somebody looks at a single number behind the point of a commit.
    record BranchHeld(long point, List<String> owners) implements JournalFault {
        @Override
        public String message() {
            return "What lies behind point %d is in use by %s."
                    .formatted(point, String.join(", ", owners));
        }

        @Override
        public String remedy() {
            return "Wait until that is copied, or delete it.";
        }
    }

    /// So many pins that one more is a mistake.
    record TooManyPins(int pins) implements JournalFault {
        @Override
        public String message() {
            return "The journal has %d pins, as many as it takes.".formatted(pins);
        }

        @Override
        public String remedy() {
            return "Close views that nobody needs.";
        }
    }

    /// The quota is used up: nothing more of the stream is taken.
    record Full(long bytes, long quotaBytes) implements JournalFault {
        @Override
        public String message() {
            return "The journal has %d bytes and may have %d; no data is taken."
                    .formatted(bytes, quotaBytes);
        }

        @Override
        public String remedy() {
            return "Give it a larger quota, or keep a shorter history; the source tracks what changes and goes on by itself.";
        }
    }

    /// A protected point stays whatever happens, so it must fit.
    record NoRoomToProtect(long number, int percent) implements JournalFault {
        @Override
        public String message() {
            return "%s cannot be protected: %d %% of the journal's quota are in use."
                    .formatted(
                            number == 0 ? "A new recovery point" : "Recovery point " + number,
                            percent);
        }

        @Override
        public String remedy() {
            return "Give the journal a larger quota, or delete another protected point.";
        }
    }

    /// The number of a volume lies outside of the numbers that can be seen one by one.
    record OutsideWindow(VolumeId volume, long vseq, long from, long to) implements JournalFault {
        @Override
        public String message() {
            return "Volume %s cannot be shown at write %d; it can be at each write from %d to %d."
                    .formatted(volume, vseq, from, to);
        }

        @Override
        public String remedy() {
            return "Choose a number in that window, or a recovery point.";
        }
    }

    /// The blocks are encrypted, and nobody gave a key.
    record Locked(String wanted) implements JournalFault {
        @Override
        public String message() {
            return "The journal's blocks are encrypted under key %s, and no key is given."
                    .formatted(wanted);
        }

        @Override
        public String remedy() {
            return "Give the region key that key %s comes from: the file region.key in the home of the node that received the group, or its copy."
                    .formatted(wanted);
        }
    }

    /// Another key than the one under which the journal was made.
    record WrongKey(String wanted, String given) implements JournalFault {
        @Override
        public String message() {
            return "The journal's blocks are encrypted under key %s, which key %s does not unlock."
                    .formatted(wanted, given);
        }

        @Override
        public String remedy() {
            return "Give the region key that key %s comes from. Without it nobody can read the blocks."
                    .formatted(wanted);
        }
    }

    /// A file cannot become the base of a volume.
    record NotAdopted(VolumeId volume, String file, String why) implements JournalFault {
        @Override
        public String message() {
            return "%s cannot become the base of volume %s: %s.".formatted(file, volume, why);
        }

        @Override
        public String remedy() {
            return "Hand over the file that the volume was stored in, under a name of its own, to a journal that does not have the volume yet.";
        }
    }

    /// The checksum of a block of an adopted file is not known yet.
    record Unscanned(String file, long scanned, long block) implements JournalFault {
        @Override
        public String message() {
            return "%s is read for the first time: block %d is not checked yet, %d are."
                    .formatted(file, block, scanned);
        }

        @Override
        public String remedy() {
            return "Wait until the scan of the adopted volumes is over.";
        }
    }

    /// Data for a volume whose adopted content no point shows yet: it would be lost with the first sweep.
    record NotKept(VolumeId volume) implements JournalFault {
        @Override
        public String message() {
            return "Volume %s takes no data yet: what it held is not kept as a point."
                    .formatted(volume);
        }

        @Override
        public String remedy() {
            return "Wait until the adopted volumes are scanned and their point is published; the source goes on by itself.";
        }
    }

    /// The point of what adopted volumes held was deleted, so nothing keeps that content any more.
    record GivenUp() implements JournalFault {
        @Override
        public String message() {
            return "What the adopted volumes held is not kept: its point was deleted, or no volume was adopted.";
        }

        @Override
        public String remedy() {
            return "Choose one of the points that are listed.";
        }
    }

    /// Another history goes on from a point of this one.
    record Committed(long point) implements JournalFault {
        @Override
        public String message() {
            return "This history ended: another one goes on from its point %d.".formatted(point);
        }

        @Override
        public String remedy() {
            return "Send to the journal of the new history; this one keeps its points and its branch.";
        }
    }

    /// A source that goes on alone has not released, and no clock says when it ends.
    record SourceMayGoOn(long term) implements JournalFault {
        @Override
        public String message() {
            return "The source may still acknowledge writes: its group goes on when it is isolated, and it has not released for decision %d."
                    .formatted(term);
        }

        @Override
        public String remedy() {
            return "Make sure that the source's host is off, and give your word for it with the failover.";
        }
    }

    /// Nobody can say any more what changed since this number.
    record ChangesUnknown(VolumeId volume, long since, String why) implements JournalFault {
        @Override
        public String message() {
            return "What changed in volume %s since write %d is not known: %s."
                    .formatted(volume, since, why);
        }

        @Override
        public String remedy() {
            return "Compare both sides in full.";
        }
    }

    /// What these numbers held never travelled, or was given up for want of room.
    record NotExact(VolumeId volume, long vseq) implements JournalFault {
        @Override
        public String message() {
            return "Volume %s cannot be shown at write %d: a resynchronisation, or a full journal, left one state for it and its neighbours."
                    .formatted(volume, vseq);
        }

        @Override
        public String remedy() {
            return "Choose a recovery point, or a number farther away.";
        }
    }

    /// A volume that left grew before it came back.
    record OtherSize(VolumeId volume, long held, long offered) implements JournalFault {
        @Override
        public String message() {
            return "Volume %s was a member of this group with %d bytes and has %d now."
                    .formatted(volume, held, offered);
        }

        @Override
        public String remedy() {
            return "Make a group of its own for its machine: this journal keeps the old size for its points.";
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.fault.Fault;
import java.util.Set;

/// Every way that a node refuses a command about its storage.
public sealed interface NodeFault extends Fault {
    record UnknownVolume(String volume) implements NodeFault {
        @Override
        public String message() {
            return "This node keeps no volume %s.".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Create it here first, or ask the node that keeps it.";
        }
    }

    /// What may still be rolled back, or is only a test, is not made to stay.
    record NotCommitted(String group, String what) implements NodeFault {
        @Override
        public String message() {
            return "%s of protection group %s is not committed.".formatted(what, group);
        }

        @Override
        public String remedy() {
            return "Commit the failover first: redoubt failover commit.";
        }
    }

    /// A node keeps one journal of a group.
    record OtherJournal(String group, String lineage) implements NodeFault {
        @Override
        public String message() {
            return "This node keeps a journal of protection group %s of another history, %s."
                    .formatted(group, lineage);
        }

        @Override
        public String remedy() {
            return "Give that one up first: redoubt group forget-journals.";
        }
    }

    /// A volume that the group does not have.
    record NotAMember(String group, String volume) implements NodeFault {
        @Override
        public String message() {
            return "The journal of protection group %s holds no volume %s."
                    .formatted(group, volume);
        }

        @Override
        public String remedy() {
            return "Name one of the group's volumes.";
        }
    }

    /// A volume that joined its group later.
    record NotInPoint(String group, long point, String volume) implements NodeFault {
        @Override
        public String message() {
            return "Recovery point %d of protection group %s does not hold volume %s."
                    .formatted(point, group, volume);
        }

        @Override
        public String remedy() {
            return "Choose a point that holds it: redoubt point show.";
        }
    }

    /// Its files are there, and it did not open: most often its key is missing.
    record JournalClosed(String group, String why) implements NodeFault {
        @Override
        public String message() {
            return "The journal of protection group %s is not open on this node: %s"
                    .formatted(group, why);
        }

        @Override
        public String remedy() {
            return "Mend that and start the node again.";
        }
    }

    record SizeDiffers(String volume, long has, long wanted) implements NodeFault {
        @Override
        public String message() {
            return "Volume %s has %d bytes, not %d.".formatted(volume, has, wanted);
        }

        @Override
        public String remedy() {
            return "Ask for the size that it has, or choose another volume.";
        }
    }

    record UnknownPool(String pool) implements NodeFault {
        @Override
        public String message() {
            return "This node has no pool %s.".formatted(pool);
        }

        @Override
        public String remedy() {
            return "Give it one first: ./redoubt pool create.";
        }
    }

    /// The directory is not what it was: most often its file system is not mounted.
    record PoolAway(String pool, String path) implements NodeFault {
        @Override
        public String message() {
            return "Pool %s is not in %s: its marker file is not there.".formatted(pool, path);
        }

        @Override
        public String remedy() {
            return "Mount its file system; the node opens its datastores by itself.";
        }
    }

    record PoolFull(String pool, long wanted, long free) implements NodeFault {
        @Override
        public String message() {
            return "Pool %s has %d bytes to give, the datastore needs %d with its spare room."
                    .formatted(pool, free, wanted);
        }

        @Override
        public String remedy() {
            return "Ask for less, delete a datastore, or add a pool to the zone.";
        }
    }

    record UnknownDatastore(String datastore) implements NodeFault {
        @Override
        public String message() {
            return "Datastore %s is not open on this node.".formatted(datastore);
        }

        @Override
        public String remedy() {
            return "Look at its pool's state: redoubt pool list.";
        }
    }

    record CannotGrow(String volume, String why) implements NodeFault {
        @Override
        public String message() {
            return "Volume %s cannot grow: %s.".formatted(volume, why);
        }

        @Override
        public String remedy() {
            return "Make a larger volume and copy the content, or end what stands against it.";
        }
    }

    /// Only what was promoted can be committed.
    record NotPromoted(String group, long term, long present) implements NodeFault {
        @Override
        public String message() {
            return "Protection group %s was not promoted here under term %d; its term is %d."
                    .formatted(group, term, present);
        }

        @Override
        public String remedy() {
            return "Nothing: the control plane asks for the failover that is active.";
        }
    }

    /// A volume that cannot become the base of a journal as it is.
    record CannotAdopt(String volume, String why) implements NodeFault {
        @Override
        public String message() {
            return "Volume %s cannot become the base of a journal: %s.".formatted(volume, why);
        }

        @Override
        public String remedy() {
            return "End what stands against it, then reverse the group again.";
        }
    }

    /// A volume that is the base of a journal.
    record Adopted(String volume, String group) implements NodeFault {
        @Override
        public String message() {
            return "Volume %s is the base of the journal of protection group %s."
                    .formatted(volume, group);
        }

        @Override
        public String remedy() {
            return "Open a recovery point of that group instead.";
        }
    }

    record UnknownGroup(String group) implements NodeFault {
        @Override
        public String message() {
            return "This node does not take part in protection group %s in that role."
                    .formatted(group);
        }

        @Override
        public String remedy() {
            return "Protect the group first, or ask the node that has the role.";
        }
    }

    record UnknownTemplate(String template) implements NodeFault {
        @Override
        public String message() {
            return "There is no template %s.".formatted(template);
        }

        @Override
        public String remedy() {
            return "Use the template tiny.";
        }
    }

    /// A clone has room for all of its template.
    record SmallerThanTemplate(String volume, String template, Bytes wanted, Bytes least)
            implements NodeFault {
        @Override
        public String message() {
            return "Volume %s with %s cannot be made from template %s, which has %s."
                    .formatted(volume, wanted, template, least);
        }

        @Override
        public String remedy() {
            return "Ask for %s or more.".formatted(least);
        }
    }

    record OldTerm(String group, long asked, long known) implements NodeFault {
        @Override
        public String message() {
            return "Group %s is at role term %d here; term %d is over."
                    .formatted(group, known, asked);
        }

        @Override
        public String remedy() {
            return "Read the group's state again; another decision was taken since.";
        }
    }

    record NoPointYet(String group) implements NodeFault {
        @Override
        public String message() {
            return "Group %s has no recovery point yet.".formatted(group);
        }

        @Override
        public String remedy() {
            return "Wait for the initial pass to end; its progress is shown with the group.";
        }
    }

    record InUse(String what, String by) implements NodeFault {
        @Override
        public String message() {
            return "%s is in use by %s.".formatted(what, by);
        }

        @Override
        public String remedy() {
            return "Stop what uses it first.";
        }
    }

    /// It is here, and so are its bytes; but nothing would tell its replica of a write.
    record Withheld(String volume, String group) implements NodeFault {
        @Override
        public String message() {
            return "Volume %s is not served: its protection group %s did not open at this node's start, and a write would never reach the replica."
                    .formatted(volume, group);
        }

        @Override
        public String remedy() {
            return "The node's log says what the group misses. Bring it back and restart the node, or end the protection.";
        }
    }

    /// Another source of the group makes its cuts, or soon will.
    record NotCoordinator(String group) implements NodeFault {
        @Override
        public String message() {
            return "This node does not make the cuts of group %s.".formatted(group);
        }

        @Override
        public String remedy() {
            return "Ask the group's other sources.";
        }
    }

    record OtherPeers(String group, Set<String> has, Set<String> wanted) implements NodeFault {
        @Override
        public String message() {
            return "Group %s is written by this node and %s, not by this node and %s, as long as nobody joins or leaves."
                    .formatted(group, has, wanted);
        }

        @Override
        public String remedy() {
            return "Add or remove its machines; then the node is told.";
        }
    }

    record OldMembership(String group, long told, long known) implements NodeFault {
        @Override
        public String message() {
            return "The members of group %s were told as number %d; this node knows number %d."
                    .formatted(group, told, known);
        }

        @Override
        public String remedy() {
            return "Nothing: what was decided last holds.";
        }
    }

    /// Whoever says that this node left the group does not know that it came back.
    record MemberAgain(String group, long left, long known) implements NodeFault {
        @Override
        public String message() {
            return "This node is to have left group %s with number %d of its members; it was told as a member with number %d."
                    .formatted(group, left, known);
        }

        @Override
        public String remedy() {
            return "The control plane's database is older than that. Restore a later backup of it; or delete the group there, and protect its machines anew.";
        }
    }

    record NotNow(String group, String why) implements NodeFault {
        @Override
        public String message() {
            return "Group %s cannot make a point now: %s.".formatted(group, why);
        }

        @Override
        public String remedy() {
            return "Wait until the group streams again; its state says what it waits for.";
        }
    }

    record BadLimits(String datastore, String why) implements NodeFault {
        @Override
        public String message() {
            return "The limits of datastore %s cannot be set: %s.".formatted(datastore, why);
        }

        @Override
        public String remedy() {
            return "Nothing was changed. Send limits that are within the bounds, with each volume in one datastore.";
        }
    }

    /// There is somebody who decides.
    record ControlPlaneThere() implements NodeFault {
        @Override
        public String message() {
            return "A control plane that this node obeys is there: it decides.";
        }

        @Override
        public String remedy() {
            return "Start the failover with it: ./redoubt failover start GROUP --kind live.";
        }
    }

    /// A point that only goes when its user lets it.
    record PointProtected(String group, long point) implements NodeFault {
        @Override
        public String message() {
            return "Recovery point %d of protection group %s is protected.".formatted(point, group);
        }

        @Override
        public String remedy() {
            return "Release it first: ./redoubt point release GROUP %d.".formatted(point);
        }
    }

    /// So many that one more is a mistake.
    record TooManyProtected(String group, int points) implements NodeFault {
        @Override
        public String message() {
            return "Protection group %s has %d protected recovery points, as many as it may."
                    .formatted(group, points);
        }

        @Override
        public String remedy() {
            return "Release points that nobody needs.";
        }
    }
}

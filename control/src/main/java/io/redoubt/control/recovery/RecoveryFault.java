// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Every way that recovery says no, or not yet.
sealed interface RecoveryFault extends Refusal {

    @Override
    default Kind kind() {
        return Kind.CONFLICT;
    }

    /// One failover of a group at a time.
    record FailoverRunning(String group, String failover, Duration since) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is failing over already (failover %s, decided %.1f s ago)"
                    .formatted(group, failover, since.toMillis() / 1000.0);
        }

        @Override
        public String remedy() {
            return "Watch that failover, or wait until it has ended.";
        }
    }

    /// A move must not have its machines wait for what is still on its way.
    record NotInStep(String group, String state, String why) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is %s: %s; a move would keep its machines down until that is over"
                    .formatted(group, state, why);
        }

        @Override
        public String remedy() {
            return "Wait until it is protected, then move; a zone that is lost is left by a live failover.";
        }
    }

    /// There is nobody to take over from.
    record NotRivalled() implements RecoveryFault {
        @Override
        public String message() {
            return "every node that was heard obeys this control plane: there is nothing to take over";
        }

        @Override
        public String remedy() {
            return "Look at the nodes (redoubt node list); one that obeys another control plane says so in its log, and this one's.";
        }
    }

    /// Only a receiver that is not heard can be called lost.
    record ReceiverHeard(String group, String node) implements RecoveryFault {
        @Override
        public String message() {
            return "the receiver of protection group '%s', node %s, is heard"
                    .formatted(group, node);
        }

        @Override
        public String remedy() {
            return "Nothing needs to be said about it: it confirms its role by itself.";
        }
    }

    /// Sources that go on alone did not answer, and no clock ends their right.
    record SourceMayGoOn(String group, List<String> nodes) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' goes on when it is isolated, and node %s did not release it: its machines may be writing there now"
                    .formatted(group, String.join(", ", nodes));
        }

        @Override
        public String remedy() {
            return "Make sure that this node is off and stays off, then start the failover again with sourceIsOff (--source-is-off) and say what you saw.";
        }
    }

    /// A source that a move asked to give its right up, and that did not.
    record NotReleased(String group, List<String> nodes) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group %s was not released by node %s"
                    .formatted(group, String.join(", ", nodes));
        }

        @Override
        public String remedy() {
            return "Look at that node, then move again; when it is lost, start a live failover.";
        }
    }

    /// What a source released is not what the last point holds.
    record WrittenSince(String group, long point, Map<String, Long> held, Map<String, Long> written)
            implements RecoveryFault {
        @Override
        public String message() {
            return "protection group %s was written after its last point %d: the point holds the writes up to %s, written were %s"
                    .formatted(group, point, held, written);
        }

        @Override
        public String remedy() {
            return "Find who writes beside the machines of the group, for example a machine that was started meanwhile; then move again.";
        }
    }

    /// Only what runs in the recovery zone and is not final can be taken back, or made final.
    record NotActive(String failover, Failover.Kind of, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "failover %s is a %s one and %s"
                    .formatted(failover, of.name().toLowerCase(Locale.ROOT), state);
        }

        @Override
        public String remedy() {
            if (of == Failover.Kind.TEST) {
                return "End the test instead: redoubt failover delete %s.".formatted(failover);
            }
            return state.startsWith("commit")
                    ? "What is committed stays: the machines and what they wrote are where they are for good."
                    : "Only a live failover or a move that is active can be committed or taken back.";
        }
    }

    /// Only what is final turns round.
    record NotCommitted(String group, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' has no committed failover to turn round: it is %s"
                    .formatted(group, state);
        }

        @Override
        public String remedy() {
            return "Commit its failover first: redoubt failover commit ID.";
        }
    }

    /// A view has no file of its own that a journal could adopt.
    record OldSideIsView(String group, List<String> nodes) implements RecoveryFault {
        @Override
        public String message() {
            return "the old volumes of protection group '%s' on node %s still read from an older journal"
                    .formatted(group, String.join(", ", nodes));
        }

        @Override
        public String remedy() {
            return "Wait until they are copied: redoubt volume show tells how far they are.";
        }
    }

    /// A node keeps one journal of a group.
    record FormerJournalThere(String group, String node, long point) implements RecoveryFault {
        @Override
        public String message() {
            return "node %s still keeps an older journal of protection group '%s', which ended at its point %d"
                    .formatted(node, group, point);
        }

        @Override
        public String remedy() {
            return "Give it up with its recovery points first: redoubt group forget-journals %s."
                    .formatted(group);
        }
    }

    /// A machine's volume that reads from the journal which is to go.
    record StillCopied(String volume, long done, long total) implements RecoveryFault {
        @Override
        public String message() {
            return "volume %s is copied out of its journal: %s of %s"
                    .formatted(volume, new Bytes(done), new Bytes(total));
        }

        @Override
        public String remedy() {
            return "Wait until it is copied.";
        }
    }

    /// A volume that still reads from its template has no file that holds all of it.
    record NotWhole(String volume, long done, long total) implements RecoveryFault {
        @Override
        public String message() {
            return "volume %s is made whole: %s of %s are copied from its template"
                    .formatted(volume, new Bytes(done), new Bytes(total));
        }

        @Override
        public String remedy() {
            return "Wait until it is copied.";
        }
    }

    /// Both sides have a part in a rollback.
    record SideAway(String group, List<String> nodes) implements RecoveryFault {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "node %s of protection group '%s' is not connected"
                    .formatted(String.join(", ", nodes), group);
        }

        @Override
        public String remedy() {
            return "Start it: the machines can only go back to volumes that are there. Nothing was changed.";
        }
    }

    /// The machines run in the recovery zone already.
    record AlreadyFailedOver(String group, String zone) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' was failed over to zone '%s' already"
                    .formatted(group, zone);
        }

        @Override
        public String remedy() {
            return "Its machines run there. To have them back as they were before: redoubt failover rollback ID.";
        }
    }

    /// A group on its way in or out.
    record NotProtected(String group, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is %s".formatted(group, state);
        }

        @Override
        public String remedy() {
            return "Wait until it is protected.";
        }
    }

    /// A point that retention or a person removed, or that never was.
    record NoSuchPoint(String group, long point, long oldest, long newest)
            implements RecoveryFault {
        @Override
        public String message() {
            return newest == 0
                    ? "protection group '%s' has no recovery point yet".formatted(group)
                    : "protection group '%s' has no recovery point %d; it keeps %d to %d"
                            .formatted(group, point, oldest, newest);
        }

        @Override
        public String remedy() {
            return newest == 0
                    ? "Wait for the first point: the initial pass must end first."
                    : "List the recovery points and choose one of them, or 'newest'.";
        }
    }

    /// The side that has the journal is not there.
    record ReceiverAway(String group, String node) implements RecoveryFault {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "node %s, which keeps the journal of protection group '%s', is not connected"
                    .formatted(node, group);
        }

        @Override
        public String remedy() {
            return "Start that node; nothing was decided, so nothing has to be undone.";
        }
    }

    /// Only what was refused is given up: what runs goes on, and what is done stays.
    record NotRefused(String group, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "the reversal of protection group '%s' is %s: only a refused one can be given up"
                    .formatted(group, state);
        }

        @Override
        public String remedy() {
            return "Look at it: redoubt group reversal %s.".formatted(group);
        }
    }

    /// Its old node is being told.
    record GivingUp(String group) implements RecoveryFault {
        @Override
        public String message() {
            return "the last reversal of protection group '%s' is being given up".formatted(group);
        }

        @Override
        public String remedy() {
            return "Wait until that has ended, then reverse it anew.";
        }
    }

    /// Its writes are in another journal, or in none.
    record NotOfGroup(String group, String volume) implements RecoveryFault {
        @Override
        public String message() {
            return "volume '%s' is not one of protection group '%s'".formatted(volume, group);
        }

        @Override
        public String remedy() {
            return "Name one of its volumes: redoubt group show %s.".formatted(group);
        }
    }

    /// A point that a failover stands on.
    record PointInUse(String group, long point, String failover) implements RecoveryFault {
        @Override
        public String message() {
            return "recovery point %d of protection group '%s' is used by failover %s"
                    .formatted(point, group, failover);
        }

        @Override
        public String remedy() {
            return "Tear that failover down first.";
        }
    }

    /// A point that goes only when its user lets it.
    record PointProtected(String group, long point) implements RecoveryFault {
        @Override
        public String message() {
            return "recovery point %d of protection group '%s' is protected"
                    .formatted(point, group);
        }

        @Override
        public String remedy() {
            return "Release it first: redoubt point release %s %d.".formatted(group, point);
        }
    }

    /// With the group its journal would go, and points that somebody wanted kept.
    record GroupHasProtected(String group, List<Long> points) implements RecoveryFault {
        private static final int SHOWN_MAX = 5;

        @Override
        public String message() {
            return "protection group '%s' has %d protected recovery points: %s%s"
                    .formatted(
                            group,
                            points.size(),
                            points.stream()
                                    .limit(SHOWN_MAX)
                                    .map(String::valueOf)
                                    .collect(Collectors.joining(", ")),
                            points.size() > SHOWN_MAX ? ", …" : "");
        }

        @Override
        public String remedy() {
            return "Release them first: redoubt point release %s NUMBER.".formatted(group);
        }
    }

    /// The journal would take no data from the next moment on.
    record QuotaBelowUse(String group, long bytes, long quotaBytes) implements RecoveryFault {
        @Override
        public String message() {
            return "the journal of protection group '%s' has %s in use; a quota of %s would end its recovery points at once"
                    .formatted(group, new Bytes(bytes), new Bytes(quotaBytes));
        }

        @Override
        public String remedy() {
            return "Keep a shorter history first (ladder), and make the quota smaller once that room is free.";
        }
    }

    /// Only tests are torn down.
    record NotATest(String failover, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "failover %s cannot be torn down: only a test that runs can, and this one is %s"
                    .formatted(failover, state);
        }

        @Override
        public String remedy() {
            return "Leave a live failover as it is: its machines run on it.";
        }
    }

    /// A machine joined the group after the point was made, or is in no point yet.
    ///
    /// @param from the first point that holds all machines, empty while none does
    record NotInPoint(String group, long point, Optional<Long> from) implements RecoveryFault {
        @Override
        public String message() {
            return "recovery point %d of protection group '%s' does not hold all of its machines: one joined later"
                    .formatted(point, group);
        }

        @Override
        public String remedy() {
            return from.map(
                            "Choose a point from number %d on, or remove that machine from the group first."
                                    ::formatted)
                    .orElse(
                            "Wait until a point holds it, or remove it from the group first: redoubt group remove. Tests may leave it out.");
        }
    }

    /// Who joins and leaves is decided while nothing else is.
    record NotNow(String group, String state) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is %s: nobody joins or leaves it now"
                    .formatted(group, state);
        }

        @Override
        public String remedy() {
            return "End what runs first (commit, roll back or reverse the failover), then add or remove machines.";
        }
    }

    /// What this database knows of the members is not the last that was decided.
    record NewerMembers(String group, long known, long told) implements RecoveryFault {
        @Override
        public String message() {
            return "the members of protection group '%s' were changed since this database was saved: it knows change %d, the receiver was told of %d"
                    .formatted(group, known, told);
        }

        @Override
        public String remedy() {
            return "Restore a later backup of the database; or delete the group, and protect its machines anew.";
        }
    }

    /// It was never added, or has left.
    record NoMember(String group, String machine) implements RecoveryFault {
        @Override
        public Kind kind() {
            return Kind.NOT_FOUND;
        }

        @Override
        public String message() {
            return "machine '%s' is not in protection group '%s'".formatted(machine, group);
        }

        @Override
        public String remedy() {
            return "Look at the group's machines: redoubt group show %s.".formatted(group);
        }
    }

    /// A group protects something.
    record LastMember(String group) implements RecoveryFault {
        @Override
        public String message() {
            return "no machine would be left in protection group '%s'".formatted(group);
        }

        @Override
        public String remedy() {
            return "Delete the group to end the protection; its recovery points go with it.";
        }
    }

    /// A group whose machines do not fit together.
    record BadMembers(String message, String remedy) implements RecoveryFault {}

    /// Something still stands on the group.
    record GroupInUse(String group, String by) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is used by %s".formatted(group, by);
        }

        @Override
        public String remedy() {
            return "End that first.";
        }
    }

    /// Not yet: the old side might still acknowledge writes.
    record GrantsRunning(String group, long millis) implements RecoveryFault {
        @Override
        public String message() {
            return "a source of group %s has not answered; the grants expire in %.1f s"
                    .formatted(group, millis / 1000.0);
        }

        @Override
        public String remedy() {
            return "Wait: no machine is ever started twice.";
        }
    }

    /// Not yet: the group's sources have nobody to make a cut.
    record NoCoordinator(String group) implements RecoveryFault {
        @Override
        public String message() {
            return "no source of protection group '%s' makes its cuts now".formatted(group);
        }

        @Override
        public String remedy() {
            return "Wait: the receiver names another within seconds. The group's state says when a node or the link is away.";
        }
    }

    /// Not yet: a comparison is on its way.
    record Verifying(String group) implements RecoveryFault {
        @Override
        public String message() {
            return "protection group '%s' is being compared with its replica".formatted(group);
        }

        @Override
        public String remedy() {
            return "Wait: the list of its verifications says how far it is. It stands still while a volume is not in STREAM.";
        }
    }

    /// Not yet: a point that was cut and is not durable at the receiver.
    record NotPublished(String group, long point) implements RecoveryFault {
        @Override
        public String message() {
            return "point %d of group %s is cut and not published yet".formatted(point, group);
        }

        @Override
        public String remedy() {
            return "Wait, or look at the group's bytesBehind.";
        }
    }

    /// Not yet: a guest that boots.
    record GuestBooting(String machine) implements RecoveryFault {
        @Override
        public String message() {
            return "the guest of machine %s has not answered yet".formatted(machine);
        }

        @Override
        public String remedy() {
            return "Look at its serial log.";
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.region.Region;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import org.springframework.stereotype.Component;

/// The machines that are to be protected, and whether they can be.
@Component
record Candidates(Machines machines, Volumes volumes, Region region) {
    /// @throws FaultException for one that the caller does not have
    List<Machine> require(Caller caller, List<String> names) {
        return names.stream().map(name -> machines.require(caller, name)).toList();
    }

    /// @throws FaultException with [RecoveryFault.BadMembers]
    void requireTogether(List<Machine> wanted, String zone, String target) {
        for (Machine machine : wanted) {
            if (!machine.zone().equals(zone)) {
                throw bad(
                        "machine '%s' is in zone '%s' and the others are in zone '%s'"
                                .formatted(machine.name(), machine.zone(), zone),
                        "Make one group for the machines of each zone.");
            }
            if (machine.zone().equals(target)) {
                throw bad(
                        "machine '%s' is in zone '%s' itself".formatted(machine.name(), target),
                        "Choose another targetZone.");
            }
            if (machine.failover() != null) {
                throw bad(
                        "machine '%s' is the copy of a test".formatted(machine.name()),
                        "Protect the machine that it was copied from.");
            }
        }
    }

    /// Their disks.
    ///
    /// @throws FaultException with [RecoveryFault.BadMembers]
    List<Group.Member> volumesOf(List<Machine> wanted) {
        return wanted.stream()
                .flatMap(machine -> machine.disks().stream())
                .map(this::member)
                .toList();
    }

    /// Each node that has one of the volumes.
    List<Group.Source> sources(List<Group.Member> members) {
        return members.stream()
                .map(Group.Member::node)
                .distinct()
                .map(region::requireNode)
                .map(node -> Group.Source.unheard(node.id(), node.name()))
                .toList();
    }

    private Group.Member member(String id) {
        Volume volume = volumes.find(id).orElseThrow();
        if (volume.view() != null) {
            throw bad(
                    "volume '%s' is a view of a recovery point".formatted(volume.name()),
                    "Protecting a machine again after its failover is not possible yet.");
        }
        return new Group.Member(
                id,
                volume.node(),
                volume.name(),
                volume.sizeBytes(),
                null,
                "",
                null,
                0,
                false,
                null);
    }

    private static FaultException bad(String message, String remedy) {
        return new FaultException(new RecoveryFault.BadMembers(message, remedy));
    }
}

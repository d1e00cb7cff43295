// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest;

import io.redoubt.core.fault.Fault;

/// Every way that a guest's agent or the making of a template says no.
public sealed interface GuestFault extends Fault {
    /// The agent is not there, or busy, or its guest hangs.
    record AgentSilent(String command, long millis) implements GuestFault {
        @Override
        public String message() {
            return "The guest's agent has not answered %s within %d ms.".formatted(command, millis);
        }

        @Override
        public String remedy() {
            return "Wait until the guest has booted; if it has, look whether qemu-ga runs in it.";
        }
    }

    /// The agent answered with an error.
    record AgentRefused(String command, String reason) implements GuestFault {
        @Override
        public String message() {
            return "The guest's agent refused %s: %s.".formatted(command, reason);
        }

        @Override
        public String remedy() {
            return "See the agent's log in the guest (/run/qemu-ga.log in the tiny template).";
        }
    }

    /// Debian has no such package here, or its list is not reachable.
    record PackageUnknown(String name, String said) implements GuestFault {
        @Override
        public String message() {
            return "The Debian package %s was not found: %s".formatted(name, said);
        }

        @Override
        public String remedy() {
            return "Look at the network, and install debian-archive-keyring (a host that is not Debian takes Debian's archive); or copy the"
                    + " directory of a template that another host has built.";
        }
    }

    /// A package's bytes are not those that the signed list names.
    record PackageDamaged(String file, String wanted, String found) implements GuestFault {
        @Override
        public String message() {
            return "The package %s has the checksum %s; its list says %s."
                    .formatted(file, found, wanted);
        }

        @Override
        public String remedy() {
            return "The file was removed; build again, over a connection that does not change it.";
        }
    }

    /// A package does not hold what the recipe takes from it.
    record PieceMissing(String piece, String where) implements GuestFault {
        @Override
        public String message() {
            return "%s was not found in %s.".formatted(piece, where);
        }

        @Override
        public String remedy() {
            return "This Debian packs it elsewhere: name its new package in packages.txt of the template's recipe.";
        }
    }

    /// Another process holds the lock for longer than a build takes.
    record BuildLocked(String lock, long seconds) implements GuestFault {
        @Override
        public String message() {
            return "Another process has held %s for %d s.".formatted(lock, seconds);
        }

        @Override
        public String remedy() {
            return "Wait for that build, or end the process that hangs; the lock goes with it.";
        }
    }
}

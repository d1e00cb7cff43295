// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.core.MachineId;
import io.redoubt.core.fault.Fault;

/// Every way that the hypervisor refuses work.
public sealed interface HypervisorFault extends Fault {
    /// The installed QEMU lacks what the command line needs.
    record QemuTooOld(String found, String wanted) implements HypervisorFault {
        @Override
        public String message() {
            return "QEMU %s is installed; Redoubt needs %s or newer.".formatted(found, wanted);
        }

        @Override
        public String remedy() {
            return "Use Debian 12, Ubuntu 24.04 or newer and install qemu-system-x86 from there.";
        }
    }

    /// Guests never run as root.
    record WouldRunAsRoot() implements HypervisorFault {
        @Override
        public String message() {
            return "A machine would run as root, because this process is root and was told no other user.";
        }

        @Override
        public String remedy() {
            return "Name a user without privileges for the machines, or start Redoubt as such a user.";
        }
    }

    record RunsAlready(MachineId machine, long pid) implements HypervisorFault {
        @Override
        public String message() {
            return "Machine %s runs already, as process %d.".formatted(machine, pid);
        }

        @Override
        public String remedy() {
            return "Adopt it, or end it first.";
        }
    }

    /// QEMU ended or said nothing before its monitor answered.
    record DidNotStart(MachineId machine, String lastLines) implements HypervisorFault {
        @Override
        public String message() {
            return "QEMU did not start for machine %s: %s".formatted(machine, lastLines);
        }

        @Override
        public String remedy() {
            return "Correct what QEMU's last lines name; the whole log is qemu.log in the machine's directory.";
        }
    }

    /// QEMU answered a command with an error.
    record Refused(String command, String reason) implements HypervisorFault {
        @Override
        public String message() {
            return "QEMU refused %s: %s.".formatted(command, reason);
        }

        @Override
        public String remedy() {
            return "Look at the state of the machine; the command does not fit it.";
        }
    }

    /// QEMU lives but does not answer.
    record Silent(String command, long seconds) implements HypervisorFault {
        @Override
        public String message() {
            return "QEMU has not answered %s within %d s.".formatted(command, seconds);
        }

        @Override
        public String remedy() {
            return "It is stopped, starved of processor time, or another program holds its monitor; kill the machine if it stays so.";
        }
    }

    /// The process has ended.
    record Gone(MachineId machine, String lastLines) implements HypervisorFault {
        @Override
        public String message() {
            return "The process of machine %s has ended; its last lines: %s"
                    .formatted(machine, lastLines);
        }

        @Override
        public String remedy() {
            return "See serial.log and qemu.log in the machine's directory, then start it again.";
        }
    }

    /// The guest has not written the awaited text.
    record NotReady(MachineId machine, String text, long seconds, String lastLines)
            implements HypervisorFault {
        @Override
        public String message() {
            return "Machine %s has not written '%s' within %d s; its last lines: %s"
                    .formatted(machine, text, seconds, lastLines);
        }

        @Override
        public String remedy() {
            return "See serial.log in the machine's directory for the place where its boot stands still.";
        }
    }
}

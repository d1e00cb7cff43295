// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import io.redoubt.control.web.Refusal;

/// Every way that a machine cannot be had as wished.
public sealed interface ComputeFault extends Refusal {

    @Override
    default Kind kind() {
        return Kind.CONFLICT;
    }

    /// A disk that another machine has.
    record DiskTaken(String volume) implements ComputeFault {
        @Override
        public String message() {
            return "volume '%s' is a disk of another machine".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Delete that machine first, or make another volume.";
        }
    }

    /// A disk that is not there where the machine is to run.
    record DiskElsewhere(String volume, String zone, String wanted) implements ComputeFault {
        @Override
        public String message() {
            return "volume '%s' is in zone '%s', the machine is to run in zone '%s' on one node with all its disks"
                    .formatted(volume, zone, wanted);
        }

        @Override
        public String remedy() {
            return "Use volumes of one datastore of that zone.";
        }
    }

    /// A disk that is not whole, or no longer the one to write.
    record DiskNotReady(String volume, String state) implements ComputeFault {
        @Override
        public String message() {
            return "volume '%s' is %s".formatted(volume, state);
        }

        @Override
        public String remedy() {
            return "Wait until it is ready, or use another one.";
        }
    }

    /// Its group still recovers it.
    record Protected(String machine, String group) implements ComputeFault {
        @Override
        public String message() {
            return "machine '%s' is in protection group %s".formatted(machine, group);
        }

        @Override
        public String remedy() {
            return "Delete the protection group first.";
        }
    }

    /// A machine that a test failover made goes with it.
    record OfATest(String machine, String failover) implements ComputeFault {
        @Override
        public String message() {
            return "machine '%s' belongs to the test failover %s".formatted(machine, failover);
        }

        @Override
        public String remedy() {
            return "Tear the test down: DELETE /v1/failovers/" + failover;
        }
    }
}

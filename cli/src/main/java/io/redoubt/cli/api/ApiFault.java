// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli.api;

import io.redoubt.core.fault.Fault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;

/// Every way that a call of the API ends without its result.
public sealed interface ApiFault extends Fault {

    /// The control plane read the request and said no; its own words.
    ///
    /// @param cause the stable word for the reason, for example `failover-running`; empty when there was none
    record Refused(int status, String cause, String message, String remedy) implements ApiFault {}

    /// The operation was accepted, ran, and was undone.
    record OperationFailed(Operation operation, String cause, String message, String remedy)
            implements ApiFault {}

    /// The wait is over, the operation is not.
    record StillRunning(Operation operation, Duration waited) implements ApiFault {
        @Override
        public String message() {
            return "operation %s (%s) has not ended after %d s"
                    .formatted(operation.id(), operation.kind(), waited.toSeconds());
        }

        @Override
        public String remedy() {
            return "It goes on by itself. Watch it: ./redoubt operation watch " + operation.id();
        }
    }

    /// A volume still needs its source.
    ///
    /// @param progress how far it is
    record StillCopying(String volume, String progress) implements ApiFault {
        @Override
        public String message() {
            return "volume '%s' is not copied to its end: %s".formatted(volume, progress.strip());
        }

        @Override
        public String remedy() {
            return "It goes on by itself. See ./redoubt volume show " + volume;
        }
    }

    /// Nothing answered, after all the attempts.
    record Unreachable(URI url, int attempts, String why) implements ApiFault {
        @Override
        public String message() {
            return "the API at %s does not answer (%d attempts): %s".formatted(url, attempts, why);
        }

        @Override
        public String remedy() {
            return "See ./redoubt status; ./redoubt up starts a region that is down.";
        }
    }

    /// Somebody answered who is not of this region, or something that is not this API.
    record NotThisApi(URI url, String why) implements ApiFault {
        @Override
        public String message() {
            return "%s is not the API of this region: %s".formatted(url, why);
        }

        @Override
        public String remedy() {
            return "Check --api and --ca; ./redoubt status --json prints both for the region of $REDOUBT_HOME.";
        }
    }

    /// There is no region in this directory.
    record NoRegion(Path home) implements ApiFault {
        @Override
        public String message() {
            return "no region is up in %s".formatted(home);
        }

        @Override
        public String remedy() {
            return "Start one with ./redoubt up, set REDOUBT_HOME to another region's directory, or give --api, --ca and --token-file.";
        }
    }

    /// A file that belongs to the endpoint cannot be used.
    record BadFile(Path file, String why) implements ApiFault {
        @Override
        public String message() {
            return "%s cannot be used: %s".formatted(file, why);
        }

        @Override
        public String remedy() {
            return "Check that the file exists and that this user may read it.";
        }
    }
}

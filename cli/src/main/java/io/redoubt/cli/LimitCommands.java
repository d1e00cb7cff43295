// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// How fast volumes and datastores may be.
final class LimitCommands {
    private LimitCommands() {}

    /// What a volume may take of its datastore's rate; what is left out stays.
    static final class Allowance {
        @Option(
                names = "--shares",
                paramLabel = "N",
                description =
                        "1 to 10000 against the other volumes of its datastore when there is not enough for all; a new one has 100.")
        private @Nullable Integer shares;

        @Option(
                names = "--iops",
                paramLabel = "N",
                description = "No more operations each second than this; 0: no limit of its own.")
        private @Nullable Long iops;

        @Option(
                names = "--bandwidth",
                paramLabel = "SIZE",
                description = "No more bytes each second than this; 0: no limit of its own.")
        private @Nullable Bytes bandwidth;

        Map<String, Object> wish() {
            var wish = new HashMap<String, Object>();
            Integer wantedShares = shares;
            if (wantedShares != null) {
                wish.put("shares", wantedShares);
            }
            Long wantedIops = iops;
            if (wantedIops != null) {
                wish.put("iopsLimit", wantedIops);
            }
            Bytes wantedBandwidth = bandwidth;
            if (wantedBandwidth != null) {
                wish.put("bytesPerSecondLimit", wantedBandwidth.value());
            }
            return wish;
        }
    }

    @Command(
            name = "limit",
            description =
                    "Sets its shares of the datastore's rate and its own limits, also while a machine uses it.")
    static final class LimitVolume implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Allowance allowance = new Allowance();

        @Override
        public Integer call() {
            return writes.patch(
                    Nouns.VOLUME.path() + "/" + Paths.part(which),
                    allowance.wish(),
                    "volume " + which + " has its limits");
        }
    }

    @Command(
            name = "limit",
            description =
                    "Sets whether the ceiling of its class holds (for the operator), and when it raises the alarm.")
    static final class LimitDatastore implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Terms terms = new Terms();

        /// At least one must be said; what is left out stays.
        static final class Terms {
            @Option(
                    names = "--ceiling",
                    negatable = true,
                    description =
                            "The ceiling of its class holds, whatever its size; --no-ceiling: its rate follows the size alone.")
            private @Nullable Boolean ceiling;

            @Option(
                    names = "--alarm",
                    paramLabel = "PERCENT",
                    description =
                            "Raise the alarm when so much is used and the rest may not do for what thin volumes and snapshots may still take.")
            private @Nullable Integer alarmPercent;

            private Map<String, Object> wish() {
                var wish = new HashMap<String, Object>();
                Boolean wantedCeiling = ceiling;
                if (wantedCeiling != null) {
                    wish.put("ceiling", wantedCeiling);
                }
                Integer wantedPercent = alarmPercent;
                if (wantedPercent != null) {
                    wish.put("alarmPercent", wantedPercent);
                }
                return wish;
            }
        }

        @Override
        public Integer call() {
            return writes.patch(
                    Nouns.DATASTORE.path() + "/" + Paths.part(which),
                    terms.wish(),
                    "datastore " + which + " has its limits");
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.cli.api.ApiFault;
import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What is done with pools, datastores and volumes.
final class StorageCommands {
    private StorageCommands() {}

    @Command(
            name = "create",
            description = "Orders a datastore: so much room of one class in one zone.")
    static final class CreateDatastore implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--zone", required = true)
        private String zone = "";

        @Option(
                names = "--size",
                required = true,
                paramLabel = "SIZE",
                description = "For example 20GiB.")
        private Bytes size = new Bytes(0);

        @Option(names = "--class", defaultValue = "lab", paramLabel = "CLASS")
        private String storageClass = "";

        @Option(
                names = "--pool",
                paramLabel = "POOL",
                description = "For the operator: take the room from this pool.")
        private @Nullable String pool;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("name", name);
            body.put("zone", zone);
            body.put("sizeBytes", size.value());
            body.put("class", storageClass);
            String given = pool;
            if (given != null) {
                body.put("pool", given);
            }
            return writes.post(Nouns.DATASTORE.path(), body, "datastore " + name + " is ready");
        }
    }

    @Command(name = "resize", description = "Gives one another size.")
    static final class Resize implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @Option(
                names = "--size",
                required = true,
                paramLabel = "SIZE",
                description = "The new size, for example 40GiB.")
        private Bytes size = new Bytes(0);

        private final Noun noun;

        Resize(Noun noun) {
            this.noun = noun;
        }

        @Override
        public Integer call() {
            return writes.patch(
                    noun.path() + "/" + Paths.part(which),
                    Map.of("sizeBytes", size.value()),
                    "%s %s has %s".formatted(noun.name(), which, size));
        }
    }

    @Command(
            name = "create",
            description = "Gives a directory of a node's host to its zone, as room for datastores.")
    static final class CreatePool implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--node", required = true, description = "A node's name or id.")
        private String node = "";

        @Option(
                names = "--path",
                required = true,
                paramLabel = "DIR",
                description = "An absolute directory, best a file system of its own.")
        private String path = "";

        @Option(
                names = "--sparse",
                paramLabel = "SIZE",
                description = "For tests: pretend to have so much, and hold nothing.")
        private @Nullable Bytes sparse;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("name", name);
            body.put("node", node);
            body.put("path", path);
            Bytes nominal = sparse;
            if (nominal != null) {
                body.put("sparse", true);
                body.put("nominalBytes", nominal.value());
            }
            return writes.post(Nouns.POOL.path(), body, "pool " + name + " is ready");
        }
    }

    @Command(name = "create", description = "Makes a volume in a datastore.")
    static final class CreateVolume implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--datastore", required = true)
        private String datastore = "";

        @Option(
                names = "--size",
                required = true,
                paramLabel = "SIZE",
                description = "For example 1GiB.")
        private Bytes size = new Bytes(0);

        @Option(names = "--template", description = "Begin as a copy of this template.")
        private @Nullable String template;

        @Option(
                names = "--thin",
                description =
                        "Room comes with the writes, as long as the datastore has some; a machine that finds none is paused.")
        private boolean thin;

        @ArgGroup(exclusive = false)
        private LimitCommands.@Nullable Allowance allowance;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("name", name);
            body.put("datastore", datastore);
            body.put("sizeBytes", size.value());
            String given = template;
            if (given != null) {
                body.put("template", given);
            }
            if (thin) {
                body.put("thin", true);
            }
            LimitCommands.Allowance limits = allowance;
            if (limits != null) {
                body.putAll(limits.wish());
            }
            return writes.post(Nouns.VOLUME.path(), body, "volume " + name + " is ready");
        }
    }

    @Command(
            name = "hydrate",
            description = {
                "Copies what a volume still reads from its template, also under a running machine.",
                "Again with another --rate changes the rate."
            })
    static final class Hydrate implements Callable<Integer> {
        private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME", description = "A name or an id.")
        private String which = "";

        @Option(
                names = "--rate",
                paramLabel = "SIZE",
                description = "At most so much each second; as fast as it goes when left out.")
        private @Nullable Bytes rate;

        @Option(
                names = "--wait",
                description =
                        "Return when all is copied, at the latest after --wait-seconds, instead of when it has begun.")
        private boolean untilComplete;

        @Override
        public Integer call() {
            Bytes limit = rate;
            String path = Nouns.VOLUME.path() + "/" + Paths.part(which);
            int status =
                    writes.post(
                            path + "/hydrate",
                            limit == null ? Map.of() : Map.of("bytesPerSecond", limit.value()),
                            "volume " + which + " is being copied");
            return status == 0 && untilComplete ? watch(path) : status;
        }

        private int watch(String path) {
            Session session = writes.session();
            long deadline = System.nanoTime() + writes.waitLimit().toNanos();
            String told = "";
            while (true) {
                JsonNode hydration = session.api().fetch(path).path("hydration");
                String state = hydration.path("state").asString("");
                String line = line(hydration);
                if (!line.equals(told)) {
                    session.tell(line);
                    told = line;
                }
                if (state.equals("complete")) {
                    return 0;
                }
                if (state.equals("failed") || System.nanoTime() > deadline) {
                    throw new FaultException(new ApiFault.StillCopying(which, line));
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }

        private static String line(JsonNode hydration) {
            long done = hydration.path("doneBytes").asLong(0);
            long total = Math.max(1, hydration.path("totalBytes").asLong(0));
            String left =
                    hydration.path("secondsLeft").isNumber()
                            ? ", %d s left".formatted(hydration.path("secondsLeft").asLong(0))
                            : "";
            String trouble = hydration.path("trouble").asString("");
            return "  %-10s %d %% of %s%s%s"
                    .formatted(
                            hydration.path("state").asString(""),
                            done * 100 / total,
                            new Bytes(total),
                            left,
                            trouble.isEmpty() ? "" : ": " + trouble);
        }
    }
}

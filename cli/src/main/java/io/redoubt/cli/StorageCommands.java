// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is done with datastores and volumes.
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

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.DATASTORE.path(),
                    Map.of(
                            "name", name,
                            "zone", zone,
                            "sizeBytes", size.value(),
                            "class", storageClass),
                    "datastore " + name + " is ready");
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
            return writes.post(Nouns.VOLUME.path(), body, "volume " + name + " is ready");
        }
    }
}

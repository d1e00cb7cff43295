// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.cli.api.ApiFault;
import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is done with machines.
final class MachineCommands {
    private MachineCommands() {}

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new FaultException(new ApiFault.BadFile(file, e.toString()), e);
        }
    }

    @Command(name = "create", description = "Makes a machine and starts it.")
    static final class Create implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--zone", required = true)
        private String zone = "";

        @Option(
                names = "--disk",
                required = true,
                paramLabel = "VOLUME",
                description = "A volume of the same zone; once for each disk.")
        private List<String> disks = List.of();

        @Option(names = "--memory", defaultValue = "256MiB", paramLabel = "SIZE")
        private Bytes memory = new Bytes(0);

        @Option(names = "--vcpus", defaultValue = "1", paramLabel = "N")
        private int vcpus;

        @Option(names = "--template", defaultValue = "tiny")
        private String template = "";

        @Option(
                names = "--user-data",
                paramLabel = "FILE",
                description = "A script that the guest runs at its first start.")
        private @Nullable Path userData;

        @Option(
                names = "--seed",
                paramLabel = "NAME=FILE",
                description = "A small file that the guest finds under this name; once for each.")
        private Map<String, Path> seeds = Map.of();

        @Option(names = "--nic", description = "Give it a network card.")
        private boolean nic;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("name", name);
            body.put("zone", zone);
            body.put("disks", disks);
            body.put("memoryBytes", memory.value());
            body.put("vcpus", vcpus);
            body.put("template", template);
            body.put("nic", nic);
            var texts = new HashMap<String, String>();
            for (var seed : seeds.entrySet()) {
                texts.put(seed.getKey(), text(seed.getValue()));
            }
            body.put("seeds", texts);
            Path script = userData;
            if (script != null) {
                body.put("userData", text(script));
            }
            return writes.post(Nouns.MACHINE.path(), body, "machine " + name + " is started");
        }
    }

    @Command(name = "start", description = "Starts a machine that is stopped.")
    static final class Start implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.MACHINE.path() + "/" + Paths.part(name) + "/start",
                    Map.of(),
                    "machine " + name + " is started");
        }
    }

    @Command(name = "stop", description = "Stops a machine.")
    static final class Stop implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(
                names = "--mode",
                defaultValue = "shutdown",
                description = "shutdown (ask the guest), power-off, or pause.")
        private String mode = "";

        @Override
        public Integer call() {
            return writes.post(
                    Nouns.MACHINE.path() + "/" + Paths.part(name) + "/stop",
                    Map.of("mode", mode),
                    "machine " + name + (mode.equals("pause") ? " is paused" : " is stopped"));
        }
    }
}

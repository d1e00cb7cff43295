// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.GuestFault;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.tukaani.xz.XZInputStream;

/// The loadable modules of an unpacked kernel and what each depends on, as its own file says.
record KernelModules(String release, Map<String, Path> files, Set<String> builtIn) {
    private static final String FIELD = "\0depends=";
    private static final String SUFFIX = ".ko";
    private static final String PACKED = ".ko.xz"; // since Debian 13
    private static final int MODULE_BYTES_MAX = 64 << 20;

    /// @param tree an unpacked kernel package
    static KernelModules of(Path tree) throws IOException {
        Path modules = tree.resolve("lib/modules");
        if (!Files.isDirectory(modules)) {
            modules = tree.resolve("usr/lib/modules");
        }
        if (!Files.isDirectory(modules)) {
            throw new FaultException(
                    new GuestFault.PieceMissing("lib/modules", "the kernel's package"));
        }
        Path release = Trees.list(modules).getFirst();
        var files = new TreeMap<String, Path>();
        try (Stream<Path> all = Files.walk(release)) {
            all.filter(file -> file.toString().endsWith(SUFFIX) || file.toString().endsWith(PACKED))
                    .forEach(file -> files.put(name(file), file));
        }
        var builtIn = new TreeSet<String>();
        for (String line : Files.readAllLines(Trees.require(release, "modules.builtin"))) {
            builtIn.add(name(Path.of(line)));
        }
        return new KernelModules(release.getFileName().toString(), files, builtIn);
    }

    /// These modules and all that they depend on, each after what it depends on, without those that are part of the kernel.
    SequencedSet<String> ordered(List<String> wanted) throws IOException {
        var order = new LinkedHashSet<String>();
        for (String name : wanted) {
            add(name, order);
        }
        return order;
    }

    /// What `modprobe` reads: each module's file with its direct and indirect needs, nearest first.
    String dependencyList(SequencedSet<String> modules) throws IOException {
        var lines = new LinkedHashMap<String, String>();
        for (String module : modules) {
            var needs = new LinkedHashSet<>(ordered(List.of(module)).reversed());
            needs.remove(module);
            lines.put(
                    module,
                    module
                            + SUFFIX
                            + ":"
                            + String.join("", needs.stream().map(n -> " " + n + SUFFIX).toList()));
        }
        return String.join("\n", lines.values()) + "\n";
    }

    /// The module itself, unpacked.
    byte[] content(String name) throws IOException {
        Path file = file(name);
        if (!file.toString().endsWith(PACKED)) {
            return Files.readAllBytes(file);
        }
        try (var unpacked = new XZInputStream(Files.newInputStream(file))) {
            return unpacked.readNBytes(MODULE_BYTES_MAX);
        }
    }

    private Path file(String name) {
        Path file = files.get(name);
        if (file == null) {
            throw new FaultException(
                    new GuestFault.PieceMissing("the module " + name, "kernel " + release));
        }
        return file;
    }

    private void add(String name, SequencedSet<String> order) throws IOException {
        if (!order.contains(name) && !builtIn.contains(name)) {
            for (String need : needs(name)) {
                add(need, order);
            }
            order.addLast(name);
        }
    }

    private List<String> needs(String name) throws IOException {
        String content = new String(content(name), StandardCharsets.ISO_8859_1);
        int at = content.indexOf(FIELD);
        if (at < 0) {
            return List.of();
        }
        int start = at + FIELD.length();
        String list = content.substring(start, content.indexOf('\0', start));
        return list.isEmpty() ? List.of() : List.of(list.replace('-', '_').split(","));
    }

    private static String name(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.lastIndexOf(SUFFIX)).replace('-', '_');
    }
}

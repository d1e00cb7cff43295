// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The packages of one template, in their newest versions, fetched and checked.
///
/// @param kernel the name of the kernel's package
record Ingredients(
        String kernel, Map<String, DebianPackages.Archive> archives, DebianPackages packages) {
    /// The three directories of [#unpack].
    static final String KERNEL = "kernel";

    static final String TOOLS = "tools";
    static final String GUEST = "guest";

    private static final String LIST = "packages.txt";

    static Ingredients of(DebianPackages packages, Consumer<String> progress) {
        String kernel = packages.target(Recipe.words(LIST, KERNEL).getFirst());
        var names =
                new LinkedHashSet<>(
                        packages.withLibraries(
                                Recipe.words(LIST, "guest"),
                                new HashSet<>(Recipe.words(LIST, "skip"))));
        names.add(kernel);
        names.addAll(Recipe.words(LIST, "tool"));
        var archives = packages.newest(names);
        progress.accept("Fetching " + archives.size() + " Debian packages (none is installed)");
        packages.fetch(archives);
        return new Ingredients(kernel, archives, packages);
    }

    SortedMap<String, String> versions() {
        var versions = new TreeMap<String, String>();
        archives.forEach((name, archive) -> versions.put(name, archive.version()));
        return versions;
    }

    /// Names the recipe with these versions.
    String hash() {
        return Recipe.hash(Recipe.hash() + versions());
    }

    /// Each package into the directory of its part below `work`.
    void unpack(Path work) throws IOException {
        List<String> tools = Recipe.words(LIST, "tool");
        for (DebianPackages.Archive archive : archives.values()) {
            String name = archive.packageName();
            String part = name.equals(kernel) ? KERNEL : tools.contains(name) ? TOOLS : GUEST;
            packages.unpack(archive, Files.createDirectories(work.resolve(part)));
        }
    }
}

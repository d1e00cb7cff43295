// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.planted;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One bug as a patch of the product's sources: `key: value` lines, an empty line, then a unified diff over one or more files.
///
/// @param name  what rule 45 calls it
/// @param world in which it is looked for, as the command line spells it
/// @param seeds the bug must be found by one of the first so many
/// @param files the diff of each source, by its path from the root
public record PlantedBug(String name, String world, long seeds, Map<String, List<String>> files) {
    private static final String FOLDER = "simulation/planted";

    public PlantedBug {
        files = Map.copyOf(files);
    }

    /// Those of a source tree, by the names of their patches.
    ///
    /// @throws IOException when the tree has none, or one that cannot be read
    public static List<PlantedBug> all(Path root) throws IOException {
        var bugs = new ArrayList<PlantedBug>();
        try (var patches = Files.list(root.resolve(FOLDER))) {
            for (Path patch :
                    patches.filter(f -> f.toString().endsWith(".patch")).sorted().toList()) {
                bugs.add(parse(patch.getFileName().toString(), Files.readAllLines(patch)));
            }
        }
        return bugs;
    }

    static PlantedBug parse(String patch, List<String> lines) {
        Map<String, String> keys = new LinkedHashMap<>();
        int at = 0;
        for (; at < lines.size() && !lines.get(at).isBlank(); at++) {
            String[] pair = lines.get(at).split(": ", 2);
            if (pair.length == 2) {
                keys.put(pair[0], pair[1]);
            }
        }
        Map<String, List<String>> files = new LinkedHashMap<>();
        List<String> file = new ArrayList<>();
        for (String line : lines.subList(at, lines.size())) {
            if (line.startsWith("--- a/")) {
                file = new ArrayList<>();
                files.put(line.substring("--- a/".length()), file);
            }
            file.add(line);
        }
        if (!keys.keySet().containsAll(List.of("Bug", "World", "Seeds")) || files.isEmpty()) {
            throw new IllegalArgumentException(
                    patch
                            + " wants the lines Bug, World and Seeds, an empty one, and a unified diff");
        }
        return new PlantedBug(
                keys.getOrDefault("Bug", ""),
                keys.getOrDefault("World", ""),
                Long.parseLong(keys.getOrDefault("Seeds", "")),
                files);
    }

    /// The patched sources, by their paths from the root.
    ///
    /// @throws IllegalStateException when a source has changed so that the patch does not apply any more
    Map<String, String> patched(Path root) throws IOException {
        Map<String, String> patched = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> file : files.entrySet()) {
            List<String> lines = Files.readAllLines(root.resolve(file.getKey()));
            for (Hunk hunk : hunks(file.getValue())) {
                if (!hunk.replaceIn(lines)) {
                    throw new IllegalStateException(
                            "the planted bug '%s' does not apply to %s any more: make its patch anew"
                                    .formatted(name, file.getKey()));
                }
            }
            patched.put(file.getKey(), String.join("\n", lines));
        }
        return patched;
    }

    private static List<Hunk> hunks(List<String> diff) {
        var hunks = new ArrayList<Hunk>();
        for (String line : diff) {
            if (line.startsWith("@@")) {
                hunks.add(new Hunk(new ArrayList<>(), new ArrayList<>()));
            } else if (!hunks.isEmpty()) {
                hunks.getLast().add(line);
            }
        }
        return hunks;
    }

    /// Lines and what stands in their place afterwards. They are found wherever they have moved to, as long as they stand there once.
    private record Hunk(List<String> before, List<String> after) {
        void add(String line) {
            String text = line.isEmpty() ? line : line.substring(1);
            if (!line.startsWith("+")) {
                before.add(text);
            }
            if (!line.startsWith("-")) {
                after.add(text);
            }
        }

        boolean replaceIn(List<String> lines) {
            int first = Collections.indexOfSubList(lines, before);
            if (first < 0 || first != Collections.lastIndexOfSubList(lines, before)) {
                return false;
            }
            List<String> place = lines.subList(first, first + before.size());
            place.clear();
            place.addAll(after);
            return true;
        }
    }
}

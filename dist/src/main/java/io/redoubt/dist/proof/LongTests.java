// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The test classes that carry `@Tag("long")`, on the class or on a method.
final class LongTests {
    private static final int DEPTH_MAX = 16;

    private LongTests() {}

    static List<String> under(Path root) throws IOException {
        var found = new ArrayList<String>();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path sources : modules.map(module -> module.resolve("src/test/java")).toList()) {
                if (Files.isDirectory(sources)) {
                    try (Stream<Path> files = Files.walk(sources, DEPTH_MAX)) {
                        for (Path file :
                                files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                            if (Files.readString(file).contains("@Tag(\"long\")")) {
                                String name = file.getFileName().toString();
                                found.add(name.substring(0, name.length() - ".java".length()));
                            }
                        }
                    }
                }
            }
        }
        found.sort(null);
        return found;
    }
}

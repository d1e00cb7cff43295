// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The script `redoubt` at the root of the tree: it knows the JDK, the class path and the flags of every process.
///
/// @param root    the tree
/// @param classes which build to run, so that a region's processes run the code of the `up` that started it
record EntryScript(Path root, String classes) {

    /// As this process was started itself, by the script or by a test of the build.
    static EntryScript ofThisProcess() {
        return new EntryScript(
                Path.of(System.getProperty("redoubt.root", ".")).toAbsolutePath().normalize(),
                System.getProperty("redoubt.classes", "target"));
    }

    List<String> command(String verb, List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(root.resolve("redoubt").toString());
        command.add(verb);
        command.addAll(arguments);
        return command;
    }

    Map<String, String> environment() {
        return Map.of("REDOUBT_CLASSES", classes, "JAVA_HOME", System.getProperty("java.home"));
    }
}

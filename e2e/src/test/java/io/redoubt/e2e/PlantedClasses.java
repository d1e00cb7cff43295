// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// The classes of this build with a few of them changed, for the processes of a region that a test starts.
///
/// A fault is planted in the source of a class and compiled here; no switch for it exists in the product. The script runs
/// the classes of the directory that `REDOUBT_CLASSES` names, as it does for every process of a region.
record PlantedClasses(Path root, Path directory) {
    private static final String PLANTED = "planted";

    /// One change of one source.
    ///
    /// @param source below the root, `storage/src/main/java/…`
    /// @param from   must stand there exactly once, so that a change of the product is noticed here
    record Change(String source, String from, String to) {}

    /// @param changes none for the classes as they are
    static PlantedClasses in(Path directory, List<Change> changes) throws IOException {
        Path root = Path.of(System.getProperty("redoubt.root", "..")).toAbsolutePath().normalize();
        var classes = new PlantedClasses(root, directory);
        if (!changes.isEmpty()) {
            classes.compile(changes);
        }
        classes.copyModules();
        return classes;
    }

    /// The changed classes' files.
    List<Path> planted() throws IOException {
        try (var files = Files.walk(directory.resolve(PLANTED))) {
            return files.filter(file -> file.toString().endsWith(".class")).toList();
        }
    }

    private void compile(List<Change> changes) throws IOException {
        Path sources = Files.createDirectories(directory.resolve("sources"));
        Path out = Files.createDirectories(directory.resolve(PLANTED));
        var files = new ArrayList<Path>();
        for (Change change : changes) {
            String name = change.source().substring(change.source().indexOf("java/") + 5);
            Path file = sources.resolve(name);
            if (!files.contains(file)) {
                Files.createDirectories(file.getParent());
                Files.copy(root.resolve(change.source()), file);
                files.add(file);
            }
            Files.writeString(file, changed(change, Files.readString(file)));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager =
                compiler.getStandardFileManager(null, Locale.ROOT, null)) {
            var options =
                    List.of(
                            "-d",
                            out.toString(),
                            "-proc:none",
                            "-nowarn",
                            "-cp",
                            Files.readString(root.resolve("e2e/target/classpath")).strip());
            boolean compiled =
                    compiler.getTask(
                                    null,
                                    manager,
                                    null,
                                    options,
                                    null,
                                    manager.getJavaFileObjectsFromPaths(files))
                            .call();
            assertThat(compiled).as("the planted fault compiles").isTrue();
        }
    }

    /// However the formatter breaks the lines: white space of any kind and length is the same.
    private static String changed(Change change, String text) {
        String words =
                Arrays.stream(change.from().strip().split("\\s+"))
                        .map(Pattern::quote)
                        .collect(Collectors.joining("\\s+"));
        List<MatchResult> places = Pattern.compile(words).matcher(text).results().toList();
        assertThat(places).as("'%s' stands once in %s", change.from(), change.source()).hasSize(1);
        MatchResult place = places.getFirst();
        return text.substring(0, place.start()) + change.to() + text.substring(place.end());
    }

    /// Copies, so that a build meanwhile changes nothing; in each class path the planted classes come first.
    private void copyModules() throws IOException {
        try (var modules = Files.newDirectoryStream(root)) {
            for (Path module : modules) {
                Path built = module.resolve("target/classes");
                Path classpath = module.resolve("target/classpath");
                if (Files.isDirectory(built) && Files.exists(classpath)) {
                    String name = module.getFileName().toString();
                    copy(built, directory.resolve(name));
                    Files.writeString(
                            directory.resolve(name + ".classpath"),
                            directory.resolve(PLANTED) + ":" + copies(Files.readString(classpath)));
                }
            }
        }
    }

    /// A class path names the other modules in the tree; here they are the copies.
    private String copies(String classpath) {
        String module = Pattern.quote(root.toString()) + "/([^/:]+)/target/classes";
        return classpath
                .strip()
                .replaceAll(module, Matcher.quoteReplacement(directory.toString()) + "/$1");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
    }
}

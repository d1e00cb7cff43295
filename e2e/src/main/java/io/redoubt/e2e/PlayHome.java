// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.FaultException;
import io.redoubt.e2e.verdict.Broken;
import io.redoubt.e2e.verdict.Promise;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The directory of the demo's region: the user's own, or with `--exit` one that is gone afterwards.
///
record PlayHome(Path path, boolean temporary) {
    private static final String CACHE =
            "cache"; // where the launcher's nodes keep theirs, beside their homes
    private static final Duration LAST_BREATH = Duration.ofSeconds(5);

    static PlayHome of(Path home, boolean temporary, String tag) {
        if (!temporary) {
            return new PlayHome(home, false);
        }
        Path path = home.resolve("demo-" + tag);
        try {
            Files.createDirectories(home);
            Files.createDirectory(path);
            // As the launcher makes a home: another user passes through and reads nothing.
            boolean root = System.getProperty("user.name").equals("root");
            Files.setPosixFilePermissions(
                    path, PosixFilePermissions.fromString(root ? "rwx--x--x" : "rwx------"));
            // Templates are the same for every run: a link, so that they outlive this home.
            Path cache = Files.createDirectories(home.resolve(CACHE));
            Files.createSymbolicLink(path.resolve(CACHE), cache);
            return new PlayHome(path, true);
        } catch (IOException e) {
            throw new FaultException(new DemoFault.HostFailed("the home " + path, e.toString()), e);
        }
    }

    /// Removes a temporary home, and looks for what is left of it.
    List<Broken> remove() {
        var broken = new ArrayList<Broken>();
        List<String> processes = remainingProcesses();
        if (!processes.isEmpty()) {
            broken.add(new Broken(Promise.NOTHING_LEFT, "processes " + processes));
        }
        if (temporary) {
            try {
                delete(path);
            } catch (IOException e) {
                broken.add(new Broken(Promise.NOTHING_LEFT, "files in %s: %s".formatted(path, e)));
            }
        }
        return broken;
    }

    /// One that ends at this moment is not left.
    private List<String> remainingProcesses() {
        long deadline = System.nanoTime() + LAST_BREATH.toNanos();
        List<String> processes = Processes.naming(path);
        while (!processes.isEmpty() && System.nanoTime() < deadline) {
            Waiting.pause(Duration.ofMillis(100));
            processes = Processes.naming(path);
        }
        return processes;
    }

    /// Keeps what explains a failure where the build keeps its own, because a temporary home goes away.
    Path keepLogs(Path root) throws IOException {
        Path kept = root.resolve("target/demo-failed");
        if (Files.exists(kept)) {
            delete(kept);
        }
        Files.createDirectories(kept);
        Files.walkFileTree(
                path,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        if (file.getFileName().toString().endsWith(".log")) {
                            Path copy =
                                    kept.resolve(
                                            path.relativize(file).toString().replace('/', '_'));
                            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e) {
                        return FileVisitResult.CONTINUE;
                    }
                });
        return kept;
    }

    private static void delete(Path directory) throws IOException {
        Files.walkFileTree(
                directory,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path left, @org.jspecify.annotations.Nullable IOException e)
                            throws IOException {
                        Files.delete(left);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}

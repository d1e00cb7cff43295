// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.GuestFault;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;

/// The guest's root file system as a directory on the host. The owner of its files does not matter: the file system is made with
/// root as the owner of all.
record RootTree(Path root, Path packages, KernelModules modules) {
    private static final String LIBRARIES = "lib/x86_64-linux-gnu";
    private static final String LOADER = "ld-linux-x86-64.so.2";
    private static final List<String> DIRECTORIES =
            List.of(
                    "bin",
                    "sbin",
                    "usr/bin",
                    "usr/sbin",
                    "dev",
                    "proc",
                    "sys",
                    "run",
                    "tmp",
                    "root",
                    "mnt",
                    "var",
                    "data",
                    "lib64",
                    "etc/init.d",
                    "etc/acpi/PWRF",
                    "etc/qemu/fsfreeze-hook.d",
                    LIBRARIES);
    private static final List<String> PROGRAMS =
            List.of("usr/sbin/qemu-ga", "usr/bin/sqlite3", "sbin/mkfs.xfs", "sbin/xfs_repair");

    void fill() throws IOException {
        for (String directory : DIRECTORIES) {
            Files.createDirectories(root.resolve(directory));
        }
        Files.createSymbolicLink(root.resolve("var/run"), Path.of("../run"));
        busybox();
        put(Trees.require(packages, "sbin/e2fsck.static", "usr/sbin/e2fsck.static"), "sbin/e2fsck");
        var needed = new LinkedHashSet<String>(List.of(LOADER));
        for (String program : PROGRAMS) {
            Path file = Trees.require(packages, program, "usr/" + program);
            put(file, "usr/bin/" + file.getFileName());
            needed.addAll(Elf.libraries(file));
        }
        libraries(needed);
        copyModules();
        scripts();
    }

    private void busybox() throws IOException {
        Path busybox = Trees.require(packages, "bin/busybox", "usr/bin/busybox");
        put(busybox, "bin/busybox");
        // Its shell runs its own commands without these; init, the scripts' first lines and other
        // programs look for a path.
        for (String name :
                List.of("sh", "cat", "ls", "mount", "umount", "sync", "dd", "poweroff")) {
            Files.createSymbolicLink(root.resolve("bin/" + name), Path.of("busybox"));
        }
        for (String name : List.of("init", "poweroff", "modprobe")) {
            Files.createSymbolicLink(root.resolve("sbin/" + name), Path.of("../bin/busybox"));
        }
    }

    private void libraries(LinkedHashSet<String> needed) throws IOException {
        var done = new HashSet<String>();
        var open = new ArrayDeque<>(needed);
        while (!open.isEmpty()) {
            String name = open.remove();
            if (done.add(name)) {
                Path file = library(name);
                put(file, LIBRARIES + "/" + name);
                open.addAll(Elf.libraries(file));
            }
        }
        Files.createSymbolicLink(
                root.resolve("lib64/" + LOADER), Path.of("../" + LIBRARIES + "/" + LOADER));
    }

    private Path library(String name) {
        for (String place : List.of(LIBRARIES, "usr/" + LIBRARIES)) {
            if (Files.exists(packages.resolve(place).resolve(name))) {
                return packages.resolve(place).resolve(name);
            }
        }
        throw new FaultException(
                new GuestFault.PieceMissing("the library " + name, "the unpacked packages"));
    }

    private void copyModules() throws IOException {
        Path directory = Files.createDirectories(root.resolve("lib/modules/" + modules.release()));
        var boot = modules.ordered(Recipe.words("modules.txt", "boot"));
        boot.removeAll(modules.ordered(Recipe.words("modules.txt", "early")));
        Files.writeString(
                directory.resolve("boot.order"),
                String.join("", boot.stream().map(name -> name + ".ko\n").toList()));
        var all = modules.ordered(Recipe.words("modules.txt", "early"));
        all.addAll(boot);
        all.addAll(modules.ordered(Recipe.words("modules.txt", "need")));
        for (String name : all) {
            Files.write(directory.resolve(name + ".ko"), modules.content(name));
        }
        Files.writeString(directory.resolve("modules.dep"), modules.dependencyList(all));
    }

    private void scripts() throws IOException {
        Files.writeString(root.resolve("etc/inittab"), Recipe.text("inittab"));
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
        Files.writeString(
                root.resolve("etc/os-release"),
                "NAME=\"Redoubt tiny\"\nID=redoubt-tiny\nID_LIKE=debian\nPRETTY_NAME=\"Redoubt tiny\"\n");
        for (String script : List.of("boot", "network", "lease", "user-data", "stop")) {
            write("etc/init.d/" + script, Recipe.text(script));
        }
        write("etc/acpi/PWRF/00000080", Recipe.text("power-button"));
        write("etc/qemu/fsfreeze-hook", Recipe.text("fsfreeze-hook"));
    }

    private void write(String place, String text) throws IOException {
        Files.writeString(root.resolve(place), text);
        executable(root.resolve(place));
    }

    private void put(Path from, String place) throws IOException {
        Files.copy(from, root.resolve(place), StandardCopyOption.REPLACE_EXISTING);
        executable(root.resolve(place));
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}

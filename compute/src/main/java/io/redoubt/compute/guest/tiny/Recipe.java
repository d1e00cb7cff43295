// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// The files of this package's resources that a template is made with.
final class Recipe {
    private static final List<String> FILES =
            List.of(
                    "packages.txt",
                    "modules.txt",
                    "initramfs-init",
                    "inittab",
                    "boot",
                    "network",
                    "lease",
                    "user-data",
                    "stop",
                    "power-button",
                    "fsfreeze-hook",
                    "syslinux.cfg");

    /// The code that decides what comes out.
    private static final List<Class<?>> CODE =
            List.of(
                    TinyTemplate.class,
                    RootTree.class,
                    BootDisk.class,
                    Cpio.class,
                    KernelModules.class,
                    Elf.class);

    private Recipe() {}

    static String text(String file) {
        return new String(bytes(file), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String file) {
        try (InputStream stream = Recipe.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException("the resource " + file + " is not in the build");
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The second words of the lines of `file` that begin with `first`.
    static List<String> words(String file, String first) {
        return text(file)
                .lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length == 2 && words[0].equals(first))
                .map(words -> words[1])
                .toList();
    }

    /// Names the recipe, files and code, without the versions of the packages.
    static String hash() {
        var all = new StringBuilder();
        FILES.forEach(
                file -> all.append(file).append(' ').append(sha256(bytes(file))).append('\n'));
        CODE.forEach(
                code -> all.append(sha256(bytes(code.getSimpleName() + ".class"))).append('\n'));
        return hash(all.toString());
    }

    /// The first 16 hexadecimal digits of SHA-256.
    static String hash(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.GuestFault;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Directory trees on the host: search, move, delete.
final class Trees {
    private Trees() {}

    /// The first of these paths below the tree that is a file.
    ///
    /// @throws FaultException with [GuestFault.PieceMissing]
    static Path require(Path tree, String... places) {
        for (String place : places) {
            if (Files.isRegularFile(tree.resolve(place))) {
                return tree.resolve(place);
            }
        }
        throw new FaultException(
                new GuestFault.PieceMissing(String.join(" or ", places), tree.toString()));
    }

    static List<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void moveAll(Path from, Path to) throws IOException {
        for (Path entry : list(from)) {
            Files.move(entry, to.resolve(entry.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /// Links inside are removed, never followed.
    static void delete(Path tree) {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> entries = Files.walk(tree)) {
            for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Makes a file's bytes, or a directory's names, durable.
    static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}

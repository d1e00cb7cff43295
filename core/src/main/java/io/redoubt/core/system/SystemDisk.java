// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import static java.nio.file.StandardOpenOption.READ;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// A directory of the host's file system, mode 0700, made when it does not exist.
public final class SystemDisk implements Disk {
    private final Path directory;

    public SystemDisk(Path directory) {
        this.directory = directory.toAbsolutePath();
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
        } catch (IOException e) {
            throw failed(directory.toString(), "make", e);
        }
    }

    public Path directory() {
        return directory;
    }

    @Override
    public DiskFile open(String name) {
        return SystemFile.open(resolve(name));
    }

    /// Opens a file that must not be changed, and that its owner may not be allowed to change: a template. Every write is refused.
    public DiskFile openForReading(String name) {
        return SystemFile.openForReading(resolve(name));
    }

    @Override
    public DiskFile create(String name) {
        return SystemFile.create(resolve(name));
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(resolve(name));
    }

    @Override
    public List<String> list() {
        var names = new ArrayList<String>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (!Files.isDirectory(entry)) {
                    names.add(entry.getFileName().toString());
                }
            }
        } catch (IOException e) {
            throw failed(directory.toString(), "list", e);
        }
        names.sort(null);
        return names;
    }

    @Override
    public void rename(String from, String to) {
        try {
            Files.move(
                    resolve(from),
                    resolve(to),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException _) {
            throw new FaultException(new DiskFault.Missing(resolve(from).toString()));
        } catch (IOException e) {
            throw failed(resolve(from).toString(), "rename", e);
        }
    }

    @Override
    public void delete(String name) {
        try {
            Files.deleteIfExists(resolve(name));
        } catch (IOException e) {
            throw failed(resolve(name).toString(), "delete", e);
        }
    }

    @Override
    public void sync() {
        try (FileChannel channel = FileChannel.open(directory, READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw failed(directory.toString(), "sync", e);
        }
    }

    @Override
    public long freeBytes() {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException e) {
            throw failed(directory.toString(), "measure", e);
        }
    }

    private Path resolve(String name) {
        if (name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0) {
            throw new IllegalArgumentException("not a plain file name: '" + name + "'");
        }
        return directory.resolve(name);
    }

    /// The fault for an I/O error, told apart from a full disk by the text of the operating system, the only place where Java keeps it.
    static FaultException failed(String file, String operation, IOException cause) {
        String text = String.valueOf(cause.getMessage());
        if (text.contains("No space left") || text.contains("Disk quota exceeded")) {
            return new FaultException(new DiskFault.Full(file, 0, 0), cause);
        }
        return new FaultException(new DiskFault.Failed(file, operation, text), cause);
    }
}

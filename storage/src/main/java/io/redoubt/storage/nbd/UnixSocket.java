// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// The socket file: made, guarded and removed.
final class UnixSocket {
    static final int PATH_BYTES_MAX = 107;
    private static final int BACKLOG = 32;

    private UnixSocket() {}

    /// A listening socket. A file that a dead server left is replaced; one of a living server is not.
    static UnixListener listen(Path socket, SocketAccess access) {
        requireShort(socket);
        try {
            prepareDirectory(socket.toAbsolutePath().normalize().resolveSibling("."), access);
            removeStale(socket);
            int server = require(SocketCalls.socket());
            try {
                require(SocketCalls.bind(server, socket));
                allow(socket, access, "rw-------", "rw-rw----");
                require(SocketCalls.listen(server, BACKLOG));
                return new UnixListener(socket, server);
            } catch (IOException | RuntimeException e) {
                int _ = SocketCalls.close(server);
                throw e;
            }
        } catch (IOException e) {
            throw failed(socket, "listen on", e);
        }
    }

    /// @param millisMax of this and of each later wait; 0 for no limit
    static UnixStream connect(Path socket, int millisMax) {
        requireShort(socket);
        try {
            int peer = require(SocketCalls.socket());
            try {
                require(SocketCalls.millisMax(peer, millisMax));
                require(SocketCalls.connect(peer, socket));
                return new UnixStream(peer);
            } catch (IOException | RuntimeException e) {
                int _ = SocketCalls.close(peer);
                throw e;
            }
        } catch (IOException e) {
            throw failed(socket, "connect to", e);
        }
    }

    private static int require(int result) throws IOException {
        if (result < 0) {
            throw new IOException(SocketCalls.text(-result));
        }
        return result;
    }

    private static void requireShort(Path socket) {
        int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new FaultException(new NbdFault.PathTooLong(socket, bytes));
        }
    }

    private static void prepareDirectory(Path dot, SocketAccess access) throws IOException {
        Path directory = dot.normalize();
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            allow(directory, access, "rwx------", "rwx--x---");
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
        if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new FaultException(
                    new NbdFault.OpenDirectory(directory, PosixFilePermissions.toString(mode)));
        }
    }

    private static void allow(Path path, SocketAccess access, String alone, String withGroup)
            throws IOException {
        if (access.group().isPresent()) {
            GroupPrincipal group =
                    path.getFileSystem()
                            .getUserPrincipalLookupService()
                            .lookupPrincipalByGroupName(access.group().get());
            Files.getFileAttributeView(path, PosixFileAttributeView.class).setGroup(group);
        }
        Files.setPosixFilePermissions(
                path,
                PosixFilePermissions.fromString(access.group().isPresent() ? withGroup : alone));
    }

    private static void removeStale(Path socket) throws IOException {
        if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Object mode = Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if (((Integer) mode & 0170000) != 0140000) {
            throw new FaultException(new NbdFault.NotASocket(socket));
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
            throw new FaultException(new NbdFault.SocketInUse(socket));
        } catch (ConnectException _) {
            Files.delete(socket); // nobody listens any more
        }
    }

    private static FaultException failed(Path socket, String operation, IOException cause) {
        return new FaultException(
                new NbdFault.SocketFailed(socket, operation, String.valueOf(cause.getMessage())),
                cause);
    }
}

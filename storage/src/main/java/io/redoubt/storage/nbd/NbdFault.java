// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that a socket or a peer is refused.
public sealed interface NbdFault extends Fault {
    /// The kernel keeps at most 107 bytes of a Unix socket's path.
    record PathTooLong(Path socket, int bytes) implements NbdFault {
        @Override
        public String message() {
            return "The socket path %s has %d bytes; a Unix socket allows %d."
                    .formatted(socket, bytes, UnixSocket.PATH_BYTES_MAX);
        }

        @Override
        public String remedy() {
            return "Choose a shorter directory, for example below /run.";
        }
    }

    /// Somebody listens there.
    record SocketInUse(Path socket) implements NbdFault {
        @Override
        public String message() {
            return "Another process listens on %s.".formatted(socket);
        }

        @Override
        public String remedy() {
            return "Stop that process, or choose another socket path.";
        }
    }

    /// There is a file that we will not delete.
    record NotASocket(Path socket) implements NbdFault {
        @Override
        public String message() {
            return "%s exists and is not a socket.".formatted(socket);
        }

        @Override
        public String remedy() {
            return "Remove the file if nobody needs it, or choose another socket path.";
        }
    }

    /// Others could reach the socket through its directory.
    record OpenDirectory(Path directory, String mode) implements NbdFault {
        @Override
        public String message() {
            return "The socket's directory %s has mode %s, so every user of this host could replace the socket."
                    .formatted(directory, mode);
        }

        @Override
        public String remedy() {
            return "Run chmod o-w on it, or choose another directory.";
        }
    }

    /// The operating system refused.
    record SocketFailed(Path socket, String operation, String cause) implements NbdFault {
        @Override
        public String message() {
            return "Cannot %s the socket %s: %s.".formatted(operation, socket, cause);
        }

        @Override
        public String remedy() {
            return "Check that the directory exists, that this user may write there, and that the server runs.";
        }
    }

    /// The operating system refused an address of the network.
    record AddressFailed(String address, String operation, String cause) implements NbdFault {
        @Override
        public String message() {
            return "Cannot %s %s: %s.".formatted(operation, address, cause);
        }

        @Override
        public String remedy() {
            return "Check host and port, and that no other process listens there.";
        }
    }

    /// A PEM file is not what TLS needs.
    record BadCertificate(Path file, String cause) implements NbdFault {
        @Override
        public String message() {
            return "Cannot use %s for TLS: %s.".formatted(file, cause);
        }

        @Override
        public String remedy() {
            return "Give a certificate and an unencrypted PKCS 8 key as PEM files, as 'openssl genpkey' and 'openssl x509' write them.";
        }
    }

    /// The server knows no such export.
    record UnknownExport(String export) implements NbdFault {
        @Override
        public String message() {
            return "The server has no export named '%s'.".formatted(export);
        }

        @Override
        public String remedy() {
            return "Check the name; an export of an older attachment is gone.";
        }
    }

    /// The server answered a request with an error.
    ///
    /// @param words of the server, perhaps empty
    record Refused(String request, int error, String words) implements NbdFault {
        @Override
        public String message() {
            return "The server refused to %s: %s%s."
                    .formatted(
                            request,
                            Wire.errorName(error),
                            words.isEmpty() ? "" : " (" + words + ")");
        }

        @Override
        public String remedy() {
            return switch (error) {
                case Wire.EPERM ->
                        "The export is read-only or was attached elsewhere: attach it again.";
                case Wire.ENOSPC -> "Free room on the server.";
                default -> "Look into the server's log.";
            };
        }
    }

    /// The connection ended.
    record Disconnected(String why) implements NbdFault {
        @Override
        public String message() {
            return "The connection ended: %s.".formatted(why);
        }

        @Override
        public String remedy() {
            return "Connect again; what was not answered may or may not have happened.";
        }
    }

    /// The server did not come back in time, or every connection was cut at the same request.
    record GaveUp(String address, int attempts, long waitedMillis, String why) implements NbdFault {
        @Override
        public String message() {
            return "Gave up on the NBD server %s after %d attempts in %d ms: %s."
                    .formatted(address, attempts, waitedMillis, why);
        }

        @Override
        public String remedy() {
            return "See why the server does not answer; what was not flushed may be lost.";
        }
    }

    /// The server came back with a smaller export.
    record Shrunk(String export, long before, long now) implements NbdFault {
        @Override
        public String message() {
            return "The export '%s' has %d bytes now; it had %d.".formatted(export, now, before);
        }

        @Override
        public String remedy() {
            return "This is another volume, or a damaged one: find the right one.";
        }
    }
}

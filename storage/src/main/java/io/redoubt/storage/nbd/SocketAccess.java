// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.Optional;

/// Who may connect: the server's own user, or also the members of a group, such as that of an unprivileged QEMU.
///
/// A directory that the server makes has mode 0700, or 0710 with the group, which may then pass through it but not list it.
public record SocketAccess(Optional<String> group) {
    public static final SocketAccess OWNER = new SocketAccess(Optional.empty());

    public static SocketAccess group(String name) {
        return new SocketAccess(Optional.of(name));
    }
}

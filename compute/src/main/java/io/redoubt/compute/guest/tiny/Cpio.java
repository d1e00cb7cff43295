// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Writes an initramfs: a cpio archive in the "newc" format (the kernel's `buffer-format` page). Everything in it belongs to root and
/// has no date, so equal contents give equal bytes; a device file needs no privilege, for it is only described.
final class Cpio {
    private static final int DIRECTORY = 0040755;
    private static final int FILE = 0100755;
    private static final int LINK = 0120777;
    private static final int CHARACTER_DEVICE = 0020600;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int inode;

    Cpio directory(String name) {
        return entry(name, DIRECTORY, new byte[0], 0, 0);
    }

    /// An executable file.
    Cpio file(String name, byte[] content) {
        return entry(name, FILE, content, 0, 0);
    }

    Cpio link(String name, String target) {
        return entry(name, LINK, target.getBytes(StandardCharsets.UTF_8), 0, 0);
    }

    Cpio device(String name, int major, int minor) {
        return entry(name, CHARACTER_DEVICE, new byte[0], major, minor);
    }

    byte[] finish() {
        entry("TRAILER!!!", 0, new byte[0], 0, 0);
        return out.toByteArray();
    }

    private Cpio entry(String name, int mode, byte[] content, int major, int minor) {
        byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
        int[] fields = {
            ++inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, nameBytes.length, 0
        };
        var header = new StringBuilder("070701");
        for (int field : fields) {
            header.append("%08X".formatted(field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(nameBytes);
        pad();
        out.writeBytes(content);
        pad();
        return this;
    }

    private void pad() {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}

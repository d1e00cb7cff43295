// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.host.Command;
import io.redoubt.core.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A disk that a BIOS boots: a partition table, a FAT partition with SYSLINUX, kernel and initramfs, and an ext4 root.
/// Every tool writes at an offset into the file, so nothing is mounted and no privilege is needed.
///
/// @param tools the unpacked packages of mtools, dosfstools and syslinux
record BootDisk(Path image, Path tools) {
    static final Bytes SIZE = Bytes.mebibytes(192);

    private static final int SECTOR = 512;
    private static final long BOOT_START = 1L << 20;
    private static final long ROOT_START = 33L << 20;
    private static final int MBR_CODE_BYTES = 440;
    private static final int FAT16 = 0x06;
    private static final int LINUX = 0x83;
    private static final int ACTIVE = 0x80;

    void write(Path kernel, Path initrd, Path root) throws IOException {
        partitionTable();
        bootPartition(kernel, initrd);
        rootPartition(root);
    }

    /// The classic one: code, then four entries of 16 bytes at 446, then 55 AA. Of the old cylinder numbers only the type counts.
    private void partitionTable() throws IOException {
        ByteBuffer first = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        byte[] code = Files.readAllBytes(Trees.require(tools, "usr/lib/syslinux/mbr/mbr.bin"));
        first.put(code, 0, Math.min(code.length, MBR_CODE_BYTES));
        entry(first.position(446), ACTIVE, FAT16, BOOT_START, ROOT_START);
        entry(first.position(462), 0, LINUX, ROOT_START, SIZE.value());
        first.putShort(510, (short) 0xAA55).rewind();
        try (FileChannel file =
                FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(first, 0);
            file.write(ByteBuffer.allocate(1), SIZE.value() - 1); // the rest is a hole
        }
    }

    private static void entry(ByteBuffer into, int flag, int type, long start, long end) {
        into.put((byte) flag).put((byte) 0xFE).put((byte) 0xFF).put((byte) 0xFF);
        into.put((byte) type).put((byte) 0xFE).put((byte) 0xFF).put((byte) 0xFF);
        into.putInt((int) (start / SECTOR)).putInt((int) ((end - start) / SECTOR));
    }

    private void bootPartition(Path kernel, Path initrd) throws IOException {
        String kibibytes = Long.toString((ROOT_START - BOOT_START) >> 10);
        tool("mkfs.vfat", "-F", "16", "-n", "BOOT", "--offset", Long.toString(BOOT_START / SECTOR))
                .and(image.toString(), kibibytes)
                .require();
        String partition = image + "@@" + BOOT_START;
        tool("mcopy", "-i", partition, kernel.toString(), "::vmlinuz").require();
        tool("mcopy", "-i", partition, initrd.toString(), "::initrd").require();
        Path configuration = Files.createTempFile(image.getParent(), "syslinux", ".cfg");
        Files.writeString(configuration, Recipe.text("syslinux.cfg"));
        tool("mcopy", "-i", partition, configuration.toString(), "::syslinux.cfg").require();
        tool("syslinux", "--offset", Long.toString(BOOT_START), "--install", image.toString())
                .require();
        Files.delete(configuration);
    }

    private void rootPartition(Path root) {
        String kibibytes = Long.toString((SIZE.value() - ROOT_START) >> 10);
        // Tables are written now, not by each new machine in the background.
        String options =
                "offset=" + ROOT_START + ",root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0";
        Command.of(Command.require("mke2fs", "e2fsprogs").toString())
                .and("-q", "-t", "ext4", "-m", "0", "-L", "root", "-E", options)
                .and("-d", root.toString(), "-F", image.toString(), kibibytes)
                .require();
    }

    /// Runs a tool out of its unpacked package; it finds its companions there too.
    private Command tool(String name, String... arguments) {
        Path program = Trees.require(tools, "usr/bin/" + name, "usr/sbin/" + name, "sbin/" + name);
        String path = tools.resolve("usr/bin") + ":/usr/sbin:/usr/bin:/sbin:/bin";
        return Command.of(program.toString())
                .and(arguments)
                .with("PATH", path)
                .with("MTOOLS_SKIP_CHECK", "1");
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The names of the libraries that a 64-bit ELF file is linked with (the generic ABI, chapter 5). Read from the file, because
/// asking `ldd` would run code of the guest on the host.
final class Elf {
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int MAGIC = 0x464C457F;

    private Elf() {}

    /// @return empty for a static program and for a file that is no ELF file
    static List<String> libraries(Path path) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        if (file.capacity() < HEADER_BYTES || file.getInt(0) != MAGIC) {
            return List.of();
        }
        var names = new ArrayList<Long>();
        long stringsAddress = 0;
        for (int header : headers(file, PT_DYNAMIC)) {
            int at = (int) file.getLong(header + 8);
            for (long tag = file.getLong(at); tag != 0; tag = file.getLong(at)) {
                if (tag == DT_NEEDED) {
                    names.add(file.getLong(at + 8));
                } else if (tag == DT_STRTAB) {
                    stringsAddress = file.getLong(at + 8);
                }
                at += 16;
            }
        }
        long strings = names.isEmpty() ? 0 : offset(file, stringsAddress);
        return names.stream().map(name -> string(file, (int) (strings + name))).toList();
    }

    private static List<Integer> headers(ByteBuffer file, int type) {
        var found = new ArrayList<Integer>();
        int first = (int) file.getLong(32);
        for (int i = 0; i < file.getShort(56); i++) {
            int header = first + i * PROGRAM_HEADER_BYTES;
            if (file.getInt(header) == type) {
                found.add(header);
            }
        }
        return found;
    }

    /// Where in the file the byte stands that is loaded at this address.
    private static long offset(ByteBuffer file, long address) {
        for (int header : headers(file, PT_LOAD)) {
            long start = file.getLong(header + 16);
            if (address >= start && address < start + file.getLong(header + 32)) {
                return file.getLong(header + 8) + address - start;
            }
        }
        throw new IllegalArgumentException("no part of the file is loaded at " + address);
    }

    private static String string(ByteBuffer file, int at) {
        var text = new StringBuilder();
        for (int i = at; file.get(i) != 0; i++) {
            text.append((char) file.get(i));
        }
        return text.toString();
    }
}

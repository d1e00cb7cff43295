// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;

/// A region key in a file of one line, mode 0600, made once: `redoubt-region-key-1`, 64 hexadecimal digits, the key's id.
///
/// It wraps by [AesWrap], and gives each tenant a key of its own. The key lies in memory as long as this object does: the JCA's key objects
/// cannot be wiped.
public final class FileRegionKey implements KeyWrapper {
    private static final String FORMAT = "redoubt-region-key-1";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    private static final int KEY = 32;
    private static final int FILE_MAX = 256;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final AesWrap wrap;
    private final String id;

    private FileRegionKey(byte[] key) {
        this.wrap = new AesWrap(new SecretKeySpec(key, "AES"));
        this.id = idOf(key);
    }

    /// Opens the key, or makes it when there is no such file. Of several processes that make it at once, all get the same one.
    ///
    /// A crash leaves no file, a whole one, or beside it one named `.new-…` that nobody reads.
    ///
    /// @throws FaultException with a [KeyFault]
    public static FileRegionKey openOrMake(Path file) {
        try {
            if (!Files.exists(file)) {
                make(file.toAbsolutePath());
            }
            return open(file);
        } catch (IOException e) {
            throw failed(file, "make", e);
        }
    }

    /// @throws FaultException with a [KeyFault]
    public static FileRegionKey open(Path file) {
        try {
            var mode = Files.getPosixFilePermissions(file);
            if (!OWNER_ONLY.containsAll(mode)) {
                throw new FaultException(
                        new KeyFault.Open(file.toString(), PosixFilePermissions.toString(mode)));
            }
            if (Files.size(file) > FILE_MAX) {
                throw bad(file, "it has %d bytes".formatted(Files.size(file)));
            }
            return parse(file, Files.readString(file, US_ASCII));
        } catch (IOException e) {
            throw failed(file, "read", e);
        }
    }

    private static FileRegionKey parse(Path file, String line) {
        String[] words = line.strip().split(" ");
        if (words.length != 3 || !words[0].equals(FORMAT)) {
            throw bad(file, "it is not one line of " + FORMAT + ", 64 digits and the key's id");
        }
        byte[] key;
        try {
            key = HexFormat.of().parseHex(words[1]);
        } catch (IllegalArgumentException _) {
            throw bad(file, "its second word is not hexadecimal");
        }
        try {
            if (key.length != KEY || !idOf(key).equals(words[2])) {
                throw bad(file, "its key and its id do not belong together");
            }
            return new FileRegionKey(key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private static void make(Path file) throws IOException {
        Path directory = file.getParent();
        if (directory == null) {
            throw new NoSuchFileException(file.toString());
        }
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path fresh = directory.resolve(".new-" + UUID.randomUUID());
        byte[] key = new byte[KEY];
        RANDOM.nextBytes(key);
        String line = FORMAT + " " + HexFormat.of().formatHex(key) + " " + idOf(key) + "\n";
        Arrays.fill(key, (byte) 0);
        try {
            var options = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try (FileChannel channel =
                    FileChannel.open(
                            fresh, options, PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
                ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(US_ASCII));
                while (bytes.hasRemaining()) {
                    int _ = channel.write(bytes);
                }
                channel.force(true);
            }
            link(fresh, file);
        } finally {
            Files.deleteIfExists(fresh);
        }
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true); // before anything is wrapped with it
        }
    }

    /// Unlike a rename, a link never replaces the key that another process made meanwhile.
    private static void link(Path fresh, Path file) throws IOException {
        try {
            Files.createLink(file, fresh);
        } catch (FileAlreadyExistsException _) {
            // it is theirs, then
        }
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public byte[] wrap(byte[] volumeKey, byte[] context) {
        return wrap.wrap(volumeKey, context);
    }

    @Override
    public Optional<byte[]> unwrap(byte[] wrapped, byte[] context) {
        return wrap.unwrap(wrapped, context);
    }

    /// The key that wraps the keys of one tenant's groups. It is derived, so the same file and name give the same key for ever.
    public KeyWrapper ofTenant(String tenant) {
        return new TenantKey(wrap.key(), tenant);
    }

    /// Of the keys that this file gives the one that an id may mean: its own, or a tenant's.
    public KeyWrapper named(String id) {
        int slash = id.lastIndexOf('/');
        return slash <= 0 ? this : ofTenant(id.substring(0, slash));
    }

    private static String idOf(byte[] key) {
        return AesWrap.idOf("redoubt region key id", key);
    }

    private static FaultException bad(Path file, String what) {
        return new FaultException(new KeyFault.Bad(file.toString(), what));
    }

    private static FaultException failed(Path file, String operation, IOException e) {
        String cause = e instanceof NoSuchFileException ? "it does not exist" : e.toString();
        return new FaultException(new KeyFault.Failed(file.toString(), operation, cause), e);
    }
}

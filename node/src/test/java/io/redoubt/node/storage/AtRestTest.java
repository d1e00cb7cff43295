// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtRestTest {
    private static final int SIZE = 1 << 20;
    private static final String SECRET = "a secret of the guest";

    @TempDir Path root;

    private Volumes volumes() {
        var told = new Told(new SystemDisk(root.resolve("told")));
        return new Volumes(
                root.resolve("node"),
                told,
                new SystemClock(),
                SocketAccess.OWNER,
                new TemplateImages(root.resolve("cache")),
                new Datastores(told, new Pools(root.resolve("node"), told)),
                new Limits(told));
    }

    private static EnsureVolume wanted(String template) {
        return EnsureVolume.newBuilder()
                .setVolume("vol-7")
                .setSizeBytes(SIZE)
                .setTemplate(template)
                .setEncrypt(true)
                .setIntegrity(true)
                .build();
    }

    @Test
    void a_volume_of_a_protected_class_is_sealed_across_restarts_and_erased_by_its_deletion()
            throws Exception {
        assertSealed("");
        Path seal = root.resolve("node/volumes/vol-7/volume.seal");
        Path kept = Files.createLink(root.resolve("kept.seal"), seal);
        try (Volumes volumes = volumes()) {
            volumes.reopen();
            volumes.delete("vol-7");
        }
        assertThat(root.resolve("node/volumes/vol-7")).doesNotExist();
        assertThat(Files.readAllBytes(kept)).hasSizeGreaterThan(100).containsOnly(0);
    }

    @Test
    void a_clone_of_a_template_keeps_its_own_blocks_sealed() throws Exception {
        Path image = root.resolve("cache/templates/tiny-test/image.raw");
        Files.createDirectories(image.getParent());
        Files.write(image, new byte[SIZE]);
        assertSealed("tiny-test");
        assertThat(root.resolve("node/volumes/vol-7/volume.sealed.raw")).exists();
    }

    private void assertSealed(String template) throws IOException {
        try (Volumes volumes = volumes()) {
            volumes.ensure(wanted(template));
            var device = volumes.require("vol-7").slot();
            device.write(5000, ByteBuffer.wrap(SECRET.getBytes(ISO_8859_1)));
            device.flush();
        }
        try (Stream<Path> files = Files.list(root.resolve("node/volumes/vol-7"))) {
            for (Path file : files.toList()) {
                assertThat(Files.readString(file, ISO_8859_1))
                        .as("%s", file)
                        .doesNotContain(SECRET);
            }
        }
        try (Volumes volumes = volumes()) {
            volumes.reopen();
            ByteBuffer shown = ByteBuffer.allocate(SECRET.length());
            volumes.require("vol-7").slot().read(5000, shown);
            assertThat(new String(shown.array(), ISO_8859_1)).isEqualTo(SECRET);
        }
    }
}

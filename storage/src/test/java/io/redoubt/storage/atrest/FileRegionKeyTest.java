// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.SealedVolumeTest.faultOf;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRegionKeyTest {
    private static final byte[] CONTEXT = "vol-7".getBytes(StandardCharsets.US_ASCII);

    @TempDir Path root;

    @Test
    void it_is_made_once_for_its_owner_alone_and_unlocks_what_it_locked() throws Exception {
        Path file = root.resolve("keys/region.key");
        FileRegionKey made = FileRegionKey.openOrMake(file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        FileRegionKey again = FileRegionKey.openOrMake(file);
        assertThat(again.id()).isEqualTo(made.id()).hasSize(16);
        byte[] wrapped = made.wrap(new byte[64], CONTEXT);
        assertThat(wrapped).hasSize(12 + 64 + 16);
        assertThat(again.unwrap(wrapped, CONTEXT)).hasValue(new byte[64]);
        assertThat(made.wrap(new byte[64], CONTEXT)).isNotEqualTo(wrapped);
        assertThat(again.unwrap(wrapped, new byte[] {1})).isEmpty();
        assertThat(again.unwrap(new byte[20], CONTEXT)).isEmpty();
        for (int bit = 0; bit < wrapped.length * 8; bit++) {
            byte[] bad = wrapped.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(again.unwrap(bad, CONTEXT)).as("bit %d", bit).isEmpty();
        }
        try (Stream<Path> files = Files.list(root.resolve("keys"))) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void many_that_make_it_at_once_get_the_same_one() throws Exception {
        for (int round = 0; round < 30; round++) {
            Path file = root.resolve("region-" + round);
            List<Callable<String>> makers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                makers.add(() -> FileRegionKey.openOrMake(file).id());
            }
            Set<String> ids = new HashSet<>();
            try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
                for (Future<String> one : pool.invokeAll(makers)) {
                    ids.add(one.get());
                }
            }
            assertThat(ids).hasSize(1);
        }
    }

    @Test
    void a_key_that_others_can_use_is_refused_with_the_mode() throws Exception {
        Path file = root.resolve("region.key");
        FileRegionKey.openOrMake(file);
        for (String mode : List.of("rw-r-----", "rw--w----", "rw----r--", "rwx------")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            assertThat(faultOf(() -> FileRegionKey.openOrMake(file)).message())
                    .contains(file.toString(), mode);
        }
    }

    @Test
    void a_damaged_or_missing_key_is_refused_and_never_made_anew_in_its_place() throws Exception {
        Path file = root.resolve("region.key");
        assertThat(faultOf(() -> FileRegionKey.open(file)).message()).contains("does not exist");
        FileRegionKey.openOrMake(file);
        byte[] good = Files.readAllBytes(file);
        for (int at = 0; at < good.length - 1; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            Files.write(file, bad);
            assertThat(faultOf(() -> FileRegionKey.openOrMake(file)))
                    .as("byte %d", at)
                    .isInstanceOf(KeyFault.Bad.class);
        }
        Files.write(file, new byte[0]);
        assertThat(faultOf(() -> FileRegionKey.openOrMake(file))).isInstanceOf(KeyFault.Bad.class);
        Files.write(file, new byte[1000]);
        assertThat(faultOf(() -> FileRegionKey.openOrMake(file)).message()).contains("1000");
    }

    /// I32.
    @Test
    void each_tenant_has_a_key_of_its_own_that_the_same_file_gives_again(@TempDir Path home) {
        Path file = home.resolve("tenants.key");
        FileRegionKey region = FileRegionKey.openOrMake(file);
        KeyWrapper acme = region.ofTenant("acme");
        KeyWrapper other = region.ofTenant("other");
        byte[] context = {1};
        byte[] wrapped = acme.wrap(new byte[] {7, 8, 9}, context);
        assertThat(other.unwrap(wrapped, context)).isEmpty();
        assertThat(region.unwrap(wrapped, context)).isEmpty();
        assertThat(acme.id()).startsWith("acme/").isNotEqualTo(other.id());
        KeyWrapper again = FileRegionKey.open(file).named(acme.id());
        assertThat(again.id()).isEqualTo(acme.id());
        assertThat(again.unwrap(wrapped, context))
                .hasValueSatisfying(k -> assertThat(k).containsExactly(7, 8, 9));
        assertThat(region.named(region.id()).id()).isEqualTo(region.id());
        Path elsewhere = home.resolve("elsewhere.key");
        assertThat(FileRegionKey.openOrMake(elsewhere).ofTenant("acme").unwrap(wrapped, context))
                .isEmpty();
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.host.Command;
import io.redoubt.compute.lab.Lab;
import io.redoubt.core.Bytes;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TinyTemplateTest {
    @TempDir Path cache;

    @Test
    void two_builders_at_once_build_once_and_a_third_call_builds_nothing()
            throws IOException, InterruptedException, ExecutionException {
        Lab.tiny();
        Command.of("cp", "-r", Lab.CACHE.resolve("packages").toString(), cache.toString())
                .require();
        List<String> steps = new CopyOnWriteArrayList<>();
        var builder = new TinyTemplate(cache, steps::add);
        try (var threads = Executors.newFixedThreadPool(2)) {
            var one = threads.submit(builder::require);
            var two = threads.submit(builder::require);
            assertThat(one.get()).isEqualTo(two.get());
        }
        assertThat(steps).filteredOn(step -> step.contains("was made in")).hasSize(1);
        int said = steps.size();
        Template again = builder.require();
        assertThat(steps).hasSize(said);

        assertThat(Files.size(again.image())).isEqualTo(Bytes.mebibytes(192).value());
        assertThat(Files.readString(again.directory().resolve("manifest.json")))
                .contains("\"busybox-static\"", "\"xfsprogs\"", again.hash());
        try (var left = Files.list(cache.resolve("templates"))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder(".lock", "tiny-" + again.hash());
        }
    }

    @Test
    @Tag("long")
    void a_host_without_sources_of_debian_takes_debians_own_archive() throws IOException {
        Files.createDirectories(cache.resolve("templates"));
        DebianPackages archive = DebianPackages.ofDebian(cache, "bookworm");
        var builder = new TinyTemplate(cache, System.out::println);
        Template made = builder.build(Ingredients.of(archive, System.out::println));
        assertThat(Files.size(made.image())).isEqualTo(made.size().value());
        assertThat(builder.require()).isEqualTo(made);
    }

    @Test
    void a_template_that_is_not_whole_is_none() throws IOException {
        Published published = Published.in(Files.createDirectories(cache.resolve("templates")));
        Path draft = published.draft();
        try (var image = new RandomAccessFile(out(draft).resolve("image.raw").toFile(), "rw")) {
            image.setLength(4096);
        }
        assertThat(published.find()).as("a draft").isEmpty();

        Template made = published.publish(draft, "abc", Map.of("a", "1"), new Bytes(4096));
        assertThat(published.find()).contains(made);
        try (var image = new RandomAccessFile(made.image().toFile(), "rw")) {
            image.setLength(4095);
        }
        assertThat(published.find()).as("a truncated image").isEmpty();
        try (var image = new RandomAccessFile(made.image().toFile(), "rw")) {
            image.setLength(4096);
        }
        Files.delete(made.directory().resolve("manifest.json"));
        assertThat(published.find()).as("no manifest").isEmpty();
    }

    @Test
    void what_a_killed_builder_left_is_removed_by_the_next() throws IOException {
        Published published = Published.in(Files.createDirectories(cache.resolve("templates")));
        Path left = published.draft();
        Files.writeString(out(left).resolve("image.raw"), "half");
        Path next = published.draft();
        assertThat(left).doesNotExist();
        assertThat(next).isEmptyDirectory();
    }

    @Test
    void a_lock_that_never_comes_free_is_a_fault_with_its_name() {
        Path file = cache.resolve("lock");
        var lock = new BuildLock(file, Duration.ofMillis(200));
        lock.hold(() -> {
            assertThatThrownBy(() -> lock.hold(() -> 1))
                    .hasMessageContaining("Another process has held " + file);
            return 0;
        });
        assertThat(lock.<Integer>hold(() -> 2)).isEqualTo(2);
    }

    @Test
    void a_package_that_debian_does_not_have_is_named() {
        DebianPackages packages = DebianPackages.ofHost(cache);
        assertThatThrownBy(() -> packages.newest(Set.of("no-such-package-at-all")))
                .hasMessageContaining("The Debian package no-such-package-at-all was not found");
    }

    @Test
    void a_package_with_other_bytes_than_its_list_says_is_removed_and_refused() throws IOException {
        DebianPackages packages = DebianPackages.ofHost(cache);
        Path file = Files.createDirectories(cache.resolve("packages")).resolve("a_1_all.deb");
        Files.writeString(file, "not these");
        var archive = new DebianPackages.Archive("a_1_all.deb", "0".repeat(64));
        assertThatThrownBy(() -> packages.fetch(Map.of("a", archive)))
                .hasMessageContaining("The package a_1_all.deb has the checksum");
        assertThat(file).doesNotExist();
    }

    private static Path out(Path draft) throws IOException {
        return Files.createDirectories(draft.resolve("out"));
    }
}

// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.Template;
import io.redoubt.core.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The templates of a cache. A directory without a manifest, or with an image of another size than its manifest says, is none.
record Published(Path directory) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final String NAME = "tiny";
    private static final String DRAFT = ".draft-";
    private static final String MANIFEST = "manifest.json";

    static Published in(Path directory) {
        return new Published(directory);
    }

    /// The newest one of this recipe.
    Optional<Template> find() {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        return Trees.list(directory).stream()
                .filter(entry -> entry.getFileName().toString().startsWith(NAME + "-"))
                .filter(entry -> manifest(entry).path("recipe").asString("").equals(Recipe.hash()))
                .max(Comparator.comparing(entry -> manifest(entry).path("made").asString("")))
                .flatMap(Published::open);
    }

    Optional<Template> find(String hash) {
        return open(directory.resolve(NAME + "-" + hash));
    }

    /// An empty directory to build in; what builders left that were killed is removed. Only for who holds the lock.
    Path draft() {
        try {
            for (Path entry : Trees.list(directory)) {
                if (entry.getFileName().toString().startsWith(DRAFT)) {
                    Trees.delete(entry);
                }
            }
            return Files.createTempDirectory(directory, DRAFT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Publishes `work/out` under its hash: durable first, then visible, in one step.
    Template publish(Path work, String hash, Map<String, String> versions, Bytes size)
            throws IOException {
        Path out = work.resolve("out");
        var manifest = new LinkedHashMap<String, Object>();
        manifest.put("name", NAME);
        manifest.put("hash", hash);
        manifest.put("recipe", Recipe.hash());
        manifest.put("made", Instant.now().toString());
        manifest.put("sizeBytes", size.value());
        manifest.put("packages", versions);
        Files.writeString(out.resolve(MANIFEST), JSON.writeValueAsString(manifest) + "\n");
        for (Path file : Trees.list(out)) {
            Trees.sync(file);
        }
        Trees.sync(out);
        Path target = directory.resolve(NAME + "-" + hash);
        Trees.delete(target); // only ever one that open() refused
        Files.move(out, target, StandardCopyOption.ATOMIC_MOVE);
        Trees.sync(directory);
        return new Template(NAME, hash, target, size);
    }

    private static Optional<Template> open(Path directory) {
        JsonNode manifest = manifest(directory);
        var template =
                new Template(
                        NAME,
                        manifest.path("hash").asString(""),
                        directory,
                        new Bytes(manifest.path("sizeBytes").asLong(0)));
        try {
            return !template.hash().isEmpty()
                            && Files.exists(template.image())
                            && Files.size(template.image()) == template.size().value()
                    ? Optional.of(template)
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode manifest(Path directory) {
        try {
            Path file = directory.resolve(MANIFEST);
            return JSON.readTree(Files.exists(file) ? Files.readString(file) : "{}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

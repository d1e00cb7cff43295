// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What was started for a region, kept in its home so that a later command finds it: `region.json`.
///
/// @param id        random, in the environment of every process of the region
/// @param startedAt ISO-8601, for people
record RegionRecord(String id, String startedAt, List<Part> parts) {
    static final String CONTROL = "control";

    /// @param zone the node's zone; empty for the control plane
    record Part(String name, String zone, HostProcess process) {
        String words() {
            return name + " (pid " + process.pid() + ")";
        }
    }

    static Optional<RegionRecord> read(Home home) {
        Path file = home.record();
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    JsonMapper.shared().readValue(Files.readString(file), RegionRecord.class));
        } catch (IOException | JacksonException e) {
            throw new FaultException(
                    new LauncherFault.HomeUnusable(
                            home.path(), file + " cannot be read: " + e.getMessage()),
                    e);
        }
    }

    /// The same with this part in the place of an older one of the same name.
    RegionRecord with(Part part) {
        var changed = new ArrayList<>(parts);
        changed.removeIf(old -> old.name().equals(part.name()));
        changed.add(part);
        changed.sort(Comparator.comparing(Part::name));
        return new RegionRecord(id, startedAt, List.copyOf(changed));
    }

    /// Replaces the file in one step: a reader sees the old record or the new one.
    void write(Home home) {
        Path half = home.record().resolveSibling("region.json.half");
        try {
            Files.deleteIfExists(half);
            Files.createFile(
                    half,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.writeString(half, JsonMapper.shared().writeValueAsString(this));
            Files.move(
                    half,
                    home.record(),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(home.path(), e.toString()), e);
        }
    }

    Optional<Part> part(String name) {
        return parts.stream().filter(part -> part.name().equals(name)).findFirst();
    }

    List<Part> nodes() {
        return parts.stream().filter(part -> !part.zone().isEmpty()).toList();
    }

    List<Part> alive() {
        return parts.stream().filter(part -> part.process().alive()).toList();
    }
}
